//! What operators are served: the pages, the API behind them, `/readyz`, `/metrics`. A further group of routes is a file in
//! `operators/` and a line in `of_role` below: the list says who may use it, and nothing else does.

mod accounts;
mod audit;
mod error;
mod groups;
mod keys;
mod list;
mod live;
mod metrics;
mod office;
mod pages;
mod panic;
mod parts;
mod ready;
mod roles;
mod settings;
mod users;
mod visitor;

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::DefaultBodyLimit,
    middleware,
    routing::{any, get},
};
use hyper::{Request, Response, body::Incoming};
use tower_service::Service as _;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, config::Config};
use error::Refusal;
use office::Office;
use roles::Role;
use visitor::Address;

/// The largest body of a request.
const MOST_BYTES: usize = 1 << 20;

/// Routes of the API, with their documents.
type Routes = OpenApiRouter<Arc<Office>>;

/// The list: what this role may do that those below it may not.
fn of_role(role: Role) -> Routes {
    let routes = OpenApiRouter::new();
    match role {
        Role::Viewer => routes
            .routes(routes!(accounts::list))
            .routes(routes!(accounts::show))
            .routes(routes!(groups::list))
            .routes(routes!(groups::show))
            .routes(routes!(users::list))
            .routes(routes!(users::show))
            .routes(routes!(keys::list))
            .routes(routes!(keys::show))
            .routes(routes!(settings::show))
            .routes(routes!(audit::list))
            .routes(routes!(live::stream))
            .routes(routes!(live::snapshot)),
        Role::Operator => routes
            .routes(routes!(users::create))
            .routes(routes!(users::edit, users::delete))
            .routes(routes!(keys::create))
            .routes(routes!(keys::edit, keys::delete))
            .routes(routes!(keys::rotate))
            .routes(routes!(keys::enable))
            .routes(routes!(keys::disable)),
        Role::Admin => routes
            .routes(routes!(accounts::create))
            .routes(routes!(accounts::edit, accounts::delete))
            .routes(routes!(groups::create))
            .routes(routes!(groups::edit, groups::delete))
            .routes(routes!(settings::edit)),
    }
}

/// Where operators come in.
#[derive(Debug)]
pub(crate) struct Reception {
    router: Router,
}

impl Reception {
    pub(crate) fn open(app: Arc<App>, config: &Config) -> Arc<Self> {
        let office = Arc::new(Office::new(app, config));
        let router = router(&office).with_state(office);
        Arc::new(Self { router })
    }

    pub(crate) async fn serve(&self, from: IpAddr, request: Request<Incoming>) -> Response<Body> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Address(from));
        match self.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

fn router(office: &Arc<Office>) -> Router<Arc<Office>> {
    let mut router = Router::new();
    for role in Role::ALL {
        let (routes, _) = of_role(role).split_for_parts();
        if routes.has_routes() {
            let gate = middleware::from_fn_with_state((Arc::clone(office), role), roles::let_in);
            router = router.merge(routes.route_layer(gate));
        }
    }
    router
        .route("/api/{*rest}", any(async || Refusal::no_route()))
        .route("/readyz", get(ready::show))
        .route("/metrics", get(metrics::show))
        .fallback(pages::serve)
        .method_not_allowed_fallback(async || Refusal::no_method())
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(middleware::from_fn(panic::answer))
}
