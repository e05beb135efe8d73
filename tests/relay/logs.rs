//! What the program tells on stderr: in which form, and of which requests.

use harness::program::Program;
use harness::weir::message;
use harness::{Weir, eventually_async};
use serde_json::{Value, json};

const SAID: &str = "nobody else is to read this";

async fn weir(lines: &str) -> Weir {
    let head = format!("[log]\nformat = \"json\"\n{lines}");
    Weir::setup().head(&head).start().await
}

/// Two requests, of which the second has a key that nobody knows; their ids.
async fn asked(weir: &Weir, program: &Program) -> [String; 2] {
    let said = json!({"messages": [{"role": "user", "content": SAID}]});
    let call = message("input_tokens=7;output_tokens=5", &said);
    let served = weir.with_key(call.clone()).send(program.addr()).await;
    let stranger = call.header("x-api-key", "sk-of-a-stranger");
    let refused = stranger.send(program.addr()).await;
    assert_eq!((served.status, refused.status), (200, 401));
    let id = |answer: &harness::http::Answer| {
        let id = answer.header("x-weir-request-id");
        id.expect("every answer has one").to_owned()
    };
    let ids = [id(&served), id(&refused)];
    served.text().await;
    ids
}

fn lines_of(program: &Program, request: &str) -> Vec<Value> {
    let log = program.log();
    let lines = log.lines().filter(|line| line.contains(request));
    let read = lines.map(|line| serde_json::from_str(line).expect("each line is an object"));
    read.collect()
}

#[tokio::test]
async fn each_request_is_a_line_where_operators_want_that() {
    let weir = weir("requests = true").await;
    let program = weir.start_program();
    let [served, refused] = asked(&weir, &program).await;
    for (request, expected) in [
        (
            served,
            json!({"message": "a request ended", "key": weir.key_id, "group": "main", "account": "a1",
                "dialect": "messages", "model": "claude-mock-1", "outcome": "done", "status": 200,
                "input": 7, "output": 5}),
        ),
        (
            refused,
            json!({"message": "a request was refused", "dialect": "messages", "status": 401,
                "error": "weir_invalid_key"}),
        ),
    ] {
        let line = eventually_async("it is told", async || {
            match lines_of(&program, &request).as_slice() {
                [line] => Ok(line.clone()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        let told = &line["fields"];
        for (field, value) in expected.as_object().expect("it is one") {
            assert_eq!(&told[field], value, "{field} of {line}");
        }
    }
    let log = program.log();
    for hidden in [SAID, &weir.key, "sk-of-a-stranger", "sk-ant-simulated"] {
        assert!(!log.contains(hidden), "{hidden} stands in {log}");
    }
}

#[tokio::test]
async fn requests_are_no_lines_unless_somebody_wants_that() {
    let weir = weir("").await;
    let program = weir.start_program();
    let ids = asked(&weir, &program).await;
    weir.records(1).await;
    let log = program.log();
    assert!(ids.iter().all(|id| !log.contains(id)), "{log}");
}

#[tokio::test]
async fn the_environment_says_what_is_told_whatever_the_file_says() {
    let weir = weir("filter = \"warn\"\nrequests = true").await;
    let toml = weir.write_toml();
    let quiet = Program::start(&toml, &weir.redis.dir().join("quiet.log"));
    let log = weir.redis.dir().join("told.log");
    let variables = &[
        ("WEIR_LOG", "off,weir::request=info"),
        ("WEIR_LOG_FORMAT", "text"),
    ];
    let told = Program::start_with(&toml, &log, variables);
    for program in [&quiet, &told] {
        asked(&weir, program).await;
    }
    eventually_async("both are told", async || match told.log() {
        log if log.lines().count() == 2 && !log.contains('{') => Ok(()),
        log => Err(log),
    })
    .await;
    weir.records(2).await;
    assert!(!quiet.log().contains("a request"), "{}", quiet.log());
}
