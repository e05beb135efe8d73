//! What of a running relay is the operators': their listener, and how the first of them comes in.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use anyhow::Context as _;
use tokio::net::TcpListener;

use super::{
    Relay,
    listen::{Listener, Manners},
    seats::Seats,
};
use crate::{
    admin::{
        Desk,
        audit::Who,
        operators::{hash, new_setup_token},
    },
    app::App,
    config::Config,
    operators::Reception,
    role::Role,
    seal::Master,
    secret::Secret,
    tls::Identity,
};

pub(super) fn listen(
    bound: TcpListener,
    (app, callers): (&Arc<App>, SocketAddr),
    config: &Config,
    identity: Option<Arc<Identity>>,
) -> anyhow::Result<Listener> {
    let connections = config.connections;
    let manners = Manners {
        connections,
        seats: Seats::new(connections.max, connections.max_per_ip),
        identity,
    };
    let reception = Reception::open(Arc::clone(app), config, callers);
    let listener = Listener::start(bound, reception, manners)?;
    tracing::info!(listen.operators = %listener.addr(), "operators are served");
    Ok(listener)
}

impl Relay {
    /// Where operators connect, if anywhere.
    pub fn operators_addr(&self) -> Option<SocketAddr> {
        self.operators.as_ref().map(Listener::addr)
    }

    /// Where a browser on this machine finds the pages, if there are any.
    pub fn operators_url(&self) -> Option<String> {
        let mut addr = self.operators_addr()?;
        if addr.ip().is_unspecified() {
            addr.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let scheme = match self.began.operators.tls {
            Some(_) => "https",
            None => "http",
        };
        Some(format!("{scheme}://{addr}"))
    }

    /// A token with which the first operator is made; none where there is one, or nowhere to come in.
    pub async fn setup_token(&self) -> anyhow::Result<Option<Secret>> {
        if self.operators.is_none() {
            return Ok(None);
        }
        let token = new_setup_token(self.store()).await;
        token.context("cannot make a token for the first operator")
    }

    /// Somebody who signs in.
    pub async fn create_operator(
        &self,
        name: &str,
        role: Role,
        password: Secret,
    ) -> anyhow::Result<()> {
        let master = Master::of(&self.began);
        let who = Who {
            name: "relay".into(),
            role: Role::Admin.word(),
            from: String::new(),
        };
        let desk = Desk {
            store: self.store(),
            config: self.app.declared.load_full(),
            master: &master,
            who,
        };
        let password = hash(&password).await?;
        desk.create_operator(name, role, password).await?;
        Ok(())
    }
}
