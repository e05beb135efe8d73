//! Requests that may have to wait for their answer, each on a connection of its own, and commands that the server
//! gets in one piece.

use std::io::{BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use harness::command::Command;
use harness::{Client, Redis, Reply, eventually, resp};

/// Leaves when the value is dropped.
#[derive(Debug)]
pub(crate) struct Asker {
    client: Client,
    id: i64,
}

impl Asker {
    /// Asks, and comes back when the server has run the command: either the answer is there, or the request waits.
    #[track_caller]
    pub(crate) fn ask(redis: &Redis, command: impl Command) -> Self {
        Self::ask_over(redis, redis.connect(), command)
    }

    /// [`ask`](Self::ask) over a connection that is there already.
    #[track_caller]
    pub(crate) fn ask_over(redis: &Redis, client: Client, command: impl Command) -> Self {
        let asker = Self::send_over(client, &command);
        let name = String::from_utf8_lossy(&command.arguments()[0]).to_lowercase();
        let last = format!(" cmd={name} ");
        eventually("the server has run the command", || {
            let line = redis.call(format!("CLIENT LIST ID {}", asker.id)).text();
            if line.contains(&last) {
                Ok(())
            } else {
                Err(line)
            }
        });
        asker
    }

    /// Asks, and does not look whether the server has seen it.
    #[track_caller]
    pub(crate) fn send(redis: &Redis, command: impl Command) -> Self {
        Self::send_over(redis.connect(), &command)
    }

    #[track_caller]
    fn send_over(mut client: Client, command: &impl Command) -> Self {
        let id = client.call("CLIENT ID").int();
        client.send(command);
        Self { client, id }
    }

    /// The number by which the server knows the connection.
    pub(crate) fn client_id(&self) -> i64 {
        self.id
    }

    /// The answer, after which nothing comes.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Reply {
        let answer = self.client.receive();
        assert_eq!(self.client.call("PING"), "PONG", "behind {answer:?}");
        answer
    }

    /// The answer, whether or not the server closes the connection after it.
    #[track_caller]
    pub(crate) fn any_answer(&mut self) -> Reply {
        self.client.receive()
    }

    /// Nothing more has come.
    #[track_caller]
    pub(crate) fn assert_silent(&mut self) {
        assert_eq!(self.client.call("PING"), "PONG");
    }

    /// The answer after which the server closes the connection.
    #[track_caller]
    pub(crate) fn last_answer(mut self) -> Reply {
        let answer = self.client.receive();
        self.assert_closed();
        answer
    }

    /// The server has closed the connection, and has sent nothing before.
    #[track_caller]
    pub(crate) fn assert_closed(&mut self) {
        let more = self.client.try_call("PING");
        assert!(more.is_err(), "{more:?}");
    }
}

/// The same request of as many ids: `words` with `{}` for the id's number. They stand in line in this order.
#[track_caller]
pub(crate) fn ask_one_by_one(redis: &Redis, count: usize, words: &str) -> Vec<Asker> {
    (0..count)
        .map(|number| Asker::ask(redis, words.replace("{}", &number.to_string())))
        .collect()
}

/// Sends lines in one piece on one connection, so that the server runs them in one turn of its loop: their answers.
#[track_caller]
pub(crate) fn in_one_piece(redis: &Redis, lines: &[&str]) -> Vec<Reply> {
    let mut stream = UnixStream::connect(redis.socket()).expect("the server accepts connections");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a socket can have a time limit");
    let bytes: Vec<u8> = lines
        .iter()
        .flat_map(|line| resp::encode(&line.arguments()))
        .collect();
    stream.write_all(&bytes).expect("the server reads");
    let mut answers = BufReader::new(stream);
    lines
        .iter()
        .map(|line| resp::decode(&mut answers).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// Runs lines as one transaction over a connection that stays: their answers.
#[track_caller]
pub(crate) fn in_transaction_over(client: &mut Client, lines: &[&str]) -> Vec<Reply> {
    for line in [&["MULTI"], lines].concat() {
        let queued = client.call(line);
        assert!(!queued.is_error(), "{line}: {queued:?}");
    }
    client.call("EXEC").items().to_vec()
}

/// Runs lines as one transaction: their answers.
#[track_caller]
pub(crate) fn in_transaction(redis: &Redis, lines: &[&str]) -> Vec<Reply> {
    let all = [&["MULTI"], lines, &["EXEC"]].concat();
    let mut answers = in_one_piece(redis, &all);
    let executed = answers.pop().expect("EXEC has an answer");
    executed.items().to_vec()
}
