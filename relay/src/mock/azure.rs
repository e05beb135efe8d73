//! Azure OpenAI as the simulated upstream plays it: OpenAI's dialects at the paths of a resource, both with and without
//! versions of the API.

use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::answer::Ask;
use super::dialect::{Dialect, Failure, Provider, insert_all};
use super::route::Work;
use super::script::Script;

const SIGNATURE: [(&str, &str); 6] = [
    ("x-ms-region", "Simulated Central"),
    ("x-ms-deployment-name", "mock-deployment"),
    ("x-ratelimit-limit-requests", "1000"),
    ("x-ratelimit-limit-tokens", "100000"),
    ("x-ratelimit-remaining-requests", "999"),
    ("x-ratelimit-remaining-tokens", "99900"),
];

/// What comes before the first choice of a stream: what the filter thinks of the prompt.
const FILTERED: &str = r#"data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}

"#;

/// The work at a path below `/openai`.
pub(super) fn find(path: &str, query: Option<&str>) -> (&'static str, Result<Work, Failure>) {
    let has_version = query.is_some_and(|query| query.contains("api-version="));
    let resource = match (path.strip_prefix("/v1"), has_version) {
        (Some(rest), false) => Some(rest),
        (None, true) => match path.strip_prefix("/deployments/") {
            Some(of_one) => of_one.find('/').map(|end| &of_one[end..]),
            None => Some(path),
        },
        _ => None,
    };
    let generate = |dialect| Work::Generate(Provider::Azure, dialect);
    let (label, work) = match resource {
        Some("/chat/completions") => ("POST azure chat/completions", generate(Dialect::Chat)),
        Some("/responses") => ("POST azure responses", generate(Dialect::Responses)),
        Some(path) if path.starts_with("/responses/") => {
            ("azure responses/", Work::Stored(Provider::Azure))
        }
        Some("/embeddings") => ("POST azure embeddings", generate(Dialect::Embeddings)),
        Some(path) if path.starts_with("/models") => {
            ("GET azure models", Work::ListModels(Provider::Azure))
        }
        _ => return ("other", Err(Failure::new(404, "Resource not found"))),
    };
    (label, Ok(work))
}

pub(super) fn credential(headers: &HeaderMap) -> Result<HeaderValue, Failure> {
    let missing = || {
        let message = "Access denied due to invalid subscription key or wrong API endpoint.";
        Failure::new(401, message)
    };
    headers.get("api-key").cloned().ok_or_else(missing)
}

/// A deployment in the path decides, whatever the body says.
pub(super) fn asked(ask: Ask, uri: &Uri) -> Ask {
    let below = uri.path().strip_prefix("/openai/deployments/");
    match below.and_then(|below| below.split_once('/')) {
        Some((deployment, _)) => Ask {
            model: deployment.to_owned(),
            ..ask
        },
        None => ask,
    }
}

/// The address of OpenAI's own that has the same.
pub(super) fn plain(uri: &Uri) -> Uri {
    let below = uri.path().strip_prefix("/openai").unwrap_or_default();
    let below = below.strip_prefix("/v1").unwrap_or(below);
    let query = uri.query().unwrap_or_default();
    let plain = format!("/v1{below}?{query}").parse();
    plain.expect("it is a part of an address")
}

pub(super) fn begun(stream: Script) -> Script {
    let mut is_first = true;
    stream.reworded(|event| match std::mem::take(&mut is_first) {
        true => [FILTERED.as_bytes(), event].concat(),
        false => event.to_vec(),
    })
}

pub(super) fn failure(failure: &Failure) -> Value {
    let (code, inner) = match failure.status {
        400 => ("content_filter", Some("ResponsibleAIPolicyViolation")),
        404 => ("DeploymentNotFound", None),
        _ => ("", None),
    };
    let mut error = json!({"code": code, "message": failure.message});
    if code.is_empty() {
        error["code"] = failure.status.to_string().into();
    }
    if let Some(inner) = inner {
        error["innererror"] = json!({"code": inner});
    }
    json!({ "error": error })
}

pub(super) fn sign(headers: &mut HeaderMap, serial: u64) {
    insert_all(headers, &SIGNATURE);
    let id = HeaderValue::try_from(format!("mock-{serial:016x}")).expect("the id is ASCII");
    headers.insert(HeaderName::from_static("apim-request-id"), id);
}
