//! `[listen.tls]` in `weir.toml`: by what a listener is known.

use std::path::PathBuf;

use serde::Deserialize;

/// Files of PEM, which are read again while they change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certified {
    /// The listener's own certificate first, then those between it and whom clients trust.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_certificate_needs_its_key() {
        let read = |lines: &str| Config::from_toml(&format!("[listen.tls]\n{lines}"));
        let config = read("certificate = \"/etc/weir/tls.crt\"\nkey = \"/etc/weir/tls.key\"");
        let files = config.unwrap().tls.expect("TLS is asked for");
        assert_eq!(files.key.to_str(), Some("/etc/weir/tls.key"));
        let refused = read("certificate = \"/etc/weir/tls.crt\"").unwrap_err();
        let refused = refused.to_string();
        assert_eq!(refused, "weir.toml line 1: missing field `key`");
    }
}
