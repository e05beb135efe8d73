//! Where the master key is told to be.

use toml::Spanned;

use super::{Source, credential};
use crate::config::{ConfigError, Credential};

/// The key would lie beside what it seals, in a file that is copied and shown around.
pub(super) fn master_key(
    source: &Source<'_>,
    told: Option<&Spanned<String>>,
) -> Result<Option<Credential>, ConfigError> {
    let Some(told) = told else {
        return Ok(None);
    };
    match credential(told.get_ref()) {
        Ok(place @ (Credential::Env(_) | Credential::File(_))) => Ok(Some(place)),
        Ok(Credential::Literal(_)) | Err(_) => {
            let why = "must be env:NAME or file:PATH";
            Err(source.error(told.span().start, why))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn the_master_key_does_not_stand_in_the_file() {
        let told = |place: &str| Config::from_toml(&format!("[secrets]\nmaster_key = \"{place}\""));
        let read = told("file:/etc/weir/master.key").unwrap();
        assert_eq!(
            format!("{:?}", read.master_key),
            "Some(file:/etc/weir/master.key)"
        );
        let refused = told(&"01".repeat(32)).unwrap_err().to_string();
        assert_eq!(
            refused,
            "weir.toml line 2: master_key: must be env:NAME or file:PATH"
        );
    }
}
