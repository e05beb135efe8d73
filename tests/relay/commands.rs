//! What operators ask the program itself: whether all is well, whether a file is good, its manual.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use harness::{Weir, config::program};
use serde_json::Value;

fn weir(arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.args(arguments);
    command.output().expect("the program starts")
}

fn with(toml: &Path, arguments: &[&str]) -> Output {
    let toml = toml.to_str().expect("a path of ours is text");
    weir(&[arguments, &["--config", toml]].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What the doctor says of a thing: its level, and what it found.
fn said(findings: &Value, what: &str) -> (String, String) {
    let all = findings.as_array().expect("it is a list");
    let found = all.iter().find(|finding| finding["what"] == what);
    let found = found.unwrap_or_else(|| panic!("nothing of {what} in {findings}"));
    let word = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (word("level"), word("found"))
}

#[tokio::test]
async fn the_doctor_finds_what_is_well_and_what_is_not() {
    let weir = Weir::setup().accounts(2).start().await;
    let toml = weir.write_toml();
    let out = with(&toml, &["doctor", "--json"]);
    assert!(out.status.success(), "{out:?}");
    let findings: Value = serde_json::from_slice(&out.stdout).unwrap();
    for what in [
        "config",
        "redis version",
        "module",
        "redis clock",
        "account a1",
        "account a2",
    ] {
        assert_eq!(said(&findings, what).0, "ok", "{what}");
    }
    assert_eq!(said(&findings, "module").1, "0.1.0");
    // The tests' servers keep nothing on disk.
    assert_eq!(said(&findings, "appendonly").0, "warn");
    assert!(
        weir.provider.stats().requests.is_empty(),
        "the doctor spends nothing"
    );
    let text = text(&with(&toml, &["doctor"]).stdout);
    assert!(
        text.contains("ok    redis version: redis") || text.contains("ok    redis version: valkey"),
        "{text}"
    );
}

#[tokio::test]
async fn the_doctor_fails_where_requests_would() {
    let weir = Weir::setup().base_url("http://127.0.0.1:1").start().await;
    let toml = weir.write_toml();
    let out = with(&toml, &["doctor", "--json"]);
    assert!(!out.status.success());
    let findings: Value = serde_json::from_slice(&out.stdout).unwrap();
    let (level, found) = said(&findings, "account a1");
    assert!(
        level == "fail" && found.contains("is not reached"),
        "{found}"
    );
    fs::write(&toml, "[redis]\nurl = \"unix:///nowhere/redis.sock\"").unwrap();
    let out = with(&toml, &["doctor", "--json"]);
    let findings: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(said(&findings, "redis").0, "fail");
    assert!(!out.status.success());
}

#[tokio::test]
async fn a_file_is_checked_and_shown_without_a_relay() {
    let weir = Weir::setup().start().await;
    let toml = weir.write_toml();
    let out = with(&toml, &["config", "check", "--json"]);
    let checked: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(
        (&checked["accounts"], &checked["groups"]),
        (&1.into(), &1.into())
    );
    let shown = text(&with(&toml, &["config", "show"]).stdout);
    assert!(
        shown.contains("api_key = \"(given)\"") && shown.contains("silence_ms = 15000"),
        "{shown}"
    );
    let good = fs::read_to_string(&toml).unwrap();
    for (bad, expected) in [
        (
            good.replace("[listen]\n", "[listen]\nnonsense = 1\n"),
            "line 2",
        ),
        (
            good.replace("api_key = \"", "api_key = \"env:WEIR_UNSET_"),
            "account `a1`",
        ),
        (
            good.replace(
                "[listen]\n",
                "[listen]\ntls = { certificate = \"none\", key = \"none\" }\n",
            ),
            "listen.tls: cannot read none",
        ),
    ] {
        fs::write(&toml, bad).unwrap();
        let out = with(&toml, &["config", "check"]);
        let why = text(&out.stderr);
        assert!(!out.status.success() && why.contains(expected), "{why}");
    }
}

#[test]
fn shells_and_readers_get_what_they_need_of_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    assert!(weir(&["man", path]).status.success());
    let page = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    assert!(page("weir.1").contains(".TH weir 1"));
    assert!(page("weir-key-create.1").contains("max\\-concurrent"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = text(&weir(&["completion", shell]).stdout);
        assert!(script.contains("mock-provider"), "{shell}: {script}");
    }
}
