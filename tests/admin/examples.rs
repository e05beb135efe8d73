//! The examples of `docs/admin-api.md` are run as they stand.

use std::process::Command;

use harness::Weir;
use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("../../docs/admin-api.md");
const RUN: &str = "<!-- a test runs this: $URL, $TOKEN -->\n```sh\n";

fn examples() -> Vec<&'static str> {
    let after = DOCUMENT.split(RUN).skip(1);
    after.filter_map(|text| text.split("```").next()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_of_the_document_is_answered() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    let token = json!({"name": "examples", "role": "admin"});
    let token = admin.post("/api/tokens", &token).await.json().await;
    let examples = examples();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let mut shell = Command::new("bash");
        shell.args(["-euc", example]);
        shell.env("URL", format!("http://{}", admin.addr()));
        shell.env("TOKEN", token["token"].as_str().expect("it is shown once"));
        let out = shell.output().expect("there is a shell");
        assert!(out.status.success(), "{example}: {out:?}");
        let answer: Value = serde_json::from_slice(&out.stdout).expect("it is JSON");
        assert!(answer.is_object(), "{answer}");
    }
}
