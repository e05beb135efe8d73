//! Passwords of operators: kept as Argon2id hashes with the parameters that OWASP names (19 MiB, 2 passes). Hashing costs
//! what it is meant to cost an attacker, so only so many are hashed at once, off the async workers; and whoever floods us
//! with them stands in the way of strangers alone.

use std::sync::LazyLock;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc},
};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use crate::{
    room::{Busy, Room},
    secret::Secret,
};

/// 19 MiB each.
static STRANGERS: LazyLock<Room> = LazyLock::new(|| Room::of(2));
static KNOWN: LazyLock<Room> = LazyLock::new(|| Room::of(1));

const SHORTEST: usize = 12;
const LONGEST: usize = 256;

/// A password as it is kept. It is not printed, though it is no secret by itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hashed(String);

/// Who shows a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// Signed in, or at a browser in which they have been before.
    Known,
    Stranger,
}

impl std::fmt::Debug for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hashed")
    }
}

/// What is wrong with it as a new password, if anything is.
pub(crate) fn misfit(password: &Secret) -> Option<String> {
    let letters = password.reveal().chars().count();
    match (letters, password.reveal().len()) {
        (letters, _) if letters < SHORTEST => Some(format!("needs {SHORTEST} letters at least")),
        (_, bytes) if bytes > LONGEST => Some(format!("may have {LONGEST} bytes at most")),
        _ => None,
    }
}

/// Only who is known may have one hashed.
pub(crate) async fn hash(password: Secret) -> Result<Hashed, Busy> {
    let turn = KNOWN.turn().await?;
    let hashed = spawn_blocking(move || {
        // It goes on when nobody waits for it any more, and keeps its place.
        let _turn = turn;
        hash_now(password.reveal())
    });
    Ok(hashed.await.expect("hashing does not panic"))
}

/// Whether it is the one that was hashed. Where there is none the answer takes as long.
pub(crate) async fn is(
    password: Secret,
    hashed: Option<Hashed>,
    asker: Asker,
) -> Result<bool, Busy> {
    static OF_NOBODY: LazyLock<Hashed> = LazyLock::new(|| hash_now("nobody has this password"));
    let turn = match asker {
        Asker::Known => KNOWN.turn().await?,
        Asker::Stranger => STRANGERS.turn().await?,
    };
    let compared = spawn_blocking(move || {
        let _turn = turn;
        let of = hashed.as_ref().unwrap_or(&OF_NOBODY);
        let same = phc::PasswordHash::new(&of.0).is_ok_and(|hash| {
            let tried = Argon2::default().verify_password(password.reveal().as_bytes(), &hash);
            tried.is_ok()
        });
        same && hashed.is_some()
    });
    Ok(compared.await.expect("hashing does not panic"))
}

fn hash_now(password: &str) -> Hashed {
    let hash: phc::PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .expect("its parameters are good, and the operating system gives a salt");
    Hashed(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other_is() {
        let hashed = hash(secret("correct horse battery")).await.unwrap();
        assert!(hashed.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let is = async |text: &str, hashed| {
            let asker = Asker::Stranger;
            is(secret(text), hashed, asker).await.unwrap()
        };
        assert!(is("correct horse battery", Some(hashed.clone())).await);
        assert!(!is("correct horse batterz", Some(hashed.clone())).await);
        assert!(
            !is(&hashed.0, Some(hashed.clone())).await,
            "the hash itself is none"
        );
        assert!(!is("nobody has this password", None).await);
        assert!(!is("", Some(Hashed("damaged".into()))).await);
    }

    #[test]
    fn a_new_password_has_a_length() {
        assert_eq!(misfit(&secret("twelve letter")), None);
        assert_eq!(misfit(&secret("äöüäöüäöüäöü")), None);
        assert!(misfit(&secret("eleven let.")).is_some());
        assert!(misfit(&secret(&"x".repeat(257))).is_some());
    }
}
