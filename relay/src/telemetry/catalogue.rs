//! Every metric by its name, and what it says. Names are promises: dashboards and rules of others stand on them.

use prometheus_client::{encoding::EncodeMetric, registry::Registry};

/// As it is shown; the suffix `_total` of counters, `_info` of what only tells, is added when it is written.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
}

pub(super) fn register<M>(registry: &mut Registry, metric: &Metric, of: M)
where
    M: EncodeMetric + std::fmt::Debug + Send + Sync + 'static,
{
    debug_assert!(ALL.iter().any(|known| known.name == metric.name), "listed");
    registry.register(metric.name, metric.help, of);
}

macro_rules! catalogue {
    ($($row:ident: $name:literal, $help:literal;)*) => {
        $(pub(super) const $row: Metric = Metric { name: $name, help: $help };)*
        pub(super) const ALL: &[Metric] = &[$($row),*];
    };
}

catalogue! {
    REQUESTS: "weir_requests", "Requests that were admitted to an account, when they have ended";
    DURATION: "weir_request_duration_seconds", "Generations from their arrival to the last byte";
    FIRST_BYTE: "weir_first_byte_seconds", "Generations from their arrival to the upstream's headers";
    WAIT: "weir_wait_seconds", "How long admitted requests waited for slots and turns together";
    TURN_WAIT: "weir_turn_wait_seconds", "Of that, how long generations waited for the account's turn";
    CHOICES: "weir_choices", "Admitted requests by why they went to their account";
    TOKENS: "weir_tokens", "Tokens by class";
    TOKENS_ESTIMATED: "weir_tokens_estimated", "Of all tokens, those that no upstream has told";
    COST: "weir_cost_micro_usd", "What requests cost by the price list, in millionths of a US dollar";
    UNPRICED: "weir_requests_unpriced", "Requests whose model has no price";
    REFUSALS: "weir_refusals", "Requests that the relay answered with an error of its own";
    UPSTREAM_ERRORS: "weir_upstream_errors", "Attempts that an account did not serve, by cause";
    FAILOVERS: "weir_failovers", "Attempts after whose failure another account was asked";
    COOLDOWNS: "weir_cooldowns", "Rests of accounts, and of models of them, that this relay began";
    IN_FLIGHT: "weir_requests_in_flight", "Requests that are being served or wait for that, once their body is read";
    WAITING: "weir_requests_waiting", "Of these, requests that stand in a line";
    BUFFERED: "weir_buffered_bytes", "Bodies of requests that are held in memory";
    BUFFERED_LIMIT: "weir_buffered_limit_bytes", "The most that may be";
    CONNECTIONS: "weir_connections", "Connections of callers that are open";
    CONNECTIONS_LIMIT: "weir_connections_limit", "The most that may be open";
    CONNECTIONS_REFUSED: "weir_connections_refused", "Connections that were hung up on for want of a seat";
    LEASES_LOST: "weir_leases_lost", "Slots that were held longer than Redis knew of, and registered again";
    REDIS_UP: "weir_redis_up", "Whether the relay has its Redis";
    REDIS_LATENCY: "weir_redis_latency_seconds", "From sending commands to their last reply";
    REDIS_RECONNECTS: "weir_redis_reconnects", "How often a lost connection to Redis was made again";
    UNSETTLED: "weir_unsettled_requests", "Ended requests that Redis has not taken the booking of";
    SETTLEMENTS_LOST: "weir_settlements_lost", "Ended requests that were never booked";
    GATE_IN_USE: "weir_account_in_use", "Slots of an account that are held, in all relays";
    GATE_LIMIT: "weir_account_limit", "How many slots it has; 0 = no limit";
    GATE_WAITING: "weir_account_waiting", "Requests in line for its slots; one may stand in several accounts' lines";
    GATE_OLDEST: "weir_account_oldest_wait_seconds", "The longest wait in that line";
    TURN_WAITING: "weir_turn_waiting", "Messages in line for an account's turn";
    TURN_OLDEST: "weir_turn_oldest_wait_seconds", "The longest wait in that line";
    ACCOUNT_UP: "weir_account_up", "Whether an account is open and does not rest";
    COOLDOWN_LEFT: "weir_account_cooldown_seconds", "For how long it still rests, and why";
    TRACES_LOST: "weir_traces_lost", "Requests whose traces no collector has taken";
    BUILD: "weir_build", "The relay's version";
    CPU: "process_cpu_seconds", "CPU time that the process has used";
    MEMORY: "process_resident_memory_bytes", "Memory that it has";
    FILES: "process_open_fds", "File descriptors that are open";
    FILES_LIMIT: "process_max_fds", "The most that may be open";
    STARTED: "process_start_time_seconds", "When it was started, in seconds since 1970";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_whose_they_are_and_stand_once() {
        for (place, metric) in ALL.iter().enumerate() {
            let ours = ["weir_", "process_"];
            let name = metric.name;
            assert!(ours.iter().any(|ours| name.starts_with(ours)), "{name}");
            assert!(!name.ends_with("_total"), "{name}: the suffix is added");
            assert!(!metric.help.ends_with('.'), "{name}: a full stop is added");
            assert!(ALL[..place].iter().all(|other| other.name != name));
        }
    }

    /// Without what is added when it is written.
    fn stem(shown: &str) -> &str {
        let suffixes = ["_total", "_info", "_bucket", "_sum", "_count"];
        let stem = suffixes.iter().find_map(|end| shown.strip_suffix(end));
        stem.unwrap_or(shown)
    }

    fn is_known(shown: &str) -> bool {
        ALL.iter()
            .any(|metric| [shown, stem(shown)].contains(&metric.name))
    }

    #[test]
    fn the_documents_tell_of_each_metric_and_of_no_other() {
        let text = include_str!("../../../docs/metrics.md");
        let rows = text.lines().filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            let ["", name, _kind, _labels, help, ""] = cells[..] else {
                return None;
            };
            let name = name.strip_prefix('`')?.strip_suffix('`')?;
            Some((stem(name), help))
        });
        let told: std::collections::BTreeSet<_> = rows.collect();
        let ours = ALL.iter().map(|metric| (metric.name, metric.help));
        assert_eq!(told, ours.collect());
    }

    #[test]
    fn the_dashboard_and_the_rules_name_metrics_that_there_are() {
        for text in [
            include_str!("../../../packaging/grafana/weir.json"),
            include_str!("../../../packaging/prometheus/weir.rules.yml"),
        ] {
            let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let words = text.split(|letter| !is_name(letter));
            let ours = ["weir_", "process_"];
            let names = words.filter(|word| ours.iter().any(|begin| word.starts_with(begin)));
            let codes = include_str!("../error.rs");
            let is_code = |name: &&str| codes.contains(&format!("\"{name}\""));
            let names: Vec<_> = names.filter(|name| !is_code(name)).collect();
            assert!(names.len() > 10);
            for name in names {
                assert!(is_known(name), "{name}");
            }
        }
    }
}
