//! Requests of the relay's own, to those that it tells of itself: no proxy, no redirects, and only to where they may reach,
//! as looked up at each connection.

use std::{net::SocketAddr, time::Duration};

use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use tokio::net::lookup_host;

use crate::forward::{Reach, Tls};

pub(crate) fn client(reach: Reach, within: Duration) -> reqwest::Result<Client> {
    Client::builder()
        .tls_backend_preconfigured(Tls::of_system().into_config())
        .dns_resolver(Within(reach))
        .redirect(Policy::none())
        .no_proxy()
        .timeout(within)
        .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Gives only addresses that may be reached.
#[derive(Debug, Clone, Copy)]
struct Within(Reach);

#[derive(Debug, thiserror::Error)]
#[error(
    "{0} is nowhere that may be reached: allow_private opens private networks, nothing opens link-local ones"
)]
struct OutOfReach(String);

impl Resolve for Within {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let within: Vec<SocketAddr> = found.filter(|at| reach.reaches(at.ip())).collect();
            match within.is_empty() {
                true => Err(OutOfReach(name.as_str().to_owned()).into()),
                false => Ok(Box::new(within.into_iter()) as Addrs),
            }
        })
    }
}
