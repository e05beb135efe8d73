//! What groups and users have in common: an id, a version, and a table of fields. Made, changed and deleted by one set of
//! rules; what a table may say, and who is in the way of its end, is told by its kind.

use super::{
    AdminError, Desk, Fields, What, audit::Deed, check_version, fields_of, groups, merged, text_of,
    users,
};
use crate::store::{Editing, StoredKey, StoredRoster, StoredTable};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Group,
    User,
}

impl Desk<'_> {
    /// Gives its version.
    pub(super) async fn create_table(
        &self,
        kind: Kind,
        id: &str,
        fields: &Fields,
    ) -> Result<u64, AdminError> {
        if self.declares(kind.what(), id) {
            return Err(kind.what().exists(id));
        }
        let fields = merged(Fields::new(), fields);
        self.change(|stored, editing| {
            if kind.find(stored, id).is_ok() {
                return Err(kind.what().exists(id));
            }
            let version = self.put(kind, (id, 1), &fields, (stored, editing))?;
            let deed = Deed::to("create", kind.what(), id).between(&Fields::new(), &fields);
            Ok((version, deed))
        })
        .await
    }

    /// Gives its new version.
    pub(super) async fn edit_table(
        &self,
        kind: Kind,
        id: &str,
        seen: Option<u64>,
        changes: &Fields,
    ) -> Result<u64, AdminError> {
        self.not_declared(kind.what(), id)?;
        self.change(|stored, editing| {
            let before = kind.find(stored, id)?;
            check_version(seen, before.version)?;
            let old = fields_of(&before.table)?;
            let fields = merged(old.clone(), changes);
            let next = (id, before.version + 1);
            let version = self.put(kind, next, &fields, (stored, editing))?;
            let deed = Deed::to("edit", kind.what(), id).between(&old, &fields);
            Ok((version, deed))
        })
        .await
    }

    /// Not while an enabled key needs it.
    pub(super) async fn delete_table(
        &self,
        kind: Kind,
        id: &str,
        seen: Option<u64>,
    ) -> Result<(), AdminError> {
        self.not_declared(kind.what(), id)?;
        let keys = self.store.all_keys().await?;
        let in_the_way = keys
            .iter()
            .filter(|key| key.enabled && kind.is_needed_by(id, key));
        let by: Vec<String> = in_the_way.map(|key| format!("key {}", key.id)).collect();
        self.change(|stored, editing| {
            check_version(seen, kind.find(stored, id)?.version)?;
            if !by.is_empty() {
                return Err(AdminError::InUse { by: by.clone() });
            }
            match kind {
                Kind::Group => editing.delete_group(id),
                Kind::User => editing.delete_user(id),
            }
            Ok(((), Deed::to("delete", kind.what(), id)))
        })
        .await
    }

    /// Writes what was found to be right.
    fn put(
        &self,
        kind: Kind,
        (id, version): (&str, u64),
        fields: &Fields,
        (stored, editing): (&StoredRoster, &mut Editing),
    ) -> Result<u64, AdminError> {
        let table = StoredTable {
            id: id.to_owned(),
            version,
            table: text_of(fields),
        };
        match kind {
            Kind::Group => {
                groups::check(&self.config, id, fields, stored)?;
                editing.put_group(&table);
            }
            Kind::User => {
                users::check(id, fields)?;
                editing.put_user(&table);
            }
        }
        Ok(version)
    }
}

impl Kind {
    fn what(self) -> What {
        match self {
            Self::Group => What::Group,
            Self::User => What::User,
        }
    }

    fn find<'a>(self, stored: &'a StoredRoster, id: &str) -> Result<&'a StoredTable, AdminError> {
        let mut all = match self {
            Self::Group => stored.groups.iter(),
            Self::User => stored.users.iter(),
        };
        all.find(|one| one.id == id)
            .ok_or_else(|| self.what().unknown(id))
    }

    /// Without its group nobody serves a key; without its user, limits would silently be gone.
    fn is_needed_by(self, id: &str, key: &StoredKey) -> bool {
        match self {
            Self::Group => key.group == id || key.fallback_group.as_deref() == Some(id),
            Self::User => key.rules.user.as_deref() == Some(id),
        }
    }
}
