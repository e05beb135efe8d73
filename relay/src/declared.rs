//! What `weir.toml` declares, part by part: when a change of it takes effect, and whether all relays on one Redis are to
//! declare the same. A new part of the configuration is a row here.

use sha2::{Digest as _, Sha256};

use crate::config::Config;

/// When a change takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// While the relay serves.
    AtOnce,
    AtStart,
}

/// Whose business a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Callers would be served in another way by each relay.
    AllRelays,
    Each,
}

struct Part {
    /// As it is called in the file.
    name: &'static str,
    takes: Takes,
    of: Of,
    /// Says the same where it is the same; no secret is in it.
    shown: fn(&Config) -> String,
}

const fn part(name: &'static str, takes: Takes, of: Of, shown: fn(&Config) -> String) -> Part {
    Part {
        name,
        takes,
        of,
        shown,
    }
}

const PARTS: [Part; 26] = {
    use Of::{AllRelays, Each};
    use Takes::{AtOnce, AtStart};
    [
        part("listen.callers", AtStart, Each, |it| it.callers.to_string()),
        part("listen.operators", AtStart, Each, |it| {
            format!("{:?}", it.operators)
        }),
        part("listen.tls", AtStart, Each, |it| format!("{:?}", it.tls)),
        part("listen.trusted_proxies", AtOnce, Each, |it| {
            format!("{:?}", it.trusted_proxies)
        }),
        part("connections", AtStart, Each, |it| {
            format!("{:?}", it.connections)
        }),
        part("log", AtStart, Each, |it| {
            format!("{} {:?}", it.log.filter, it.log.format)
        }),
        part("log.requests", AtOnce, Each, |it| {
            it.log.requests.to_string()
        }),
        part("telemetry", AtStart, Each, |it| {
            format!("{:?}", it.telemetry)
        }),
        part("alerts", AtStart, Each, |it| format!("{:?}", it.alerts)),
        part("redis", AtStart, Each, |it| format!("{:?}", it.redis)),
        part("module", AtStart, Each, |it| format!("{:?}", it.module)),
        part("data_dir", AtStart, Each, |it| {
            it.data_dir.display().to_string()
        }),
        part("drain_timeout_ms", AtOnce, Each, |it| {
            format!("{:?}", it.drain_timeout)
        }),
        part("secrets", AtStart, Each, |it| {
            format!("{:?}", it.master_key)
        }),
        part("body", AtOnce, Each, |it| {
            format!("{} {}", it.max_body_bytes, it.max_buffered_bytes)
        }),
        part("admission.lease_ms", AtStart, AllRelays, |it| {
            format!("{:?}", it.lease)
        }),
        part("admission.affinity_patience_ms", AtOnce, AllRelays, |it| {
            format!("{:?}", it.affinity_patience)
        }),
        part("waiting", AtOnce, AllRelays, |it| format!("{:?}", it.waits)),
        part("failover", AtOnce, AllRelays, |it| {
            format!("{:?}", it.failover)
        }),
        part("retention", AtOnce, AllRelays, |it| {
            format!("{:?}", it.retention)
        }),
        part("spend", AtOnce, AllRelays, |it| format!("{:?}", it.spend)),
        part("prices", AtOnce, AllRelays, |it| format!("{:?}", it.prices)),
        part("users", AtOnce, AllRelays, |it| format!("{:?}", it.users)),
        part("accounts", AtOnce, AllRelays, |it| {
            format!("{:?}", it.accounts)
        }),
        part("groups", AtOnce, AllRelays, |it| format!("{:?}", it.groups)),
        part("listen.metrics_token", AtOnce, Each, |it| {
            format!("{:?}", it.metrics_token)
        }),
    ]
};

/// Which parts two configurations differ in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) at_once: Vec<&'static str>,
    pub(crate) at_start: Vec<&'static str>,
}

/// What has changed.
pub(crate) fn changes(from: &Config, to: &Config) -> Changes {
    let mut changes = Changes::default();
    for part in &PARTS {
        if (part.shown)(from) == (part.shown)(to) {
            continue;
        }
        match part.takes {
            Takes::AtOnce => changes.at_once.push(part.name),
            Takes::AtStart => changes.at_start.push(part.name),
        }
    }
    changes
}

/// The same in all relays of one version that treat callers alike.
pub(crate) fn digest(config: &Config) -> String {
    let mut digest = Sha256::new();
    for part in PARTS.iter().filter(|part| part.of == Of::AllRelays) {
        digest.update(part.name);
        digest.update((part.shown)(config));
    }
    hex::encode(&digest.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        Config::from_toml(text).unwrap()
    }

    #[test]
    fn a_change_is_named_and_takes_effect_when_it_can() {
        let plain = Config::default();
        for (text, at_once, at_start) in [
            ("", &[][..], &[][..]),
            ("[waiting]\ngrace_ms = 1", &["waiting"], &[]),
            (
                "[listen]\ncallers = \"127.0.0.1:1\"\ntrusted_proxies = [\"10.0.0.1\"]",
                &["listen.trusted_proxies"],
                &["listen.callers"],
            ),
            (
                "[redis]\nurl = \"redis://10.0.0.1\"\n[failover]\nmax_attempts = 1",
                &["failover"],
                &["redis"],
            ),
            (
                "[log]\nformat = \"json\"\nrequests = true",
                &["log.requests"],
                &["log"],
            ),
            (
                "[telemetry]\nsample_ratio = 0.5\n[alerts]\nwaiting_ms = 1",
                &[],
                &["telemetry", "alerts"],
            ),
            ("[spend]\ntime_zone = \"Asia/Tokyo\"", &["spend"], &[]),
        ] {
            let changes = changes(&plain, &read(text));
            assert_eq!(changes.at_once, at_once, "{text}");
            assert_eq!(changes.at_start, at_start, "{text}");
        }
    }

    #[test]
    fn relays_may_differ_in_where_they_are_and_not_in_what_they_do() {
        let plain = digest(&Config::default());
        assert_eq!(plain.len(), 16);
        let own = "data_dir = \"elsewhere\"\n[listen]\ncallers = \"10.0.0.1:80\"";
        assert_eq!(digest(&read(own)), plain);
        assert_ne!(digest(&read("[waiting]\nmax_stream_ms = 1")), plain);
        let account = "[accounts.a]\nkind = \"anthropic\"\napi_key = \"sk-1\"";
        assert_ne!(digest(&read(account)), plain);
    }
}
