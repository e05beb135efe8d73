//! Other sites, and names that they lead here: no request of theirs is heard, and nothing of ours is shown inside them.

use harness::Weir;
use harness::http::Call;
use harness::operator::{PASSWORD, sign_in};
use serde_json::Value;
use tokio::net::TcpStream;

#[tokio::test]
async fn no_other_site_makes_a_browser_ask() {
    let weir = Weir::setup().operators().start().await;
    let ann = weir.operator().await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "http://127.0.0.1:3000"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let calls = [
            Call::get("/api/accounts"),
            sign_in(&ann.name, PASSWORD),
            Call::post("/api/setup", "{}"),
        ];
        for call in calls {
            let answer = ann.send(call.header(name, value)).await;
            let status = answer.status;
            let code = answer.json().await["error"]["code"].clone();
            assert_eq!(
                (status, code),
                (403, "cross_site".into()),
                "{name}: {value}"
            );
        }
    }
    let own = format!("http://{}", ann.addr());
    let call = Call::get("/api/accounts").header("origin", &own);
    let call = call.header("sec-fetch-site", "same-origin");
    assert_eq!(ann.send(call).await.status, 200);
}

#[tokio::test]
async fn a_name_that_leads_here_without_being_ours_is_refused() {
    let setup = Weir::setup().operators();
    let setup = setup.listen_line("operators_hosts = [\"weir.example.com\"]");
    let weir = setup.start().await;
    let addr = weir.operators_addr();
    for (host, expected) in [
        ("evil.example", 421),
        ("evil.example:8081", 421),
        ("localhost:8081", 200),
        ("weir.example.com", 200),
        ("127.0.0.1", 200),
    ] {
        for path in ["/", "/readyz"] {
            let stream = TcpStream::connect(addr).await.expect("it listens");
            let answer = Call::get(path)
                .send_over(stream, host)
                .await
                .expect("it answers");
            assert_eq!(answer.status, expected, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_to_keep_others_out() {
    let weir = Weir::setup().operators().start().await;
    let ann = weir.operator().await;
    for path in ["/", "/api/session", "/api/nonsense", "/readyz"] {
        let answer = ann.get(path).await;
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.starts_with("default-src 'self';"),
            "{path}: {policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path} {name}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(
            answer.header("strict-transport-security"),
            None,
            "it is clear text"
        );
    }
    let session = ann.get("/api/session").await;
    assert_eq!(session.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_form_of_another_page_is_no_request() {
    let weir = Weir::setup().operators().start().await;
    let ann = weir.operator().await;
    let body = serde_json::json!({"name": ann.name, "password": PASSWORD}).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let call = Call::post("/api/session", body.clone()).header("content-type", kind);
        let answer = call.send(ann.addr()).await;
        assert_eq!(answer.status, 415);
        let error: Value = answer.json().await;
        assert_eq!(error["error"]["code"], "not_json");
    }
}
