//! Passwords of operators: kept as Argon2id hashes with the parameters that OWASP names (19 MiB, 2 passes). Hashing costs
//! what it is meant to cost an attacker, so only so many are hashed at once, off the async workers.

use std::{sync::LazyLock, time::Duration};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc},
};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::spawn_blocking,
    time::timeout,
};

use crate::secret::Secret;

/// 19 MiB each.
const AT_ONCE: usize = 2;
const TURN_WITHIN: Duration = Duration::from_secs(3);
const SHORTEST: usize = 12;
const LONGEST: usize = 256;

static ROOM: Semaphore = Semaphore::const_new(AT_ONCE);

/// A password as it is kept. It is not printed, though it is no secret by itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hashed(String);

/// So many passwords are being hashed that this one did not get its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many are signing in at this moment")]
pub(crate) struct Busy;

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

pub(crate) async fn hash(password: Secret) -> Result<Hashed, Busy> {
    let _turn = turn().await?;
    let hashed = spawn_blocking(move || hash_now(password.reveal()));
    Ok(hashed.await.expect("hashing does not panic"))
}

/// Whether it is the one that was hashed. Where there is none the answer takes as long.
pub(crate) async fn is(password: Secret, hashed: Option<Hashed>) -> Result<bool, Busy> {
    static OF_NOBODY: LazyLock<Hashed> = LazyLock::new(|| hash_now("nobody has this password"));
    let _turn = turn().await?;
    let compared = spawn_blocking(move || {
        let of = hashed.as_ref().unwrap_or(&OF_NOBODY);
        let same = phc::PasswordHash::new(&of.0).is_ok_and(|hash| {
            let tried = Argon2::default().verify_password(password.reveal().as_bytes(), &hash);
            tried.is_ok()
        });
        same && hashed.is_some()
    });
    Ok(compared.await.expect("hashing does not panic"))
}

async fn turn() -> Result<SemaphorePermit<'static>, Busy> {
    let turn = timeout(TURN_WITHIN, ROOM.acquire()).await;
    Ok(turn.map_err(|_| Busy)?.expect("it is never closed"))
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
        let is = async |text: &str, hashed| is(secret(text), hashed).await.unwrap();
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
