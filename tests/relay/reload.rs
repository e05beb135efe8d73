//! Another `weir.toml` for a relay that serves: what comes into force at once, what is left for the next start, and that a
//! bad one changes nothing.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::http::End;
use harness::weir::{message, stream};
use harness::{Program, Reply, Weir, eventually};
use rustix::process::Signal;
use serde_json::json;
use weir_relay::config::Config;

/// Holds its slots until the caller hangs up.
const HELD: &str = "chunks=9;stall_after=4";
const NOBODY_WAITS: &str = "[waiting]\nmax_stream_ms = 0\nmax_whole_ms = 0\n";

/// A relay whose file may be written again.
struct Served {
    program: Program,
    toml: PathBuf,
}

impl Served {
    fn start(weir: &Weir) -> Self {
        let program = weir.start_program();
        let toml = weir.write_toml();
        Self { program, toml }
    }

    /// Writes it anew and tells the relay.
    fn rewrite(&mut self, change: impl FnOnce(String) -> String) {
        change_file(&self.toml, change);
        self.program.signal(Signal::HUP);
    }

    /// Waits until the relay has told the operator all of this in one line.
    fn until_told(&self, words: &[&str]) {
        eventually("the operator is told", || {
            let log = self.program.log();
            let told = |line: &str| words.iter().all(|word| line.contains(word));
            log.lines().any(told).then_some(()).ok_or(log)
        });
    }
}

fn change_file(path: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).expect("the file is there");
    fs::write(path, change(text)).expect("the test's directory can be written to");
}

#[tokio::test]
async fn another_file_is_in_force_after_sighup_while_requests_run() {
    let setup = Weir::setup().max_concurrent(1).head(NOBODY_WAITS);
    let weir = setup.start().await;
    let mut served = Served::start(&weir);
    let to = served.program.addr();
    let running = weir.with_key(stream(HELD)).send(to).await;
    let call = weir.with_key(message("", &json!({})));
    assert_eq!(call.clone().send(to).await.status, 429);
    served.rewrite(|toml| toml.replace(NOBODY_WAITS, ""));
    served.until_told(&["in force", "changed=\"waiting\""]);
    let waiting = tokio::spawn(call.send(to));
    weir.until_waiting(1).await;
    drop(running);
    assert_eq!(waiting.await.unwrap().whole().await.end, End::Clean);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_file_with_an_error_changes_nothing_and_says_in_which_line() {
    let weir = Weir::setup().head(NOBODY_WAITS).start().await;
    let mut served = Served::start(&weir);
    served.rewrite(|toml| toml.replace("max_stream_ms = 0", "max_stream_ms = -1"));
    served.until_told(&["stays as it is", "line 2", "max_stream_ms", "must be 0 to"]);
    let answer = weir.with_key(stream("")).send(served.program.addr()).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn what_only_a_start_can_change_is_named() {
    let weir = Weir::setup().head("data_dir = \"one\"").start().await;
    let mut served = Served::start(&weir);
    served.rewrite(|toml| toml.replace("data_dir = \"one\"", "data_dir = \"two\""));
    served.until_told(&["WARN", "started again", "parts=\"data_dir\""]);
}

#[tokio::test]
async fn prices_and_the_bound_of_bodies_change_for_the_next_request() {
    const PRICE: &str = "[prices.claude-mock-1]\ninput = 1\noutput = 1\n";
    let weir = Weir::setup().head(PRICE).start().await;
    assert_eq!(weir.ask(stream("")).await.whole().await.end, End::Clean);
    let toml = fs::read_to_string(weir.write_toml()).unwrap();
    let more = "[body]\nmax_bytes = 1024\n[prices.claude-mock-1]\ninput = 100\noutput = 100\n";
    let config = Config::from_toml(&toml.replace(PRICE, more)).unwrap();
    weir.relay.reload(config).await.unwrap();
    assert_eq!(weir.ask(stream("")).await.whole().await.end, End::Clean);
    let cost = |record: &Reply| record.field("cost_micro_usd").text().parse::<u64>();
    let records = weir.records(2).await;
    let (before, after) = (cost(&records[0]).unwrap(), cost(&records[1]).unwrap());
    assert!(before > 0 && after == before * 100, "{before} {after}");
    let long = message("", &json!({ "system": "x".repeat(2000) }));
    assert_eq!(weir.ask(long).await.status, 413);
}

#[tokio::test]
async fn who_waits_moves_on_when_a_declared_limit_is_raised() {
    let weir = Weir::setup().max_concurrent(1).start().await;
    let toml = fs::read_to_string(weir.write_toml()).unwrap();
    let mut running = weir.ask(stream(HELD)).await;
    running.until("text_delta").await;
    let waiting = weir.spawn(stream(""));
    weir.until_waiting(1).await;
    let raised = toml.replace("max_concurrent = 1", "max_concurrent = 2");
    let config = Config::from_toml(&raised).unwrap();
    weir.relay.reload(config).await.unwrap();
    assert_eq!(waiting.await.unwrap().whole().await.end, End::Clean);
    assert_eq!(weir.provider.stats().in_flight, 1, "what ran goes on");
}

#[tokio::test]
async fn another_declared_account_serves_and_what_cannot_be_used_changes_nothing() {
    let weir = Weir::setup().start().await;
    let toml = fs::read_to_string(weir.write_toml()).unwrap();
    let reload = async |toml: String| weir.relay.reload(Config::from_toml(&toml).unwrap()).await;
    let unset = toml.replace("api_key = \"", "api_key = \"env:WEIR_UNSET_");
    let error = reload(unset.replace("[listen]", "[body]\nmax_bytes = 1024\n[listen]")).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("account `a1`") && error.contains("WEIR_UNSET_"),
        "{error}"
    );
    let long = message("", &json!({ "system": "x".repeat(2000) }));
    assert_eq!(weir.ask(long).await.status, 200, "the bound is as it was");
    let renamed = toml
        .replace("accounts.a1", "accounts.b1")
        .replace("\"a1\"", "\"b1\"");
    reload(renamed).await.unwrap();
    assert_eq!(weir.ask(stream("")).await.whole().await.end, End::Clean);
    let accounts = weir.records(2).await;
    assert_eq!(*accounts[1].field("account"), "b1");
}

#[tokio::test]
async fn systemd_is_told_when_a_relay_is_ready_reloads_and_stops() {
    let weir = Weir::setup().start().await;
    let place = weir.redis.dir().join("notify");
    let socket = UnixDatagram::bind(&place).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let place: &str = String::leak(place.to_str().unwrap().to_owned());
    let variables = Vec::leak(vec![("NOTIFY_SOCKET", place)]);
    let log = weir.redis.dir().join("relay.log");
    let mut program = Program::start_with(&weir.write_toml(), &log, variables);
    let heard = || {
        let mut said = [0; 256];
        let length = socket.recv(&mut said).unwrap();
        String::from_utf8_lossy(&said[..length])
            .trim_end()
            .to_owned()
    };
    assert_eq!(heard(), "READY=1");
    program.signal(Signal::HUP);
    assert_eq!([heard(), heard()], ["RELOADING=1", "READY=1"]);
    assert!(program.terminate().success());
    assert_eq!(heard(), "STOPPING=1");
}
