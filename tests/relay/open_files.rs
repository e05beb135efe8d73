//! Each request needs two connections: the program takes all the open files that the system lets it have.

use std::fs;
use std::process::Command;

use harness::{Process, config::program, eventually};

#[test]
fn the_program_may_open_as_many_files_as_the_system_lets_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut few = Command::new("sh");
    few.args([
        "-c",
        r#"ulimit -Sn 100; exec "$0" mock-provider --listen 127.0.0.1:0"#,
    ]);
    few.arg(program());
    let process = Process::start(few, &dir.path().join("log")).unwrap();
    eventually("it has taken what it may have", || {
        let limits = fs::read_to_string(format!("/proc/{}/limits", process.pid())).unwrap();
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max open files"));
        let words: Vec<&str> = line.unwrap().split_ascii_whitespace().collect();
        match words[3] == words[4] {
            true => Ok(()),
            false => Err(words.join(" ")),
        }
    });
}
