//! What must never be printed. It has no Debug, Display or Serialize, so that no log line, error or page can hold it; what
//! is dropped is overwritten.

use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// A credential. `reveal` is the only way to its text.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "that a secret cannot be printed is the point of the type"
)]
pub struct Secret(Zeroizing<Box<str>>);

impl Secret {
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::new)
    }
}

/// By what something that nobody guesses is known again where it is not kept: its SHA-256, in hexadecimal digits.
pub(crate) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}
