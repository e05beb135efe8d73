//! The append-only file, read as the commands that it holds.

use std::fs;
use std::io::BufRead as _;

use harness::redis::Builder;
use harness::{Redis, resp};

/// Starts servers that append every change to the file before they answer.
pub(crate) fn appending() -> Builder {
    Redis::builder()
        .arg("appendonly", "yes")
        .arg("appendfsync", "always")
}

/// The commands written since the server's last start or rewrite, a line each; bytes that do not print are escaped.
/// The choice of the database is left out.
#[track_caller]
pub(crate) fn appended(redis: &Redis) -> Vec<String> {
    let files = redis.dir().join("appendonlydir").read_dir();
    let mut paths: Vec<_> = files
        .expect("the server was started with appendonly")
        .map(|file| file.expect("the directory can be read").path())
        .filter(|path| path.to_string_lossy().ends_with(".incr.aof"))
        .collect();
    paths.sort();
    let last = paths.last().expect("a running server has a file");
    commands(&fs::read(last).expect("the file can be read"))
}

fn commands(bytes: &[u8]) -> Vec<String> {
    let mut rest = bytes;
    let mut lines = Vec::new();
    while !rest.fill_buf().expect("memory can be read").is_empty() {
        let command = resp::decode(&mut rest).expect("the file holds whole commands");
        let words: Vec<_> = command.items().iter().map(word).collect();
        if words[0] != "SELECT" {
            lines.push(words.join(" "));
        }
    }
    lines
}

fn word(reply: &harness::Reply) -> String {
    match reply {
        harness::Reply::Text(bytes) => bytes.escape_ascii().to_string(),
        other => panic!("a word was expected, not {other:?}"),
    }
}
