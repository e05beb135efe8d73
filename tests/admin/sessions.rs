//! How long somebody is signed in, and by what their browser is known.

use harness::operator::{PASSWORD, sign_in};
use harness::{Operator, Redis, Weir, eventually_async};
use serde_json::json;

async fn weir() -> Weir {
    Weir::setup().operators().start().await
}

#[tokio::test]
async fn a_session_tells_who_is_signed_in_and_until_when() {
    let weir = weir().await;
    let ann = weir.operator().await;
    let session = ann.see("/api/session").await;
    assert_eq!(
        (&session["name"], &session["role"]),
        (&json!(ann.name), &json!("admin"))
    );
    assert!(session["expires_ms"].is_u64() && session["csrf"].is_string());
}

#[tokio::test]
async fn no_script_reads_the_cookie_and_no_other_site_has_it_sent() {
    let weir = weir().await;
    let ann = weir.operator().await;
    let answer = sign_in(&ann.name, PASSWORD).send(ann.addr()).await;
    let cookies = answer.headers.get_all("set-cookie").iter();
    let cookies: Vec<String> = cookies
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect();
    assert_eq!(cookies.len(), 2);
    for cookie in &cookies {
        assert!(
            cookie.contains("; Path=/; HttpOnly; SameSite=Strict; Max-Age="),
            "{cookie}"
        );
        assert!(!cookie.contains("Secure"), "it came in clear text");
    }
    let proxied = sign_in(&ann.name, PASSWORD).header("x-forwarded-proto", "https");
    let answer = proxied.send(ann.addr()).await;
    assert!(
        answer
            .header("set-cookie")
            .is_some_and(|cookie| cookie.ends_with("; Secure"))
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_everywhere() {
    let weir = weir().await;
    let ann = weir.operator().await;
    let other = weir.another_relay().await;
    let elsewhere = ann.at(other.operators_addr().expect("it serves operators"));
    assert_eq!(elsewhere.get("/api/session").await.status, 200);
    let out = ann.delete("/api/session").await;
    assert_eq!(out.status, 204);
    assert!(
        out.header("set-cookie")
            .is_some_and(|cookie| cookie.contains("Max-Age=0"))
    );
    assert_eq!(elsewhere.get("/api/session").await.status, 401);
}

#[tokio::test]
async fn signing_in_again_takes_the_place_of_the_session_before() {
    let weir = weir().await;
    let ann = weir.operator().await;
    let again = sign_in(&ann.name, PASSWORD).header("cookie", ann.cookies());
    let again = Operator::of_session(ann.addr(), again.send(ann.addr()).await).await;
    assert_ne!(ann.cookies(), again.cookies());
    assert_eq!(ann.get("/api/session").await.status, 401);
    assert_eq!(again.get("/api/session").await.status, 200);
}

#[tokio::test]
async fn another_password_ends_all_other_sessions() {
    let weir = weir().await;
    let ann = weir.operator().await;
    let elsewhere = Operator::sign_in(ann.addr(), &ann.name).await;
    let change = json!({"old": PASSWORD, "new": "another horse battery"});
    let wrong = json!({"old": "not the password", "new": "another horse battery"});
    let weak = json!({"old": PASSWORD, "new": "short"});
    for (body, field) in [(wrong, "old"), (weak, "new")] {
        let refused = ann.put("/api/session/password", &body).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.json().await["error"]["field"], field);
    }
    assert_eq!(elsewhere.get("/api/session").await.status, 200);
    assert_eq!(ann.put("/api/session/password", &change).await.status, 204);
    assert_eq!(ann.get("/api/session").await.status, 200);
    assert_eq!(elsewhere.get("/api/session").await.status, 401);
    assert_eq!(
        sign_in(&ann.name, PASSWORD).send(ann.addr()).await.status,
        401
    );
    let new = sign_in(&ann.name, "another horse battery")
        .send(ann.addr())
        .await;
    assert_eq!(new.status, 200);
}

#[tokio::test]
async fn a_session_ends_when_nothing_is_done() {
    let setup = Weir::setup().operators().head("[sessions]\nidle_ms = 5000");
    let weir = setup.start().await;
    let ann = weir.operator().await;
    assert_eq!(ann.get("/api/session").await.status, 200);
    eventually_async("no session is kept", async || {
        let kept = weir.redis.call("KEYS *:session:*");
        match kept.items().is_empty() {
            true => Ok(()),
            false => Err(format!("{kept:?}")),
        }
    })
    .await;
    assert_eq!(ann.get("/api/session").await.status, 401);
}

#[tokio::test]
async fn a_session_goes_on_while_it_is_used() {
    let setup = Weir::setup().operators().head("[sessions]\nidle_ms = 5000");
    let weir = setup.start().await;
    let ann = weir.operator().await;
    let ends = async || {
        ann.see("/api/session").await["expires_ms"]
            .as_u64()
            .unwrap()
    };
    let first = ends().await;
    eventually_async(
        "its end is moved beyond the first one",
        async || match ends().await {
            later if later > first + 5000 => Ok(()),
            later => Err(format!("{later}, at first {first}")),
        },
    )
    .await;
}

#[tokio::test]
async fn a_session_ends_at_last_however_much_is_done() {
    let setup = Weir::setup()
        .operators()
        .head("[sessions]\ntotal_ms = 1000");
    let weir = setup.start().await;
    let ann = weir.operator().await;
    eventually_async("it has ended", async || {
        match ann.get("/api/session").await.status {
            401 => Ok(()),
            status => Err(status.to_string()),
        }
    })
    .await;
}

#[tokio::test]
async fn neither_passwords_nor_what_signs_in_are_kept() {
    let plain = Redis::builder().arg("rdbcompression", "no");
    let weir = Weir::setup().operators().redis(plain).start().await;
    let ann = weir.operator().await;
    assert_eq!(weir.redis.call("SAVE"), "OK");
    let kept = std::fs::read(weir.redis.dir().join("dump.rdb")).expect("it was saved");
    let is_kept = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(
        is_kept("$argon2id$") && is_kept(&ann.name),
        "all that is kept was looked at"
    );
    let secrets = ann
        .cookies()
        .split("; ")
        .filter_map(|pair| pair.split_once('='));
    for secret in secrets.map(|(_, secret)| secret).chain([PASSWORD]) {
        assert!(!is_kept(secret), "{secret} is in Redis");
    }
}
