//! Keys of callers: made, changed, given a new text, refused and deleted while relays run.

mod shown;

use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{
    AdminError, Desk, Fields, MOST_TRIES, What, audit::Deed, check_version, merged, misfit,
    table_of,
};
use crate::{
    allowance::Owner,
    budget::Budget,
    config::stored_key,
    key::{CreatedKey, NewKey, made, rotated},
    spent::spent,
    store::{StoredKey, StoredRoster},
    time::{UnixMillis, millis},
};

pub(crate) use shown::Shown;
use shown::{fields, show};

/// For so long an older text of a key may stay good.
pub(crate) const LONGEST_OVERLAP: Duration = Duration::from_secs(30 * 86_400);

/// Whether a key is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Enabled,
    Disabled,
}

/// What becomes of a key.
enum Fate {
    Stays(Box<StoredKey>),
    Goes,
}

impl Desk<'_> {
    /// As its table says.
    pub(crate) async fn create_key(&self, fields: &Fields) -> Result<CreatedKey, AdminError> {
        let fields = merged(Fields::new(), fields);
        self.make_key(stored_key(&table_of(&fields)?)?).await
    }

    pub(crate) async fn make_key(&self, new: NewKey) -> Result<CreatedKey, AdminError> {
        let (key, secret) = made(new, UnixMillis::now());
        let terms = key.terms();
        let deed = Deed::to("create", What::Key, &key.id).between(&Fields::new(), &fields(&terms));
        self.change(|stored, editing| {
            self.check_key(stored, &terms)?;
            editing.put_key(&key);
            Ok(((), deed.clone()))
        })
        .await?;
        let id = key.id;
        Ok(CreatedKey { id, secret })
    }

    /// Gives its new version. What has begun to wait goes on under the new limits.
    pub(crate) async fn edit_key(
        &self,
        id: &str,
        seen: Option<u64>,
        changes: &Fields,
    ) -> Result<u64, AdminError> {
        self.change_key(id, |stored, key| {
            check_version(seen, key.version)?;
            let before = fields(&key.terms());
            let after = with(before.clone(), changes);
            let terms = stored_key(&table_of(&after)?)?;
            self.check_key(stored, &terms)?;
            let deed = Deed::to("edit", What::Key, id).between(&before, &fields(&terms));
            let key = key.under(terms);
            Ok((key.version, Fate::Stays(Box::new(key)), deed))
        })
        .await
    }

    /// A new text for a key; the one that it had is refused after that time, or at once.
    pub(crate) async fn rotate_key(
        &self,
        id: &str,
        seen: Option<u64>,
        overlap: Duration,
    ) -> Result<CreatedKey, AdminError> {
        if overlap > LONGEST_OVERLAP {
            let most = millis(LONGEST_OVERLAP);
            return Err(misfit("overlap_ms", format!("must be 0 to {most}")));
        }
        let secret = self.change_key(id, |_, key| {
            check_version(seen, key.version)?;
            let until = UnixMillis::now().after(overlap);
            let (key, secret) = rotated(key, (!overlap.is_zero()).then_some(until));
            let deed = Deed::to("rotate", What::Key, id);
            Ok((secret, Fate::Stays(Box::new(key)), deed))
        });
        let (id, secret) = (id.to_owned(), secret.await?);
        Ok(CreatedKey { id, secret })
    }

    /// Known to every relay at once.
    pub(crate) async fn let_key(&self, id: &str, access: Access) -> Result<u64, AdminError> {
        self.change_key(id, |_, mut key| {
            key.version += 1;
            key.enabled = access == Access::Enabled;
            let act = match access {
                Access::Enabled => "enable",
                Access::Disabled => "disable",
            };
            let deed = Deed::to(act, What::Key, id);
            Ok((key.version, Fate::Stays(Box::new(key)), deed))
        })
        .await
    }

    /// What it has used stays in the counters, under its id.
    pub(crate) async fn delete_key(&self, id: &str, seen: Option<u64>) -> Result<(), AdminError> {
        self.change_key(id, |_, key| {
            check_version(seen, key.version)?;
            Ok(((), Fate::Goes, Deed::to("delete", What::Key, id)))
        })
        .await
    }

    /// All, the oldest first.
    pub(crate) async fn keys(&self) -> Result<Vec<StoredKey>, AdminError> {
        let mut keys = self.store.all_keys().await?;
        keys.sort_by(|one, other| (one.created_ms, &one.id).cmp(&(other.created_ms, &other.id)));
        Ok(keys)
    }

    /// With what they have spent in the days and months of a time zone.
    pub(crate) async fn show_keys(
        &self,
        keys: &[StoredKey],
        zone: &TimeZone,
    ) -> Result<Vec<Shown>, AdminError> {
        let budgets = |key: &StoredKey| Budget::of(Owner::Key, &key.id, key.rules.spend);
        let budgets: Vec<_> = keys.iter().map(budgets).collect();
        let spent = spent(self.store, &budgets, zone, UnixMillis::now()).await?;
        Ok(keys.iter().zip(spent).map(show).collect())
    }

    pub(crate) async fn key(&self, id: &str, zone: &TimeZone) -> Result<Shown, AdminError> {
        let keys = self.store.keys(&[id.to_owned()]).await?;
        let keys: Vec<StoredKey> = keys.into_iter().flatten().collect();
        let shown = self.show_keys(&keys, zone).await?.pop();
        shown.ok_or_else(|| What::Key.unknown(id))
    }

    async fn change_key<T>(
        &self,
        id: &str,
        mut decide: impl FnMut(&StoredRoster, StoredKey) -> Result<(T, Fate, Deed), AdminError>,
    ) -> Result<T, AdminError> {
        for _ in 0..MOST_TRIES {
            let (mut editing, stored) = self.store.edit().await?;
            let key = editing.key(id).await?;
            let key = key.ok_or_else(|| What::Key.unknown(id))?;
            let (answer, fate, deed) = decide(&stored, key)?;
            match fate {
                Fate::Stays(key) => editing.put_key(&key),
                Fate::Goes => editing.delete_key(id),
            }
            if editing.commit(&deed.by(&self.who)).await? {
                return Ok(answer);
            }
        }
        Err(AdminError::Crowded)
    }

    /// What it names has to be there.
    fn check_key(&self, stored: &StoredRoster, terms: &NewKey) -> Result<(), AdminError> {
        let group = |id: &String| {
            let mut stored = stored.groups.iter();
            self.declares(What::Group, id) || stored.any(|group| group.id == *id)
        };
        if !group(&terms.group) {
            return Err(self.no_group("group", &terms.group, stored));
        }
        let fallback = terms.fallback_group.as_ref();
        if let Some(fallback) = fallback.filter(|fallback| !group(fallback)) {
            return Err(self.no_group("fallback_group", fallback, stored));
        }
        if fallback == Some(&terms.group) {
            return Err(misfit("fallback_group", "is the group itself"));
        }
        let known = |id: &String| {
            let mut stored = stored.users.iter();
            self.declares(What::User, id) || stored.any(|user| user.id == *id)
        };
        match terms.rules.user.as_ref().filter(|user| !known(user)) {
            Some(user) => Err(misfit("user", format!("there is no user `{user}`"))),
            None => Ok(()),
        }
    }

    fn no_group(&self, field: &str, id: &str, stored: &StoredRoster) -> AdminError {
        let declared = self.config.groups.iter().map(|group| &*group.id);
        let stored = stored.groups.iter().map(|group| &*group.id);
        let known: Vec<&str> = declared.chain(stored).take(20).collect();
        let known = known.join(", ");
        misfit(
            field,
            format!("there is no group `{id}`; there are: {known}"),
        )
    }
}

/// Rules are changed one by one.
fn with(before: Fields, changes: &Fields) -> Fields {
    let mut changes = changes.clone();
    if let (Some(Value::Object(rules)), Some(Value::Object(new))) =
        (before.get("rules"), changes.get("rules"))
    {
        let rules = merged(rules.clone(), new);
        changes.insert("rules".into(), rules.into());
    }
    merged(before, &changes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_are_changed_one_by_one() {
        let before = json!({"name": "a", "user": "ann", "rules": {"models": ["m"], "ips": []}});
        let changes = json!({"user": null, "rules": {"models": null, "expires_ms": 5}});
        let after = with(
            before.as_object().unwrap().clone(),
            changes.as_object().unwrap(),
        );
        let expected = json!({"name": "a", "rules": {"ips": [], "expires_ms": 5}});
        assert_eq!(Value::Object(after), expected);
    }
}
