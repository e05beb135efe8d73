//! Looks up where a host is, and gives only addresses that its account may reach: what was checked is what is connected
//! to, however often the name is pointed elsewhere.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

use super::place::Reach;

#[derive(Debug, Clone)]
pub(super) struct Resolve<Names = GaiResolver> {
    names: Names,
    reach: Reach,
}

/// Nothing is tried again: who runs the name server decides.
#[derive(Debug, thiserror::Error)]
#[error(
    "{host} is at {}, where this account may not reach: allow_private opens private networks, nothing opens link-local ones",
    .at.ip()
)]
struct OutOfReach {
    host: Name,
    at: SocketAddr,
}

impl Resolve {
    pub(super) fn new(reach: Reach) -> Self {
        let names = GaiResolver::new();
        Self { names, reach }
    }
}

impl<Names> Service<Name> for Resolve<Names>
where
    Names: Service<Name, Error = io::Error>,
    Names::Response: Iterator<Item = SocketAddr>,
    Names::Future: Send + 'static,
{
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.names.poll_ready(context)
    }

    fn call(&mut self, host: Name) -> Self::Future {
        let (reach, looking_up) = (self.reach, self.names.call(host.clone()));
        Box::pin(async move {
            let (within, without): (Vec<_>, Vec<_>) = looking_up
                .await?
                .partition(|address| reach.reaches(address.ip()));
            match without.first() {
                Some(&at) if within.is_empty() => Err(io::Error::other(OutOfReach { host, at })),
                _ => Ok(within.into_iter()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Ready, vec::IntoIter};

    use super::*;

    /// A name server that says something else each time.
    #[derive(Debug, Clone)]
    struct Turning(IntoIter<Vec<&'static str>>);

    impl Service<Name> for Turning {
        type Response = IntoIter<SocketAddr>;
        type Error = io::Error;
        type Future = Ready<io::Result<Self::Response>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Name) -> Self::Future {
            let said = self.0.next().unwrap_or_default();
            let addresses = said
                .into_iter()
                .map(|ip| SocketAddr::new(ip.parse().unwrap(), 0));
            std::future::ready(Ok(addresses.collect::<Vec<_>>().into_iter()))
        }
    }

    async fn found(reach: Reach, said: &[&[&'static str]]) -> Vec<Result<Vec<String>, String>> {
        let names = Turning(
            said.iter()
                .map(|once| once.to_vec())
                .collect::<Vec<_>>()
                .into_iter(),
        );
        let mut resolve = Resolve { names, reach };
        let mut found = Vec::new();
        for _ in said {
            let addresses = resolve.call("example.com".parse().unwrap()).await;
            let shown =
                |addresses: IntoIter<SocketAddr>| addresses.map(|at| at.ip().to_string()).collect();
            found.push(addresses.map(shown).map_err(|error| error.to_string()));
        }
        found
    }

    #[tokio::test]
    async fn a_name_that_is_pointed_inside_later_is_not_followed() {
        let found = found(
            Reach::Public,
            &[&["1.1.1.1"], &["127.0.0.1"], &["169.254.169.254"]],
        )
        .await;
        assert_eq!(found[0], Ok(vec!["1.1.1.1".to_owned()]));
        let why = found[1].as_ref().unwrap_err();
        assert!(
            why.starts_with("example.com is at 127.0.0.1, where"),
            "{why}"
        );
        assert!(found[2].is_err());
    }

    #[tokio::test]
    async fn of_several_addresses_those_within_reach_are_taken() {
        let said = &["::1", "1.1.1.1", "10.0.0.1", "169.254.169.254"];
        let public = found(Reach::Public, &[said]).await;
        assert_eq!(public[0], Ok(vec!["1.1.1.1".to_owned()]));
        let private = found(Reach::Private, &[said]).await;
        let within = ["::1", "1.1.1.1", "10.0.0.1"].map(str::to_owned);
        assert_eq!(private[0], Ok(within.to_vec()));
    }

    #[tokio::test]
    async fn a_name_that_leads_nowhere_is_no_ones_fault() {
        assert_eq!(found(Reach::Public, &[&[]]).await, [Ok(Vec::new())]);
    }
}
