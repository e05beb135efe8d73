//! What operators are served: the pages, the API behind them, `/readyz`, `/metrics`. A further group of routes is a file in
//! `operators/` and a line in `of_role` below: the list says who may use it, and nothing else does.

mod about;
mod accounts;
mod acts;
mod audit;
mod between;
mod cookies;
pub(crate) mod document;
mod error;
mod gate;
mod groups;
mod guard;
mod keys;
mod list;
mod live;
mod metrics;
mod office;
mod pages;
mod panic;
mod parts;
mod people;
mod queues;
mod ready;
mod records;
mod session;
mod settings;
mod setup;
mod tokens;
mod usage;
mod users;
mod visitor;
mod watched;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

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

use crate::{app::App, config::Config, role::Role};
use error::Refusal;
use office::Office;
use visitor::Connected;

/// The largest body of a request.
const MOST_BYTES: usize = 1 << 20;

/// Routes of the API, with their documents.
type Routes = OpenApiRouter<Arc<Office>>;

/// What is open to all: becoming somebody.
fn open() -> Routes {
    OpenApiRouter::new()
        .routes(routes!(session::sign_in))
        .routes(routes!(setup::set_up))
}

/// The list: what this role may do that those below it may not.
fn of_role(role: Role) -> Routes {
    let routes = OpenApiRouter::new();
    match role {
        Role::Viewer => routes
            .routes(routes!(session::show))
            .routes(routes!(session::sign_out))
            .routes(routes!(session::change_password))
            .routes(routes!(document::show))
            .routes(routes!(about::show))
            .routes(routes!(accounts::list))
            .routes(routes!(accounts::show))
            .routes(routes!(groups::list))
            .routes(routes!(groups::show))
            .routes(routes!(users::list))
            .routes(routes!(users::show))
            .routes(routes!(keys::list))
            .routes(routes!(keys::show))
            .routes(routes!(settings::show))
            .routes(routes!(usage::show))
            .routes(routes!(records::list))
            .routes(routes!(records::show))
            .routes(routes!(audit::list))
            .routes(routes!(live::stream))
            .routes(routes!(live::snapshot)),
        Role::Operator => routes
            .routes(routes!(queues::cancel))
            .routes(routes!(queues::take_back))
            .routes(routes!(queues::pause))
            .routes(routes!(queues::drain))
            .routes(routes!(queues::resume))
            .routes(routes!(queues::clear_cooldown))
            .routes(routes!(accounts::test))
            .routes(routes!(users::create))
            .routes(routes!(users::edit, users::delete))
            .routes(routes!(keys::create))
            .routes(routes!(keys::edit, keys::delete))
            .routes(routes!(keys::rotate))
            .routes(routes!(keys::enable))
            .routes(routes!(keys::disable)),
        Role::Admin => routes
            .routes(routes!(people::list, people::create))
            .routes(routes!(people::edit, people::delete))
            .routes(routes!(tokens::list, tokens::create))
            .routes(routes!(tokens::delete))
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
    /// Beside a listener for callers at this address.
    pub(crate) fn open(app: Arc<App>, config: &Config, callers: SocketAddr) -> Arc<Self> {
        let office = Arc::new(Office::new(app, config, callers));
        let router = router(&office).with_state(office);
        Arc::new(Self { router })
    }

    pub(crate) async fn serve(&self, from: IpAddr, request: Request<Incoming>) -> Response<Body> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Connected(from));
        match self.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

fn router(office: &Arc<Office>) -> Router<Arc<Office>> {
    let (mut router, _) = open().split_for_parts();
    for role in Role::ALL {
        let (routes, _) = of_role(role).split_for_parts();
        if routes.has_routes() {
            let gate = middleware::from_fn_with_state((Arc::clone(office), role), gate::let_in);
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
        .layer(middleware::from_fn_with_state(
            Arc::clone(office),
            guard::guard,
        ))
}
