//! The next turn of a conversation goes to the account that had the one before, and so has it in its prompt cache.

use std::collections::HashMap;

use harness::http::{Answer, Call};
use harness::{Speech, Weir};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use crate::upstreams::{fresh, fresh_stalling, text};

const CONVERSATIONS: usize = 200;
const TURNS: usize = 20;

/// What a client sends at its turn, counted from 0: all that was said, the mark of the cache on what is new.
fn turn(conversation: usize, turn: usize) -> Call {
    let said = |place: usize| {
        let role = ["user", "assistant"][place % 2];
        let words = format!("{conversation}: {place}");
        let mark = json!({"type": "ephemeral"});
        match place == 2 * turn {
            true => format!(
                r#"{{"role":"{role}","content":[{{"type":"text","text":"{words}","cache_control":{mark}}}]}}"#
            ),
            false => format!(r#"{{"role":"{role}","content":"{words}"}}"#),
        }
    };
    let messages: Vec<String> = (0..=2 * turn).map(said).collect();
    let messages = messages.join(",");
    let body = format!(
        r#"{{"model":"claude-mock-1","max_tokens":64,"stream":true,"messages":[{messages}],"system":"Be brief."}}"#
    );
    let latency = latency_ms(conversation, turn);
    let path = format!("/v1/messages?mock=chunks=1;latency_ms={latency}");
    Call::post(&path, body).header("anthropic-version", "2023-06-01")
}

/// How long the upstream takes for a turn: 40 to 80 ms, the same in every run.
fn latency_ms(conversation: usize, turn: usize) -> usize {
    40 + (conversation * 7919 + turn * 104_729) % 41
}

/// Has all conversations at once, turn after turn; the request ids of each, in the order of its turns.
async fn converse(weir: &Weir) -> Vec<Vec<String>> {
    let mut running = JoinSet::new();
    for conversation in 0..CONVERSATIONS {
        let (addr, key) = (weir.addr(), weir.key.clone());
        running.spawn(async move {
            let mut requests = Vec::new();
            for place in 0..TURNS {
                let call = turn(conversation, place).header("x-api-key", &key);
                let answer = call.send(addr).await;
                assert_eq!(answer.status, 200);
                let request = answer.header("x-weir-request-id").map(str::to_owned);
                requests.extend(request);
                answer.text().await;
            }
            requests
        });
    }
    running.join_all().await
}

/// How many turns, of those that have one before, were served by the account that served that one; and how many of all
/// were not let to it.
async fn kept(weir: &Weir, conversations: &[Vec<String>]) -> (usize, usize) {
    let records = weir.records(CONVERSATIONS * TURNS).await;
    let by_request: HashMap<String, (String, String)> = records
        .iter()
        .map(|record| {
            (
                text(record, "request"),
                (text(record, "account"), text(record, "chosen")),
            )
        })
        .collect();
    let account = |request: &String| by_request[request].0.as_str();
    let pairs = conversations.iter().flat_map(|turns| turns.windows(2));
    let kept = pairs
        .filter(|pair| account(&pair[0]) == account(&pair[1]))
        .count();
    let spilled = by_request
        .values()
        .filter(|(_, chosen)| chosen == "spilled")
        .count();
    (kept, spilled)
}

#[tokio::test]
async fn with_room_every_turn_goes_to_the_account_of_the_one_before() {
    let weir = Weir::setup().accounts(4).start().await;
    let conversations = converse(&weir).await;
    let (kept, spilled) = kept(&weir, &conversations).await;
    let turns = CONVERSATIONS * (TURNS - 1);
    assert!(kept * 1000 >= turns * 999, "{kept} of {turns}");
    assert_eq!(spilled, 0);
    let stats = weir.provider.stats();
    let generations = stats.keys.values().map(|key| key.generations);
    let (least, most) = (generations.clone().min(), generations.max());
    assert!(
        least.is_some_and(|least| least * 2 >= most.unwrap_or(0)),
        "all serve: {stats:?}"
    );
}

#[tokio::test]
async fn without_room_a_turn_goes_elsewhere_only_if_it_has_waited_in_vain() {
    let weir = Weir::setup()
        .accounts(4)
        .max_concurrent(4)
        .head("[admission]\naffinity_patience_ms = 700")
        .start()
        .await;
    let conversations = converse(&weir).await;
    let (kept, spilled) = kept(&weir, &conversations).await;
    let turns = CONVERSATIONS * (TURNS - 1);
    println!("{kept} of {turns} were served where the one before was, {spilled} were not let to");
    assert!(
        (kept + spilled) * 1000 >= turns * 995,
        "{kept} + {spilled} of {turns}"
    );
    assert!(spilled > 0, "it was not tight");
    assert_eq!(weir.provider.stats().violations, 0);
}

/// Two accounts for one request each, both held by somebody, and the one that has the conversation.
async fn held(patience_ms: u32) -> (Weir, Vec<(u32, Answer)>, u32) {
    let patience = format!("[admission]\naffinity_patience_ms = {patience_ms}");
    let weir = Weir::setup()
        .accounts(2)
        .max_concurrent(1)
        .head(&patience)
        .start()
        .await;
    weir.ask(turn(0, 0)).await.text().await;
    let account = text(&weir.records(1).await[0], "account");
    let knows = account
        .trim_start_matches('a')
        .parse()
        .expect("it is numbered");
    weir.until_nothing_is_held().await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let answer = weir.ask(fresh_stalling()).await;
        let request = answer.header("x-weir-request-id").map(str::to_owned);
        let place =
            (1..=2).find(|account| weir.account_slots(*account).first() == request.as_ref());
        held.push((place.expect("it holds a slot"), answer));
    }
    (weir, held, knows)
}

#[tokio::test]
async fn the_account_that_knows_the_conversation_is_waited_for() {
    let (weir, held, knows) = held(600_000).await;
    let next = weir.spawn(turn(0, 1));
    drop(held);
    next.await.unwrap().text().await;
    let record = &weir.records(4).await[3];
    assert_eq!(text(record, "account"), format!("a{knows}"));
    assert_eq!(text(record, "chosen"), "affinity");
}

#[tokio::test]
async fn the_account_that_knows_the_conversation_is_not_waited_for_in_vain() {
    let (weir, mut held, knows) = held(1_000).await;
    held.retain(|(account, _)| *account == knows);
    let answer = weir.ask(turn(0, 1)).await;
    let waited: u64 = answer.number("x-weir-wait-ms");
    assert!((900..60_000).contains(&waited), "{waited}");
    answer.text().await;
    let records = weir.records(3).await;
    let last = records.last().expect("there are some");
    assert_eq!(text(last, "account"), format!("a{}", 3 - knows));
    assert_eq!(text(last, "chosen"), "spilled");
}

#[tokio::test]
async fn a_session_that_the_client_names_is_known_by_that() {
    let weir = Weir::setup().accounts(4).start().await;
    let session = |name: &str| fresh().header("x-claude-code-session-id", name);
    for _ in 0..4 {
        for name in ["one", "two"] {
            weir.ask(session(name)).await.text().await;
        }
    }
    let records = weir.records(8).await;
    let accounts: Vec<String> = records
        .iter()
        .map(|record| text(record, "account"))
        .collect();
    assert_ne!(accounts[0], accounts[1]);
    for (place, account) in accounts.iter().enumerate() {
        assert_eq!(*account, accounts[place % 2]);
    }
}

#[tokio::test]
async fn a_sub_agent_begins_where_its_session_is_and_goes_on_where_it_was_served() {
    let weir = Weir::setup()
        .accounts(2)
        .max_concurrent(1)
        .head("[admission]\naffinity_patience_ms = 200")
        .start()
        .await;
    let of_session = |call: Call| call.header("x-claude-code-session-id", "one");
    let sub_agent = |name: &str| of_session(fresh()).header("x-claude-code-agent-id", name);
    // Nobody has waited in vain for what the one before was about to give back.
    for call in [of_session(fresh()), sub_agent("a")] {
        weir.ask(call).await.text().await;
        weir.until_nothing_is_held().await;
    }
    let held = weir.ask(of_session(fresh_stalling())).await;
    weir.ask(sub_agent("b")).await.text().await;
    drop(held);
    weir.until_nothing_is_held().await;
    for name in ["a", "b"] {
        weir.ask(sub_agent(name)).await.text().await;
        weir.until_nothing_is_held().await;
    }
    let records = weir.records(6).await;
    let account = |place: usize| text(&records[place], "account");
    let chosen: Vec<String> = records
        .iter()
        .map(|record| text(record, "chosen"))
        .collect();
    let session = account(0);
    let spilled = chosen
        .iter()
        .position(|chosen| chosen == "spilled")
        .expect("one is");
    let elsewhere = account(spilled);
    assert_ne!(elsewhere, session);
    assert_eq!(
        [account(1), account(4), account(5)],
        [session.clone(), session, elsewhere],
        "{chosen:?}"
    );
    assert_eq!([&chosen[1], &chosen[4], &chosen[5]], ["affinity"; 3]);
}

/// Of conversations of two turns.
const RECORDED: [(Speech, &str); 3] = [
    (
        Speech::Messages,
        include_str!("../../relay/src/affinity/recorded/claude_code.json"),
    ),
    (
        Speech::Responses,
        include_str!("../../relay/src/affinity/recorded/codex.json"),
    ),
    (
        Speech::Gemini,
        include_str!("../../relay/src/affinity/recorded/gemini_cli.json"),
    ),
];

#[tokio::test]
async fn what_clients_really_send_goes_to_the_account_of_their_first_request() {
    for (speech, recorded) in RECORDED {
        let weir = Weir::setup()
            .accounts(9)
            .kinds(&["anthropic", "openai", "gemini"])
            .start()
            .await;
        let requests: Vec<HashMap<&str, &RawValue>> =
            serde_json::from_str(recorded).expect("it is JSON");
        for request in &requests {
            let mut call = Call::post(speech.path_of_stream(), request["body"].get().to_owned());
            let headers: HashMap<&str, &str> =
                serde_json::from_str(request["headers"].get()).expect("they are strings");
            for (name, value) in headers {
                call = call.header(name, value);
            }
            weir.ask(call).await.text().await;
        }
        let records = weir.records(requests.len()).await;
        for later in &records[1..] {
            assert_eq!(text(later, "account"), text(&records[0], "account"));
            assert_ne!(text(later, "chosen"), "least_loaded", "{speech:?}");
        }
    }
}
