//! Whether a Redis is fit: its version, the module, what it does with memory, disk and large keys, its clock, its distance.

use std::{collections::BTreeMap, time::Duration};

use super::Finding;
use crate::store::Checkup;

/// Of the module that belongs to this relay: 100 is 0.1.0.
const MODULE: i64 = 100;
/// The oldest servers that do.
const OLDEST: [(&str, [u32; 2]); 2] = [("redis", [7, 0]), ("valkey", [7, 2])];
/// Cooldowns and days of spending are told by the relays' clocks.
const CLOCKS_APART: Duration = Duration::from_secs(1);
const FAR: Duration = Duration::from_millis(2);

/// Of each setting what it is to be, and why.
const SETTINGS: [(&str, &str, &str); 6] = [
    (
        "appendonly",
        "yes",
        "keys, accounts, usage and slots are lost when the server stops",
    ),
    (
        "maxmemory-policy",
        "noeviction",
        "a full server would silently free slots and forget budgets",
    ),
    ("lazyfree-lazy-expire", "yes", LARGE),
    ("lazyfree-lazy-eviction", "yes", LARGE),
    ("lazyfree-lazy-server-del", "yes", LARGE),
    ("lazyfree-lazy-user-del", "yes", LARGE),
];
const LARGE: &str = "freeing a large key stops the server meanwhile";

pub(super) fn look(seen: Checkup) -> Vec<Finding> {
    let mut findings = vec![version(&seen), module(seen.module)];
    match &seen.settings {
        Some(settings) => findings.extend(look_at(settings)),
        None => findings.push(Finding::warn(
            "redis settings",
            "the relay's user may not look at them",
            "compare the server's with redis.conf, or look as a user who may CONFIG GET",
        )),
    }
    findings.push(clock(seen.clocks_apart));
    findings.push(distance(seen.usual, seen.longest));
    findings
}

fn version(seen: &Checkup) -> Finding {
    let found = format!("{} {}", seen.server, seen.version);
    let mut numbers = seen.version.split('.').map(str::parse::<u32>);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    let has = [next(), next()];
    let oldest = OLDEST.iter().find(|(server, _)| *server == seen.server);
    match oldest {
        Some((_, oldest)) if has < *oldest => Finding::fail(
            "redis version",
            found,
            "the module needs Redis 7.0 or Valkey 7.2",
        ),
        Some(_) => Finding::ok("redis version", found),
        None => Finding::warn(
            "redis version",
            found,
            "Weir is tested with Redis 7.0 to 8 and Valkey 7.2 to 9",
        ),
    }
}

fn module(version: Option<i64>) -> Finding {
    let what = "module";
    match version {
        None => Finding::fail(
            what,
            "Weir's module is not loaded",
            "start the server with `loadmodule /path/to/libweir.so`",
        ),
        Some(MODULE) => Finding::ok(what, spelled(MODULE)),
        Some(other) => Finding::warn(
            what,
            format!(
                "{}, and this relay belongs to {}",
                spelled(other),
                spelled(MODULE)
            ),
            "upgrade the module first, then the relays (docs/operations.md)",
        ),
    }
}

fn spelled(version: i64) -> String {
    format!(
        "{}.{}.{}",
        version / 10_000,
        version / 100 % 100,
        version % 100
    )
}

fn look_at(settings: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, expected, why) in SETTINGS {
        let found = settings.get(name).map_or("(unknown)", String::as_str);
        findings.push(match found == expected {
            true => Finding::ok(name, found),
            false => Finding::warn(name, found, format!("set it to {expected}: {why}")),
        });
    }
    let unbounded = settings.get("maxmemory").is_some_and(|most| most == "0");
    findings.push(match unbounded {
        false => Finding::ok(
            "maxmemory",
            settings.get("maxmemory").cloned().unwrap_or_default(),
        ),
        true => Finding::warn(
            "maxmemory",
            "no limit",
            "set it below the machine's memory, or the system may end the server",
        ),
    });
    findings
}

fn clock(apart: Duration) -> Finding {
    let found = format!("{} ms from this machine's", apart.as_millis());
    match apart <= CLOCKS_APART {
        true => Finding::ok("redis clock", found),
        false => Finding::warn(
            "redis clock",
            found,
            "let NTP set both: rests and days of spending end by them",
        ),
    }
}

fn distance(usual: Duration, longest: Duration) -> Finding {
    let ms = |span: Duration| span.as_secs_f64() * 1000.0;
    let found = format!("usually {:.2} ms, at most {:.2} ms", ms(usual), ms(longest));
    match usual <= FAR {
        true => Finding::ok("redis latency", found),
        false => Finding::warn(
            "redis latency",
            found,
            "each request asks two or three times: put relays near it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Level, *};

    fn fit() -> Checkup {
        let settings = SETTINGS.map(|(name, value, _)| (name.to_owned(), value.to_owned()));
        let most = ("maxmemory".to_owned(), "1000000".to_owned());
        Checkup {
            server: "redis".into(),
            version: "7.0.15".into(),
            module: Some(MODULE),
            settings: Some(settings.into_iter().chain([most]).collect()),
            clocks_apart: Duration::from_millis(3),
            usual: Duration::from_micros(100),
            longest: Duration::from_millis(9),
        }
    }

    fn unfit(seen: Checkup) -> Vec<(Level, String)> {
        let findings = look(seen).into_iter();
        let findings = findings.filter(|finding| finding.level != Level::Ok);
        findings
            .map(|finding| (finding.level, finding.what))
            .collect()
    }

    #[test]
    fn what_is_fit_is_said_to_be() {
        assert_eq!(unfit(fit()), []);
        assert!(look(fit()).len() > 10);
    }

    #[test]
    fn what_a_server_is_and_how_far_is_judged() {
        let old = |server: &str, version: &str| Checkup {
            server: server.into(),
            version: version.into(),
            ..fit()
        };
        let module = |module: Option<i64>| Checkup { module, ..fit() };
        let mut apart = fit();
        apart.clocks_apart = Duration::from_secs(2);
        let mut far = fit();
        far.usual = Duration::from_millis(5);
        for (seen, level, what) in [
            (old("redis", "6.2.14"), Level::Fail, "redis version"),
            (old("valkey", "7.1.0"), Level::Fail, "redis version"),
            (old("other", "9.0"), Level::Warn, "redis version"),
            (module(None), Level::Fail, "module"),
            (module(Some(200)), Level::Warn, "module"),
            (apart, Level::Warn, "redis clock"),
            (far, Level::Warn, "redis latency"),
        ] {
            assert_eq!(unfit(seen), [(level, what.to_owned())]);
        }
        assert_eq!(unfit(old("valkey", "8.1")), []);
    }

    #[test]
    fn each_setting_that_is_wrong_is_named() {
        let set = |name: &str, value: &str| {
            let mut seen = fit();
            let settings = seen.settings.as_mut().unwrap();
            settings.insert(name.into(), value.into());
            seen
        };
        for (name, value) in [
            ("appendonly", "no"),
            ("maxmemory", "0"),
            ("maxmemory-policy", "allkeys-lru"),
            ("lazyfree-lazy-expire", "no"),
        ] {
            assert_eq!(unfit(set(name, value)), [(Level::Warn, name.to_owned())]);
        }
        let mut unseen = fit();
        unseen.settings = None;
        assert_eq!(unfit(unseen), [(Level::Warn, "redis settings".to_owned())]);
    }
}
