//! What the relay withstands: accounts that lead inside, connections that are too many or say nothing, keys that are
//! guessed, requests of which two readers would understand two things.

use std::net::SocketAddr;
use std::{fs, io};

use harness::http::Call;
use harness::weir::message;
use harness::{Redis, Weir, time};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

fn fresh() -> Call {
    message("", &json!({}))
}

/// What comes until the relay hangs up.
async fn heard(mut line: TcpStream) -> String {
    let mut heard = Vec::new();
    // A connection that was reset has heard what it has heard.
    drop(line.read_to_end(&mut heard).await);
    String::from_utf8_lossy(&heard).into_owned()
}

async fn connect(to: SocketAddr) -> TcpStream {
    TcpStream::connect(to).await.expect("the relay listens")
}

/// An account at a name that the system knows to be this machine, and the relay does not.
async fn account_that_leads_inside(to: &Weir, more: &str) -> Weir {
    let port = to.provider.addr().port();
    Weir::setup()
        .base_url(&format!("http://LocalHost:{port}"))
        .account_line("allow_http = true")
        .account_line(more)
        .start()
        .await
}

#[tokio::test]
async fn an_account_whose_name_leads_inside_is_reached_only_where_that_is_allowed() {
    let own = Weir::start().await;
    let weir = account_that_leads_inside(&own, "").await;
    let answer = weir.ask(fresh()).await;
    let error = answer.header("x-weir-error");
    assert_eq!(
        (answer.status, error),
        (502, Some("weir_upstream_unreachable"))
    );
    assert!(own.provider.stats().requests.is_empty());
    let weir = account_that_leads_inside(&own, "allow_private = true").await;
    assert_eq!(weir.ask(fresh()).await.status, 200);
}

#[tokio::test]
async fn one_connection_too_many_is_hung_up_on() {
    let weir = Weir::setup().head("[connections]\nmax = 2\n").start().await;
    let held = [connect(weir.addr()).await, connect(weir.addr()).await];
    assert_eq!(heard(connect(weir.addr()).await).await, "");
    drop(held);
    weir.until_status(200).await;
}

/// The relay is on this thread and accepts nobody meanwhile.
#[tokio::test]
async fn a_crowd_that_comes_at_once_finds_room_until_it_is_accepted() {
    let weir = Weir::start().await;
    let patience = std::time::Duration::from_secs(10);
    let crowd: io::Result<Vec<_>> = (0..1_000)
        .map(|_| std::net::TcpStream::connect_timeout(&weir.addr(), patience))
        .collect();
    drop(crowd.expect("there is room for all"));
    weir.until_status(200).await;
}

#[tokio::test]
async fn one_address_is_not_given_all_connections() {
    let weir = Weir::setup()
        .head("[connections]\nmax_per_ip = 1\n")
        .start()
        .await;
    let held = connect(weir.addr()).await;
    assert_eq!(heard(connect(weir.addr()).await).await, "");
    drop(held);
    weir.until_status(200).await;
}

#[tokio::test]
async fn who_drips_a_request_is_hung_up_on_and_holds_up_nobody() {
    let weir = Weir::setup()
        .head("[connections]\nhead_ms = 5000\n")
        .start()
        .await;
    let mut dripping = JoinSet::new();
    for _ in 0..50 {
        let mut line = connect(weir.addr()).await;
        dripping.spawn(async move {
            line.write_all(b"POST /v1/messages HTTP/1.1\r\nhost: weir\r\n")
                .await
                .unwrap();
            heard(line).await
        });
    }
    assert_eq!(weir.ask(fresh()).await.status, 200);
    for heard in dripping.join_all().await {
        assert!(
            heard.is_empty() || heard.starts_with("HTTP/1.1 408"),
            "{heard}"
        );
    }
}

/// Sends so many requests with a key that nobody has, one behind the other, over one connection: how many are refused.
async fn guess(to: SocketAddr, guesses: usize) -> usize {
    let (reading, mut writing) = connect(to).await.into_split();
    let with = |more: &str| {
        let key = "a".repeat(52);
        format!(
            "GET /v1/models HTTP/1.1\r\nhost: weir\r\nx-api-key: weir_default_{key}\r\n{more}\r\n"
        )
    };
    let requests = with("").repeat(guesses - 1) + &with("connection: close\r\n");
    // Who closes its side has left: it stays open until all is heard.
    let asking = tokio::spawn(async move {
        let sent = writing.write_all(requests.as_bytes()).await;
        sent.expect("the relay listens");
        writing
    });
    let mut heard = String::new();
    let mut reading = BufReader::new(reading);
    let answered = reading.read_to_string(&mut heard).await;
    answered.expect("it answers all");
    drop(asking.await.expect("it has said all"));
    heard.matches("HTTP/1.1 401 ").count()
}

#[tokio::test]
async fn guessed_keys_cost_redis_nothing() {
    let weir = Weir::start().await;
    let commands = || -> u64 {
        let count = weir.redis.info("total_commands_processed");
        count.parse().expect("it is a number")
    };
    let (began, before) = (time::now(), commands());
    let mut guessing = JoinSet::new();
    for _ in 0..4 {
        guessing.spawn(guess(weir.addr(), 2_500));
    }
    let refused: usize = guessing.join_all().await.into_iter().sum();
    let (after, seconds) = (commands(), began.elapsed().as_secs());
    assert_eq!(refused, 10_000);
    // What a relay says of itself, and asks, whether anybody comes or not.
    let own = 100 + 20 * seconds;
    assert!(after - before < own, "{} commands", after - before);
    assert_eq!(weir.ask(fresh()).await.status, 200);
}

/// Requests whose length, or whose end of a line, two readers would see at two places.
const SMUGGLED: [&str; 7] = [
    "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "content-length: 5\r\ncontent-length: 6\r\n\r\n{}",
    "content-length: 5, 6\r\n\r\n{}",
    "content-length: +2\r\n\r\n{}",
    "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "x-folded: a\r\n b: c\r\ncontent-length: 2\r\n\r\n{}",
];

#[tokio::test]
async fn a_request_that_can_be_read_in_two_ways_is_not_served() {
    let weir = Weir::start().await;
    for rest in SMUGGLED {
        let mut line = connect(weir.addr()).await;
        let key = &weir.key;
        let head = format!("POST /v1/messages HTTP/1.1\r\nhost: weir\r\nx-api-key: {key}\r\n");
        line.write_all(format!("{head}{rest}").as_bytes())
            .await
            .unwrap();
        line.shutdown().await.unwrap();
        let heard = heard(line).await;
        let once = heard.matches("HTTP/1.1 ").count() <= 1;
        assert!(
            once && !heard.starts_with("HTTP/1.1 2"),
            "{rest:?}: {heard}"
        );
    }
    assert!(weir.provider.stats().requests.is_empty());
}

/// All that its Redis was ever told, in clear text.
fn written_down(weir: &Weir) -> String {
    let files = fs::read_dir(weir.redis.dir().join("appendonlydir"));
    let files = files.expect("Redis writes all down");
    let text = |file: io::Result<fs::DirEntry>| fs::read(file?.path());
    let texts = files.map(|file| text(file).expect("the file can be read"));
    String::from_utf8_lossy(&texts.collect::<Vec<_>>().concat()).into_owned()
}

#[tokio::test]
async fn neither_keys_nor_bodies_are_logged_written_down_or_told() {
    let redis = Redis::builder()
        .arg("appendonly", "yes")
        .arg("appendfsync", "always")
        .arg("aof-use-rdb-preamble", "no");
    let weir = Weir::setup().redis(redis).start().await;
    let program = weir.start_talkative_program();
    let said = "a-word-that-nobody-else-says";
    let body = json!({ "messages": [{ "role": "user", "content": said }] });
    let mut told = String::new();
    for (mock, status) in [("", 200), ("status=400", 400), ("status=529", 529)] {
        let answer = weir
            .with_key(message(mock, &body))
            .send(program.addr())
            .await;
        assert_eq!(answer.status, status);
        told += &answer.whole().await.text();
    }
    let wrong = message("", &body).header("x-api-key", "weir_default_wrong-key");
    assert_eq!(wrong.send(program.addr()).await.status, 401);
    weir.records(3).await;
    let (log, written) = (program.log(), written_down(&weir));
    assert!(
        log.contains("TRACE") && written.contains("TALLY") || written.contains("XADD"),
        "{log}"
    );
    for secret in [said, &weir.key, "sk-ant-simulated-1", "wrong-key"] {
        for (place, text) in [("log", &log), ("Redis", &written), ("answers", &told)] {
            assert!(
                !text.contains(secret),
                "{secret} stands in the {place}: {text}"
            );
        }
    }
}
