//! A flood of sign-ins from everywhere: passwords are hashed a few at once, whoever cannot be heard is told when to come
//! back, and nobody else notices.

use harness::http::Call;
use harness::operator::{PASSWORD, sign_in};
use harness::weir::message;
use harness::{Operator, Program, Weir, eventually_async};
use serde_json::json;

/// More than are hashed while one waits for its turn.
const FLOOD: usize = 1_200;
const TRIES: usize = 10;

/// A stranger's try, from an address of their own.
fn stranger(number: usize) -> Call {
    let from = format!("10.1.{}.{}", number / 250, number % 250);
    let call = sign_in(&format!("someone{number}"), "not the password");
    call.header("x-forwarded-for", &from).coming_once()
}

#[tokio::test]
async fn a_flood_of_strangers_delays_no_one_who_has_been_here_and_no_caller() {
    let setup = Weir::setup().operators();
    let setup = setup.listen_line("trusted_proxies = [\"127.0.0.1\"]");
    let weir = setup.start().await;
    let ann = weir.operator().await;
    let log = weir.redis.dir().join("flooded.log");
    // A process of its own: what is flooded is shared by all that is in it.
    let program = Program::start_with_operators(&weir.write_toml(), &log);
    let addr = program.operators_addr();
    let flood = (0..FLOOD).map(|number| tokio::spawn(stranger(number).send(addr)));
    let flood: Vec<_> = flood.collect();

    let again = sign_in(&ann.name, PASSWORD).header("cookie", ann.cookies());
    let again = Operator::of_session(addr, again.send(addr).await).await;
    assert_eq!(again.get("/api/session").await.status, 200);
    let served = weir.with_key(message("", &json!({}))).send(program.addr());
    assert_eq!(served.await.status, 200);

    let mut busy = Vec::new();
    for (number, answer) in flood.into_iter().enumerate() {
        let answer = answer.await.expect("it is answered");
        match answer.status {
            401 => {}
            503 => {
                assert!(answer.number("retry-after") >= 1);
                assert_eq!(answer.json().await["error"]["code"], "busy");
                busy.push(number);
            }
            status => panic!("{status}: {}", answer.text().await),
        }
    }
    let unheard = *busy.first().expect("not all of them were heard");
    assert_costs_no_try(unheard, &program).await;
}

/// Who was not heard may still try as often as anybody.
async fn assert_costs_no_try(number: usize, program: &Program) {
    for _ in 0..TRIES {
        eventually_async("they are heard", async || {
            match stranger(number).send(program.operators_addr()).await.status {
                401 => Ok(()),
                status => Err(status.to_string()),
            }
        })
        .await;
    }
    let throttled = stranger(number).send(program.operators_addr()).await;
    assert_eq!(throttled.status, 429);
}
