//! A connection whose other side is the test.

use std::sync::mpsc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;
use crate::telemetry::Scale;

const ANSWER_WITHIN: Duration = Duration::from_secs(1);

struct Server(DuplexStream);

impl Server {
    /// What has come in one piece.
    async fn hear(&mut self) -> String {
        let mut piece = vec![0; 1 << 16];
        let length = self.0.read(&mut piece).await.unwrap();
        piece.truncate(length);
        String::from_utf8(piece).unwrap()
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }
}

fn connected() -> (Connection, Server, mpsc::Receiver<String>) {
    let (ours, theirs) = duplex(1 << 20);
    let address = Address::of_socket("none".into());
    let (tell, heard) = mpsc::channel();
    let on_message = Arc::new(move |message: &[u8]| {
        tell.send(String::from_utf8_lossy(message).into_owned())
            .unwrap();
    });
    let keeping = Keeping {
        answer_within: ANSWER_WITHIN,
        on_message,
        latency: Spread::new(Scale::RoundTrips),
    };
    let connection = Connection::over(Box::new(ours), address, keeping);
    (connection, Server(theirs), heard)
}

fn numbers(of: &[i64]) -> Vec<Reply> {
    of.iter().copied().map(Reply::Int).collect()
}

fn batch(commands: usize) -> Batch {
    let mut batch = Batch::new();
    for _ in 0..commands {
        batch.command("PING");
    }
    batch
}

#[tokio::test]
async fn everyone_gets_the_replies_to_their_own_commands() {
    let (connection, mut server, _) = connected();
    assert_eq!(connection.send(&batch(0)).await.unwrap(), []);
    let (one, two) = (connection.send(&batch(1)), connection.send(&batch(2)));
    assert_eq!(connection.send(&batch(0)).await.unwrap(), []);
    server.say(":1\r\n:2\r\n").await;
    // Nobody has heard the commands yet: what answers them is no answer.
    assert!(matches!(one.await, Err(Fault::Malformed | Fault::Closed)));
    assert!(matches!(two.await, Err(Fault::Malformed | Fault::Closed)));

    let (connection, mut server, _) = connected();
    let (one, two) = (connection.send(&batch(1)), connection.send(&batch(2)));
    server.hear().await;
    server.say(":1\r\n:2\r\n").await;
    assert_eq!(one.await.unwrap(), numbers(&[1]));
    server.say(":3\r\n").await;
    assert_eq!(two.await.unwrap(), numbers(&[2, 3]));
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_ends_the_connection() {
    let (connection, mut server, _) = connected();
    server.say(":1\r\n").await;
    connection.lost().await;
}

#[tokio::test]
async fn what_many_send_at_once_leaves_in_one_write() {
    let (connection, mut server, _) = connected();
    for _ in 0..50 {
        let connection = connection.clone();
        tokio::spawn(async move { connection.send(&batch(1)).await });
    }
    assert_eq!(server.hear().await.matches("PING").count(), 50);
}

#[tokio::test]
async fn whoever_stops_waiting_does_not_move_the_others() {
    let (connection, mut server, _) = connected();
    drop(connection.send(&batch(2)));
    let stays = connection.send(&batch(1));
    assert_eq!(server.hear().await.matches("PING").count(), 3);
    server.say(":1\r\n:2\r\n:3\r\n").await;
    assert_eq!(stays.await.unwrap(), numbers(&[3]));
}

#[tokio::test]
async fn a_broken_connection_fails_all_that_wait_and_takes_no_more() {
    for malformed in [true, false] {
        let (connection, mut server, _) = connected();
        let (one, two) = (connection.send(&batch(1)), connection.send(&batch(1)));
        server.hear().await;
        if malformed {
            server.say("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
        drop(server);
        for waiting in [one, two] {
            let fault = waiting.await.unwrap_err();
            let is_expected = match malformed {
                true => matches!(fault, Fault::Malformed),
                false => matches!(fault, Fault::Broke(_)),
            };
            assert!(is_expected, "{fault}");
        }
        connection.lost().await;
        let after = connection.send(&batch(1)).await;
        assert!(matches!(after, Err(Fault::Closed)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_late_ends_the_connection() {
    let (connection, mut server, _) = connected();
    let begun = Instant::now();
    let (one, two) = (connection.send(&batch(1)), connection.send(&batch(1)));
    server.hear().await;
    assert!(matches!(one.await, Err(Fault::Late)));
    assert!(matches!(two.await, Err(Fault::Late)));
    let waited = begun.elapsed();
    assert!(
        waited > ANSWER_WITHIN && waited < ANSWER_WITHIN * 5 / 4,
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_does_not_take_redis_for_late() {
    let (connection, mut server, _) = connected();
    let answer = connection.send(&batch(1));
    // Before it is sent, and after that.
    tokio::time::advance(ANSWER_WITHIN * 3).await;
    server.hear().await;
    tokio::time::advance(ANSWER_WITHIN * 3).await;
    for _ in 0..4 {
        tokio::time::advance(ANSWER_WITHIN / 8).await;
    }
    server.say(":1\r\n").await;
    assert_eq!(answer.await.unwrap(), numbers(&[1]));
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nobody_waits_is_never_late() {
    let (connection, mut server, _) = connected();
    tokio::time::advance(ANSWER_WITHIN * 20).await;
    let answer = connection.send(&batch(1));
    server.hear().await;
    server.say(":1\r\n").await;
    assert_eq!(answer.await.unwrap(), numbers(&[1]));
}

#[tokio::test]
async fn a_retired_connection_still_answers_what_was_sent() {
    let (connection, mut server, _) = connected();
    let sent = connection.send(&batch(1));
    server.hear().await;
    connection.retire();
    connection.lost().await;
    let late = connection.send(&batch(1)).await;
    assert!(matches!(late, Err(Fault::Closed)));
    server.say(":1\r\n").await;
    assert_eq!(sent.await.unwrap(), numbers(&[1]));
    assert_eq!(server.hear().await, "", "it is closed then");
}

#[tokio::test]
async fn a_connection_ends_with_its_last_handle() {
    let (connection, mut server, _) = connected();
    let clone = connection.clone();
    drop(connection);
    let answer = clone.send(&batch(1));
    server.hear().await;
    server.say(":1\r\n").await;
    assert_eq!(answer.await.unwrap(), numbers(&[1]));
    drop(clone);
    assert_eq!(server.hear().await, "");
}

#[tokio::test]
async fn messages_are_heard_between_answers() {
    let (connection, mut server, heard) = connected();
    let subscribed = connection.send(&batch(1));
    server.hear().await;
    server
        .say(">3\r\n$10\r\nssubscribe\r\n$1\r\nc\r\n:1\r\n")
        .await;
    assert!(matches!(subscribed.await.unwrap()[..], [Reply::List(_)]));
    let answer = connection.send(&batch(1));
    server.hear().await;
    server
        .say(">3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n>1\r\n$10\r\ninvalidate\r\n:7\r\n")
        .await;
    assert_eq!(answer.await.unwrap(), numbers(&[7]));
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["hello"]);
    server
        .say(">3\r\n$12\r\nsunsubscribe\r\n$1\r\nc\r\n:0\r\n")
        .await;
    connection.lost().await;
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_not_waited_for_without_bound() {
    let (connection, mut server, _) = connected();
    let mut large = Batch::of("SET");
    large.arg("key").arg(vec![b'x'; UNSENT_MOST / 4]);
    let first = connection.send(&large);
    server.hear().await;
    let mut waiting = Vec::new();
    let crowded = loop {
        let mut answer = Box::pin(connection.send(&large));
        match tokio::time::timeout(Duration::from_millis(1), &mut answer).await {
            Ok(done) => break done,
            Err(_) => waiting.push(answer),
        }
        assert!(waiting.len() < 8, "it is never refused");
    };
    assert!(matches!(crowded, Err(Fault::Crowded)), "{crowded:?}");
    drop(server);
    let first = first.await;
    assert!(matches!(first, Err(Fault::Broke(_))), "{first:?}");
}
