//! The pages, built by `make web` and embedded. An address of theirs that is no file is a place inside the one application;
//! without pages there is one that says how to get them.

use axum::{
    body::Body,
    extract::Request,
    response::{Html, IntoResponse as _, Response},
};
use hyper::{
    Method, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH},
};
use rust_embed::{Embed, EmbeddedFile};

use super::error::Refusal;

const INDEX: &str = "index.html";
/// Below it, names change with contents.
const LASTING: &str = "assets/";

const MISSING: &str = include_str!("pages/missing.html");

#[derive(Embed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Pages;

pub(super) async fn serve(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Refusal::no_method().into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    let is_hidden = path.split('/').any(|step| step.starts_with('.'));
    let found = Pages::get(path).filter(|_| !is_hidden);
    match (found, Pages::get(INDEX)) {
        (Some(file), _) => answer(path, &file, request.headers()),
        (None, _) if path.starts_with(LASTING) => StatusCode::NOT_FOUND.into_response(),
        (None, Some(index)) => answer(INDEX, &index, request.headers()),
        (None, None) => ([(CACHE_CONTROL, "no-store")], Html(MISSING)).into_response(),
    }
}

fn answer(path: &str, file: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let digest = file.metadata.sha256_hash();
    let tag = format!("\"{}\"", hex::encode(&digest[..16]));
    let caching = match path.starts_with(LASTING) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let known = asked.get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let headers = [
        (CONTENT_TYPE, kind(path)),
        (CACHE_CONTROL, caching),
        (ETAG, &tag),
    ];
    if known.is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag)) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, Body::from(file.data.to_vec())).into_response()
}

/// What builds of the pages consist of.
fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_run_is_named_as_what_it_is() {
        for (path, expected) in [
            ("assets/index-4fa2.js", "text/javascript; charset=utf-8"),
            ("index.html", "text/html; charset=utf-8"),
            ("LICENSE", "application/octet-stream"),
        ] {
            assert_eq!(kind(path), expected);
        }
    }
}
