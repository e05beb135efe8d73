//! The document of the API (OpenAPI 3.1), made from the routes themselves: what each of them takes and answers stands beside
//! its handler; what holds for all routes of a role, and for all routes, is added here.

use std::sync::LazyLock;

use axum::Json;
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        Components, Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
        ResponseBuilder,
        extensions::ExtensionsBuilder,
        path::{HttpMethod, Operation, PathItem},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use super::{error::Failure, of_role, open};
use crate::role::Role;

const SESSION: &str = "session";
const CSRF: &str = "csrf";
const TOKEN: &str = "token";

/// The document as JSON.
pub(crate) fn document() -> &'static OpenApi {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(make);
    &DOCUMENT
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "about", operation_id = "document",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(super) async fn show() -> Json<&'static OpenApi> {
    Json(document())
}

fn make() -> OpenApi {
    let mut whole = whole();
    let mut open = open().into_openapi();
    complete(&mut open, None);
    whole.merge(open);
    for role in Role::ALL {
        let mut routes = of_role(role).into_openapi();
        complete(&mut routes, Some(role));
        whole.merge(routes);
    }
    whole
}

fn whole() -> OpenApi {
    let about = "What operators do, for programs. Times are milliseconds since 1970, money is micro-dollars. Every answer \
                 that says no has the body `Failure`. See docs/admin-api.md.";
    let info = InfoBuilder::new()
        .title("Weir, operators' API")
        .description(Some(about))
        .version(env!("CARGO_PKG_VERSION"));
    let mut components = Components::new();
    components
        .schemas
        .insert(Failure::name().into_owned(), Failure::schema());
    let mut inner = Vec::new();
    Failure::schemas(&mut inner);
    components.schemas.extend(inner);
    let cookie = ApiKeyValue::with_description("weir_session", "A session of a browser.");
    let csrf = ApiKeyValue::with_description("x-weir-csrf", "With a session, on all but GET.");
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let bearer = bearer.description(Some("An API token: `weir_op_…`."));
    for (name, scheme) in [
        (SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie))),
        (CSRF, SecurityScheme::ApiKey(ApiKey::Header(csrf))),
        (TOKEN, SecurityScheme::Http(bearer.build())),
    ] {
        components.add_security_scheme(name, scheme);
    }
    OpenApiBuilder::new()
        .info(info.build())
        .components(Some(components))
        .build()
}

/// None: open to all.
fn complete(routes: &mut OpenApi, role: Option<Role>) {
    for (path, item) in &mut routes.paths.paths {
        for (method, operation) in operations(item) {
            let is_read = matches!(method, HttpMethod::Get);
            operation.security = Some(security(role, is_read));
            if let Some(role) = role {
                let word = ExtensionsBuilder::new().add("x-weir-role", role.word());
                operation.extensions = Some(word.build());
            }
            // Names of functions are unique in their file, files in the API.
            let tag = operation.tags.as_ref().and_then(|tags| tags.first());
            let named = operation.operation_id.as_deref().unwrap_or_default();
            let named = format!("{}_{named}", tag.map_or("", String::as_str));
            operation.operation_id = Some(named);
            add_failures(operation, role, path.contains('{'), is_read);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let all = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn security(role: Option<Role>, is_read: bool) -> Vec<SecurityRequirement> {
    let none: [&str; 0] = [];
    let session = SecurityRequirement::new(SESSION, none);
    match (role, is_read) {
        (None, _) => vec![],
        (Some(_), true) => vec![session, SecurityRequirement::new(TOKEN, none)],
        (Some(_), false) => vec![
            session.add(CSRF, none),
            SecurityRequirement::new(TOKEN, none),
        ],
    }
}

/// What any such route may answer, where it does not say so itself.
fn add_failures(operation: &mut Operation, role: Option<Role>, names_one: bool, is_read: bool) {
    let has_body = operation.request_body.is_some();
    let has_parameters = operation.parameters.is_some();
    let failures = [
        (has_body, "400", "The body is not JSON."),
        (
            true,
            "401",
            "Nobody is signed in, or a password or token is wrong.",
        ),
        (
            true,
            "403",
            "Another site sent it, the CSRF header is missing, or it takes another role.",
        ),
        (names_one, "404", "It is not there."),
        (
            !is_read,
            "409",
            "Something is in the way: it was changed meanwhile, is declared in weir.toml, is in use, or is there already.",
        ),
        (has_body, "413", "The body is larger than 1 MiB."),
        (has_body, "415", "The body is not of type application/json."),
        (
            has_body || has_parameters,
            "422",
            "A field does not fit: it is named.",
        ),
        (
            role.is_none(),
            "429",
            "Too many tries: `Retry-After` says when to come back.",
        ),
        (true, "500", "The relay failed."),
        (
            true,
            "503",
            "Redis is not there, or too much is going on: `Retry-After` says when to come back.",
        ),
    ];
    for (_, status, description) in failures.into_iter().filter(|(holds, ..)| *holds) {
        let responses = &mut operation.responses.responses;
        let known = responses.entry(status.to_owned());
        known.or_insert_with(|| RefOr::T(failure(description)));
    }
}

fn failure(description: &str) -> Response {
    let body = Content::new(Some(Ref::from_schema_name(Failure::name())));
    ResponseBuilder::new()
        .description(description)
        .content("application/json", body)
        .build()
}
