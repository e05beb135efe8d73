//! `GET /v1/models` and `GET /v1/models/{id}`: a short list, in pages.

use hyper::{Response, StatusCode, Uri};
use serde::Serialize;

use super::super::dialect::Failure;
use super::super::playback::{Playback, json_response};

static MODELS: [Model; 4] = [
    Model::new("claude-opus-5-5", "Claude Opus 5.5"),
    Model::new("claude-sonnet-5-5", "Claude Sonnet 5.5"),
    Model::new("claude-haiku-5-5", "Claude Haiku 5.5"),
    Model::new("claude-mock-1", "The simulated model"),
];

const DEFAULT_PAGE: usize = 20;

#[derive(Debug, Clone, Copy, Serialize)]
struct Model {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'static str,
    display_name: &'static str,
    created_at: &'static str,
    lifecycle: &'static str,
}

impl Model {
    const fn new(id: &'static str, display_name: &'static str) -> Self {
        Self {
            kind: "model",
            id,
            display_name,
            // The provider's way to say that it does not know.
            created_at: "1970-01-01T00:00:00Z",
            lifecycle: "active",
        }
    }
}

#[derive(Debug, Serialize)]
struct Page<'a> {
    data: &'a [Model],
    has_more: bool,
    first_id: Option<&'static str>,
    last_id: Option<&'static str>,
}

/// Models beyond the list are served too, as long as they sound like the provider's.
pub(super) fn is_served(model: &str) -> bool {
    model.starts_with("claude-")
}

pub(in super::super) fn models(uri: &Uri) -> Result<Response<Playback>, Failure> {
    match uri.path().strip_prefix("/v1/models/") {
        Some(id) => {
            let model = MODELS.iter().find(|model| model.id == id);
            let model = model.ok_or_else(|| Failure::new(404, format!("model: {id}")))?;
            Ok(json_response(StatusCode::OK, model))
        }
        None => Ok(json_response(
            StatusCode::OK,
            &page(uri.query().unwrap_or_default())?,
        )),
    }
}

/// A page after or before a model, or from the start.
fn page(query: &str) -> Result<Page<'static>, Failure> {
    let asked = |name| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    };
    let limit = asked("limit").map_or(Ok(DEFAULT_PAGE), read_limit)?;
    let (data, has_more) = match (asked("after_id"), asked("before_id")) {
        (Some(id), _) => first_of(&MODELS[position(id)? + 1..], limit),
        (None, Some(id)) => last_of(&MODELS[..position(id)?], limit),
        (None, None) => first_of(&MODELS, limit),
    };
    let (first_id, last_id) = (
        data.first().map(|model| model.id),
        data.last().map(|model| model.id),
    );
    Ok(Page {
        data,
        has_more,
        first_id,
        last_id,
    })
}

fn read_limit(value: &str) -> Result<usize, Failure> {
    let limit = value
        .parse()
        .ok()
        .filter(|limit| (1..=1000).contains(limit));
    limit.ok_or_else(|| Failure::new(400, "limit: Input should be between 1 and 1000"))
}

fn position(id: &str) -> Result<usize, Failure> {
    let position = MODELS.iter().position(|model| model.id == id);
    position.ok_or_else(|| Failure::new(400, format!("'{id}' is not the id of a model")))
}

fn first_of(models: &'static [Model], limit: usize) -> (&'static [Model], bool) {
    (&models[..limit.min(models.len())], limit < models.len())
}

fn last_of(models: &'static [Model], limit: usize) -> (&'static [Model], bool) {
    (
        &models[models.len().saturating_sub(limit)..],
        limit < models.len(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(query: &str) -> (Vec<&'static str>, bool) {
        let page = page(query).unwrap();
        (
            page.data.iter().map(|model| model.id).collect(),
            page.has_more,
        )
    }

    #[test]
    fn pages_go_forward_and_backward() {
        let all = MODELS.map(|model| model.id);
        assert_eq!(ids(""), (all.to_vec(), false));
        assert_eq!(ids("limit=3"), (all[..3].to_vec(), true));
        assert_eq!(
            ids(&format!("limit=3&after_id={}", all[2])),
            (all[3..].to_vec(), false)
        );
        assert_eq!(
            ids(&format!("limit=2&before_id={}", all[3])),
            (all[1..3].to_vec(), true)
        );
        assert_eq!(ids(&format!("after_id={}", all[3])), (vec![], false));
    }

    #[test]
    fn a_bad_cursor_or_limit_is_refused() {
        assert_eq!(page("after_id=gpt").unwrap_err().status, 400);
        assert_eq!(page("limit=0").unwrap_err().status, 400);
    }
}
