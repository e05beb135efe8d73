//! Operators over TLS: a browser sends what it is known by over nothing else.

use harness::http::{Answer, Call};
use harness::operator::{PASSWORD, sign_in};
use harness::{Certificate, Weir};
use tempfile::TempDir;

#[tokio::test]
async fn who_signs_in_over_tls_is_known_over_tls_alone() {
    let (dir, shown) = (TempDir::new().unwrap(), Certificate::new());
    let setup = Weir::setup().operators();
    let line = format!("operators_tls = {}", shown.write(dir.path()));
    let weir = setup.listen_line(&line).start().await;
    let role = weir_relay::role::Role::Admin;
    weir.create_operator("ann", role).await;
    let ask = async |call: Call| -> Answer {
        let tls = shown.connect(weir.operators_addr()).await.unwrap();
        call.send_over(tls, "localhost").await.unwrap()
    };

    let answer = ask(sign_in("ann", PASSWORD)).await;
    assert_eq!(answer.status, 200);
    let cookies = answer.headers.get_all("set-cookie").iter();
    let cookies: Vec<&str> = cookies.filter_map(|cookie| cookie.to_str().ok()).collect();
    assert_eq!(cookies.len(), 2);
    for cookie in &cookies {
        assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
        assert!(cookie.ends_with("; Secure"), "{cookie}");
    }
    let session = cookies[0].split(';').next().unwrap_or_default();
    let known = ask(Call::get("/api/session").header("cookie", session)).await;
    for answer in [answer, known, ask(Call::get("/")).await] {
        let lasting = answer.header("strict-transport-security");
        assert_eq!((answer.status, lasting), (200, Some("max-age=31536000")));
    }
    let url = weir.relay.operators_url().expect("operators are served");
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let clear = Call::get("/").try_send(weir.operators_addr()).await;
    assert!(clear.is_err());
}
