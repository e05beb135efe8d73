//! `[log]` in `weir.toml`: what the program tells on stderr, and in which form; `WEIR_LOG` and `WEIR_LOG_FORMAT` stand over it.

use serde::{Deserialize, Deserializer, de::Error as _};
use tracing_subscriber::EnvFilter;

use super::ConfigError;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    /// Which events: a level, or levels of parts.
    #[serde(deserialize_with = "filter")]
    pub filter: String,
    /// Whether each request is a line.
    pub requests: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: each line is an object.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self::with("info")
    }
}

impl Log {
    /// What is told where nobody says otherwise.
    pub(crate) fn with(filter: &str) -> Self {
        Self {
            format: LogFormat::default(),
            filter: filter.to_owned(),
            requests: false,
        }
    }

    /// As the environment has it over this.
    pub(crate) fn override_with(
        &mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(), ConfigError> {
        let wrong = |name: &str, why: String| ConfigError::Variable {
            name: name.to_owned(),
            why,
        };
        if let Some(filter) = variable("WEIR_LOG") {
            self.filter = checked(filter).map_err(|why| wrong("WEIR_LOG", why))?;
        }
        if let Some(format) = variable("WEIR_LOG_FORMAT") {
            self.format = LogFormat::read(&format)
                .ok_or_else(|| wrong("WEIR_LOG_FORMAT", "must be text or json".to_owned()))?;
        }
        Ok(())
    }
}

impl LogFormat {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    fn read(word: &str) -> Option<Self> {
        let all = [Self::Text, Self::Json];
        all.into_iter().find(|format| format.word() == word)
    }
}

fn filter<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    checked(String::deserialize(from)?).map_err(D::Error::custom)
}

fn checked(filter: String) -> Result<String, String> {
    match EnvFilter::try_new(&filter) {
        Ok(_) => Ok(filter),
        Err(_) => Err(format!(
            "`{filter:.128}` is no filter: a level such as info, or levels of parts such as warn,weir::request=info"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(set: &[(&str, &str)]) -> Result<Log, String> {
        let mut log = Log::default();
        let variable = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let read = log.override_with(variable);
        read.map(|()| log).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_stands_over_the_file() {
        let log = over(&[
            ("WEIR_LOG", "debug,hyper=warn"),
            ("WEIR_LOG_FORMAT", "json"),
        ])
        .unwrap();
        assert_eq!(
            (&*log.filter, log.format),
            ("debug,hyper=warn", LogFormat::Json)
        );
        assert_eq!(over(&[]).unwrap(), Log::default());
        for (name, value, why) in [
            ("WEIR_LOG", "weir=loudly", "is no filter"),
            ("WEIR_LOG_FORMAT", "xml", "must be text or json"),
        ] {
            let told = over(&[(name, value)]).unwrap_err();
            assert!(told.contains(name) && told.contains(why), "{told}");
        }
    }
}
