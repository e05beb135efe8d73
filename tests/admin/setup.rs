//! The first operator, and those who are locked out.

use harness::http::{Answer, Call};
use harness::operator::{PASSWORD, with_json};
use harness::program::{operate, says};
use harness::{Operator, Weir};
use hyper::Method;
use serde_json::{Value, json};

async fn weir() -> Weir {
    Weir::setup().operators().start().await
}

async fn token(weir: &Weir) -> String {
    let token = weir.relay.setup_token().await.expect("Redis is there");
    token.expect("there is nobody yet").reveal().to_owned()
}

async fn set_up(weir: &Weir, token: &str, name: &str) -> Answer {
    let body = json!({"token": token, "name": name, "password": PASSWORD});
    let call = with_json(Method::POST, "/api/setup", &body);
    call.send(weir.operators_addr()).await
}

async fn code(answer: Answer) -> (u16, Value) {
    (answer.status, answer.json().await["error"]["code"].clone())
}

#[tokio::test]
async fn the_first_operator_is_made_with_the_token_and_is_signed_in() {
    let weir = weir().await;
    let anonymous = Call::get("/api/session").send(weir.operators_addr()).await;
    assert_eq!(code(anonymous).await, (401, json!("setup_required")));
    let answer = set_up(&weir, &token(&weir).await, "ann").await;
    assert_eq!(answer.status, 201);
    let ann = Operator::of_session(weir.operators_addr(), answer).await;
    assert_eq!(ann.see("/api/session").await["role"], "admin");
    assert!(weir.relay.setup_token().await.unwrap().is_none());
}

#[tokio::test]
async fn a_token_is_used_up_once_and_with_it_all_others() {
    let weir = weir().await;
    let (first, second) = (token(&weir).await, token(&weir).await);
    assert_eq!(set_up(&weir, &second, "ann").await.status, 201);
    for token in [&first, &second] {
        let again = set_up(&weir, token, "bob").await;
        assert_eq!(code(again).await, (409, json!("set_up_already")));
    }
    let anonymous = Call::get("/api/session").send(weir.operators_addr()).await;
    assert_eq!(code(anonymous).await, (401, json!("signed_out")));
}

#[tokio::test]
async fn of_many_at_the_same_moment_one_is_the_first() {
    let weir = weir().await;
    let token = token(&weir).await;
    let (one, other) = tokio::join!(set_up(&weir, &token, "ann"), set_up(&weir, &token, "bob"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn any_relay_takes_the_token_that_another_one_made() {
    let weir = weir().await;
    let other = weir.another_relay().await;
    let token = other
        .setup_token()
        .await
        .unwrap()
        .expect("there is nobody yet");
    assert_eq!(set_up(&weir, token.reveal(), "ann").await.status, 201);
}

#[tokio::test]
async fn a_wrong_token_and_a_weak_password_are_refused() {
    let weir = weir().await;
    let refused = set_up(&weir, "weir_setup_forged", "ann").await;
    assert_eq!(code(refused).await, (401, json!("wrong_token")));
    let token = token(&weir).await;
    for (name, password, field) in [("a b", PASSWORD, "name"), ("ann", "too short", "password")] {
        let body = json!({"token": token, "name": name, "password": password});
        let call = with_json(Method::POST, "/api/setup", &body);
        let refused = call.send(weir.operators_addr()).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.json().await["error"]["field"], field);
    }
    let whole = weir.redis.call("KEYS *setup*");
    assert!(
        !format!("{whole:?}").contains(&token),
        "only its digest is kept"
    );
    assert_eq!(
        set_up(&weir, &token, "ann").await.status,
        201,
        "it still counts"
    );
}

#[tokio::test]
async fn a_relay_prints_where_the_first_operator_is_made() {
    let weir = Weir::start().await;
    let log = weir.redis.dir().join("operators.log");
    let program = harness::Program::start_with_operators(&weir.write_toml(), &log);
    let url = format!("http://{}/setup#weir_setup_", program.operators_addr());
    let printed = harness::eventually("it is printed", || {
        let log = program.log();
        let token = log.split_once(&url).map(|(_, token)| token.to_owned());
        token.filter(|token| token.contains('\n')).ok_or(log)
    });
    let token = printed.lines().next().expect("a line ends");
    let body = json!({"token": format!("weir_setup_{token}"), "name": "ann", "password": PASSWORD});
    let call = with_json(Method::POST, "/api/setup", &body);
    assert_eq!(call.send(program.operators_addr()).await.status, 201);
}

#[tokio::test]
async fn nobody_is_locked_out_who_has_a_shell() {
    let weir = weir().await;
    let toml = weir.write_toml();
    let token = operate(&toml, &["operator", "setup-token"]).unwrap();
    assert!(token["token"].as_str().unwrap().starts_with("weir_setup_"));
    let made = operate(&toml, &["operator", "create", "ann"]).unwrap();
    let body = json!({"name": "ann", "password": made["password"]});
    let call = with_json(Method::POST, "/api/session", &body);
    let answer = call.clone().send(weir.operators_addr()).await;
    let ann = Operator::of_session(weir.operators_addr(), answer).await;
    operate(&toml, &["operator", "password", "ann"]).unwrap();
    assert_eq!(
        ann.get("/api/session").await.status,
        401,
        "her session has ended"
    );
    assert_eq!(call.send(weir.operators_addr()).await.status, 401);
    assert!(says(&toml, "operator list").contains("admin     ann"));
    for (words, why) in [
        (&["operator", "delete", "ann"][..], "somebody"),
        (&["operator", "setup-token"], "there is an operator"),
        (&["operator", "create", "ann"], "already"),
    ] {
        let refused = operate(&toml, words).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
}
