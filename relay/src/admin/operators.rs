//! The people who sign in: made, changed and deleted, the first one with a token that only who started a relay has seen.
//! There is always somebody who may do everything.

use serde::Serialize;
use utoipa::ToSchema;

use super::{AdminError, Desk, MOST_TRIES, What, audit::Deed, check_version, misfit};
use crate::{
    ids,
    password::{self, Hashed},
    role::Role,
    secret::{Secret, digest},
    store::{Editing, Store, StoreError, StoredOperator, StoredOperators},
    time::UnixMillis,
};

const MOST: usize = 1000;
const LONGEST_NAME: usize = 64;
const SETUP_TOKEN: &str = "weir_setup_";

/// Somebody who signs in, as operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Operator)]
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) role: Role,
    pub(crate) created_ms: u64,
}

/// What of somebody is to be another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edit {
    pub(crate) role: Option<Role>,
    /// It ends all sessions.
    pub(crate) password: Option<Hashed>,
}

/// Whether somebody may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_letter)
}

/// A new password as it is kept.
pub(crate) async fn hash(password: &Secret) -> Result<Hashed, AdminError> {
    if let Some(why) = password::misfit(password) {
        return Err(misfit("password", why));
    }
    Ok(password::hash(password.clone()).await?)
}

/// A token with which the first operator may be made; none where there is one.
pub(crate) async fn new_setup_token(store: &Store) -> Result<Option<Secret>, StoreError> {
    if store.has_operators().await? {
        return Ok(None);
    }
    let token = ids::new_secret(SETUP_TOKEN);
    let known_by = digest(token.reveal());
    store.put_setup_token(&known_by, UnixMillis::now()).await?;
    Ok(Some(token))
}

impl Desk<'_> {
    pub(crate) async fn operators(&self) -> Result<Vec<Shown>, AdminError> {
        let people = self.store.operators().await?;
        Ok(people.iter().map(show).collect())
    }

    pub(crate) async fn operator(&self, name: &str) -> Result<Shown, AdminError> {
        let known = self.store.operator(name).await?;
        let known = known.ok_or_else(|| What::Operator.unknown(name))?;
        Ok(show(&known))
    }

    /// The first operator, who may do everything. Neither this token nor another one does that twice.
    pub(crate) async fn set_up(
        &self,
        token: &Secret,
        name: &str,
        password: Hashed,
    ) -> Result<StoredOperator, AdminError> {
        let new = new(name, Role::Admin, password)?;
        let token = digest(token.reveal());
        self.change_operators(|stored, editing| {
            if !stored.people.is_empty() {
                return Err(AdminError::SetUpAlready);
            }
            if !stored.setup_tokens.contains(&token) {
                return Err(AdminError::NoSetupToken);
            }
            editing.put_operator(&new);
            Ok(Deed::new("set_up", What::Operator.word(), name))
        })
        .await?;
        Ok(new)
    }

    pub(crate) async fn create_operator(
        &self,
        name: &str,
        role: Role,
        password: Hashed,
    ) -> Result<Shown, AdminError> {
        let what = What::Operator;
        let new = new(name, role, password)?;
        self.change_operators(|stored, editing| {
            if stored.people.iter().any(|known| known.name == name) {
                return Err(what.exists(name));
            }
            if stored.people.len() >= MOST {
                return Err(AdminError::TooMany { what, most: MOST });
            }
            if stored.people.is_empty() && role != Role::Admin {
                return Err(AdminError::LastAdmin);
            }
            editing.put_operator(&new);
            Ok(Deed::new("create", what.word(), name))
        })
        .await?;
        Ok(show(&new))
    }

    pub(crate) async fn edit_operator(
        &self,
        name: &str,
        seen: Option<u64>,
        edit: Edit,
    ) -> Result<StoredOperator, AdminError> {
        let what = What::Operator;
        let epoch = new_epoch();
        let mut edited = None;
        self.change_operators(|stored, editing| {
            let known = find(stored, name)?;
            check_version(seen, known.version)?;
            let mut operator = known.clone();
            operator.version += 1;
            operator.role = edit.role.unwrap_or(known.role);
            if operator.role != Role::Admin {
                check_another_admin(stored, name)?;
            }
            let act = match &edit.password {
                Some(password) => {
                    operator.password = password.clone();
                    operator.epoch.clone_from(&epoch);
                    "change_password"
                }
                None => "edit",
            };
            editing.put_operator(&operator);
            let deed = Deed::new(act, what.word(), name);
            let [before, after] = [known.role, operator.role].map(role_field);
            edited = Some(operator);
            Ok(deed.between(&before, &after))
        })
        .await?;
        Ok(edited.expect("what was changed was read"))
    }

    /// All their sessions end.
    pub(crate) async fn delete_operator(
        &self,
        name: &str,
        seen: Option<u64>,
    ) -> Result<(), AdminError> {
        self.change_operators(|stored, editing| {
            check_version(seen, find(stored, name)?.version)?;
            check_another_admin(stored, name)?;
            editing.delete_operator(name);
            Ok(Deed::new("delete", What::Operator.word(), name))
        })
        .await
    }

    async fn change_operators(
        &self,
        mut decide: impl FnMut(&StoredOperators, &mut Editing) -> Result<Deed, AdminError>,
    ) -> Result<(), AdminError> {
        for _ in 0..MOST_TRIES {
            let (mut editing, stored) = self.store.edit_operators(UnixMillis::now()).await?;
            let deed = decide(&stored, &mut editing)?;
            if editing.commit(&deed.by(&self.who)).await? {
                return Ok(());
            }
        }
        Err(AdminError::Crowded)
    }
}

fn new(name: &str, role: Role, password: Hashed) -> Result<StoredOperator, AdminError> {
    if !is_name(name) {
        let why = "a name is 1 to 64 letters, digits, `-`, `_`, `.` and `@`";
        return Err(misfit("name", why));
    }
    Ok(StoredOperator {
        name: name.to_owned(),
        version: 1,
        role,
        password,
        epoch: new_epoch(),
        created_ms: UnixMillis::now().0,
    })
}

fn new_epoch() -> String {
    ids::new_token_id()
}

fn find<'a>(stored: &'a StoredOperators, name: &str) -> Result<&'a StoredOperator, AdminError> {
    let mut people = stored.people.iter();
    people
        .find(|known| known.name == name)
        .ok_or_else(|| What::Operator.unknown(name))
}

/// Whoever is left can do everything.
fn check_another_admin(stored: &StoredOperators, but: &str) -> Result<(), AdminError> {
    let mut others = stored.people.iter().filter(|known| known.name != but);
    match others.any(|known| known.role == Role::Admin) {
        true => Ok(()),
        false => Err(AdminError::LastAdmin),
    }
}

fn role_field(role: Role) -> super::Fields {
    [("role".to_owned(), role.word().into())]
        .into_iter()
        .collect()
}

fn show(operator: &StoredOperator) -> Shown {
    Shown {
        name: operator.name.clone(),
        version: operator.version,
        role: operator.role,
        created_ms: operator.created_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_told_in_a_path_and_in_a_log() {
        for fine in ["ann", "ann@example.com", "a.b-c_D9", &"x".repeat(64)] {
            assert!(is_name(fine), "{fine}");
        }
        for not in ["", "a b", "a/b", "ä", "a\n", &"x".repeat(65)] {
            assert!(!is_name(not), "{not:?}");
        }
    }
}
