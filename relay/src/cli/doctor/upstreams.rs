//! The way to each account: its name is looked up, connected to and greeted with TLS as for a request, which is not sent.

use super::Finding;
use crate::roster::Roster;

pub(super) async fn look(roster: &Roster) -> Vec<Finding> {
    let served = roster.served();
    let mut upstreams: Vec<_> = served.upstreams().collect();
    upstreams.sort_by(|a, b| a.account.id.cmp(&b.account.id));
    let mut findings = Vec::new();
    if upstreams.is_empty() {
        findings.push(Finding::warn(
            "accounts",
            "there are none, so nobody can be served",
            "declare one in weir.toml, or make one: weir account create",
        ));
    }
    for upstream in upstreams {
        let account = &upstream.account;
        let what = format!("account {}", account.id);
        let to = &account.origin.base;
        findings.push(match upstream.reach().await {
            Ok(took) => Finding::ok(what, format!("{to} is reached in {} ms", took.as_millis())),
            Err(error) => Finding::fail(
                what,
                format!("{to} is not reached: {error}"),
                "look at its base_url, at DNS, firewalls and, for a private address, allow_private",
            ),
        });
    }
    findings
}
