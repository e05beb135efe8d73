//! What must never be printed. It has no Debug, Display or Serialize, so that no log line, error or page can hold it; what
//! is dropped is overwritten.

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
