//! What holds for all requests, on all relays.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{error::Refusal, office::Office, parts::Given, visitor::Visitor};
use crate::admin::{Fields, settings::Shown};

/// A change of settings.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsEdit {
    /// Only if this is still their version.
    version: Option<u64>,
    /// Those that change, by their names; null takes one back to its default.
    #[schema(value_type = Object)]
    values: Fields,
}

/// What is set, and what of it weir.toml declares.
#[utoipa::path(get, path = "/api/settings", tag = "settings",
    responses((status = 200, body = Shown)))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
) -> Result<Json<Shown>, Refusal> {
    Ok(Json(office.desk(&visitor).settings().await?))
}

/// Changes some, on all relays at once; requests that run go on.
#[utoipa::path(patch, path = "/api/settings", tag = "settings", request_body = SettingsEdit,
    responses((status = 200, body = Shown)))]
pub(super) async fn edit(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Given(edit): Given<SettingsEdit>,
) -> Result<Json<Shown>, Refusal> {
    let desk = office.desk(&visitor);
    desk.edit_settings(edit.version, &edit.values).await?;
    Ok(Json(desk.settings().await?))
}
