//! `[telemetry]` in `weir.toml`: where traces of requests go, if anywhere; OpenTelemetry's own variables stand over it.
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;

use super::{ConfigError, Credential, file::Source, file::credential};

const PATH: &str = "/v1/traces";

/// Who is told of requests, how, and of how many.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// Where traces are sent, by OTLP over HTTP; none = nowhere.
    pub endpoint: Option<String>,
    pub headers: Vec<(String, Credential)>,
    /// Of all requests, from 0 to 1.
    pub sample_ratio: f64,
    /// Whether upstreams are told of the trace too.
    pub propagate: bool,
    pub service_name: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            endpoint: None,
            headers: Vec::new(),
            sample_ratio: 1.0,
            propagate: false,
            service_name: "weir".into(),
        }
    }
}

/// The same in the file.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Table {
    otlp_endpoint: Option<Spanned<String>>,
    otlp_headers: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(deserialize_with = "ratio")]
    sample_ratio: f64,
    propagate: bool,
    service_name: String,
}

impl Default for Table {
    fn default() -> Self {
        let Telemetry {
            sample_ratio,
            propagate,
            service_name,
            ..
        } = Telemetry::default();
        Self {
            otlp_endpoint: None,
            otlp_headers: BTreeMap::new(),
            sample_ratio,
            propagate,
            service_name,
        }
    }
}

impl Table {
    pub(super) fn read(self, source: &Source<'_>) -> Result<Telemetry, ConfigError> {
        let endpoint = self.otlp_endpoint.map(|told| {
            let at = told.span().start;
            of_base(told.get_ref()).map_err(|why| source.error(at, why))
        });
        let header = |(name, told): (Spanned<String>, Spanned<String>)| {
            let fits = http::HeaderName::try_from(name.get_ref().as_str());
            fits.map_err(|_| source.error(name.span().start, "is no name of a header"))?;
            let value = credential(told.get_ref());
            let value = value.map_err(|why| source.error(told.span().start, why))?;
            Ok((name.into_inner(), value))
        };
        Ok(Telemetry {
            endpoint: endpoint.transpose()?,
            headers: self
                .otlp_headers
                .into_iter()
                .map(header)
                .collect::<Result<_, _>>()?,
            sample_ratio: self.sample_ratio,
            propagate: self.propagate,
            service_name: self.service_name,
        })
    }
}

impl Telemetry {
    /// Headers in OTEL_EXPORTER_OTLP_HEADERS and the time-out are read by OpenTelemetry's own library.
    pub(super) fn override_with(
        &mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(), ConfigError> {
        let refused = |name: &str, why: String| ConfigError::Variable {
            name: name.to_owned(),
            why,
        };
        let (base, whole) = (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        );
        if let Some(text) = variable(base) {
            self.endpoint = Some(of_base(&text).map_err(|why| refused(base, why))?);
        }
        if let Some(text) = variable(whole) {
            check(&text).map_err(|why| refused(whole, why))?;
            self.endpoint = Some(text);
        }
        if let Some(text) = variable("OTEL_TRACES_SAMPLER_ARG") {
            let ratio = text
                .parse()
                .ok()
                .filter(|ratio| (0.0..=1.0).contains(ratio));
            self.sample_ratio = ratio
                .ok_or_else(|| refused("OTEL_TRACES_SAMPLER_ARG", "must be from 0 to 1".into()))?;
        }
        if let Some(name) = variable("OTEL_SERVICE_NAME") {
            self.service_name = name;
        }
        if variable("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            self.endpoint = None;
        }
        Ok(())
    }
}

/// Where traces go, below the address of all that is told.
fn of_base(text: &str) -> Result<String, String> {
    check(text)?;
    Ok(format!("{}{PATH}", text.trim_end_matches('/')))
}

fn check(text: &str) -> Result<(), String> {
    let url = url::Url::parse(text);
    match url.is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host()) {
        true => Ok(()),
        false => Err("must be a URL, like http://127.0.0.1:4318".into()),
    }
}

fn ratio<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let ratio = f64::deserialize(from)?;
    match (0.0..=1.0).contains(&ratio) {
        true => Ok(ratio),
        false => Err(D::Error::custom("must be from 0 to 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn told(lines: &str) -> Result<Telemetry, String> {
        let config = Config::from_toml(&format!("[telemetry]\n{lines}"));
        config.map(|it| it.telemetry).map_err(|it| it.to_string())
    }

    #[test]
    fn every_key_is_read_and_bounded() {
        let lines = "otlp_endpoint = \"http://127.0.0.1:4318/\"\notlp_headers = { authorization = \"env:TOKEN\" }\n\
            sample_ratio = 0.5\npropagate = true\nservice_name = \"here\"";
        let read = told(lines).unwrap();
        assert_eq!(
            read.endpoint.as_deref(),
            Some("http://127.0.0.1:4318/v1/traces")
        );
        assert_eq!(
            format!("{:?}", read.headers),
            "[(\"authorization\", env:TOKEN)]"
        );
        assert!(read.propagate && (read.sample_ratio, &*read.service_name) == (0.5, "here"));
        for (wrong, why) in [
            ("sample_ratio = 1.5", "sample_ratio: must be from 0 to 1"),
            ("otlp_endpoint = \"here\"", "otlp_endpoint: must be a URL"),
            (
                "otlp_headers = { \"a b\" = \"c\" }",
                "is no name of a header",
            ),
        ] {
            let error = told(wrong).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn the_environment_stands_over_the_file() {
        let with = |set: &[(&str, &str)]| {
            let mut telemetry = Telemetry::default();
            let variable = |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            telemetry
                .override_with(variable)
                .map(|()| telemetry.endpoint)
        };
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1");
        let whole = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b:2/x");
        assert_eq!(
            with(&[base]).unwrap().as_deref(),
            Some("http://a:1/v1/traces")
        );
        assert_eq!(
            with(&[base, whole]).unwrap().as_deref(),
            Some("http://b:2/x")
        );
        assert_eq!(with(&[base, ("OTEL_SDK_DISABLED", "true")]).unwrap(), None);
        assert!(with(&[("OTEL_TRACES_SAMPLER_ARG", "2")]).is_err());
    }
}
