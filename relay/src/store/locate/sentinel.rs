//! The master as sentinels know it: all are asked, and the one who has seen the latest failover is believed.

use tokio::task::JoinSet;

use super::ask;
use crate::{
    config::{Access, Address},
    store::{
        StoreError,
        wire::{Batch, Reply},
    },
};

pub(super) async fn master(
    sentinels: &[Address],
    name: &str,
    access: &Access,
) -> Result<Address, StoreError> {
    let mut question = Batch::of("SENTINEL");
    question.arg("MASTER").arg(name);
    let mut asked = JoinSet::new();
    for sentinel in sentinels {
        let (sentinel, question) = (sentinel.clone(), question.clone());
        asked.spawn(async move { ask(&sentinel, &question).await });
    }
    let (mut known, mut denied) = (Vec::new(), None);
    while let Some(told) = asked.join_next().await {
        match told {
            Ok(Ok(replies)) => known.extend(replies.first().and_then(|reply| read(reply, access))),
            Ok(Err(error @ StoreError::Denied(_))) => denied = Some(error),
            Ok(Err(_)) | Err(_) => {}
        }
    }
    let latest = known.into_iter().max_by_key(|(epoch, _)| *epoch);
    let address = latest.map(|(_, address)| address);
    address.ok_or_else(|| denied.unwrap_or(StoreError::Down))
}

/// The number of the failover that made it the master, and where it is.
fn read(reply: &Reply, access: &Access) -> Option<(u64, Address)> {
    let fields = reply.list()?.as_chunks().0;
    let field = |wanted: &str| {
        let mut fields = fields.iter();
        fields.find_map(|[name, value]| (name.text() == Some(wanted)).then(|| value.text())?)
    };
    let epoch = field("config-epoch")?.parse().ok()?;
    let address = access
        .clone()
        .at(field("ip")?, field("port")?.parse().ok()?);
    Some((epoch, address))
}

#[cfg(test)]
mod tests {
    use super::super::text;
    use super::*;

    #[test]
    fn a_master_is_a_place_and_the_failover_that_made_it() {
        let told = [
            "name",
            "m",
            "ip",
            "10.0.0.1",
            "port",
            "6380",
            "config-epoch",
            "7",
        ];
        let whole = Reply::List(told.map(text).to_vec());
        let (epoch, address) = read(&whole, &Access::default()).unwrap();
        assert_eq!(
            (epoch, address.to_string().as_str()),
            (7, "redis://10.0.0.1:6380")
        );
        let part = Reply::List(told[..6].iter().copied().map(text).collect());
        for other in [
            part,
            Reply::Error("ERR No such master with that name".into()),
        ] {
            assert!(read(&other, &Access::default()).is_none());
        }
    }
}
