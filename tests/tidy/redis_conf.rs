//! `redis.conf` at the top: a server starts with it, and each setting says why it is there.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use harness::{Client, Process, config, eventually};

use crate::source::root;

#[test]
fn every_setting_says_why() {
    let text = fs::read_to_string(root().join("redis.conf")).unwrap();
    let lines: Vec<_> = text.lines().collect();
    for pair in lines.windows(2) {
        let is_setting = !pair[1].is_empty() && !pair[1].starts_with('#');
        assert!(
            !is_setting || pair[0].starts_with("# "),
            "no reason above `{}`",
            pair[1]
        );
    }
}

#[test]
fn a_server_started_at_the_top_has_the_module_and_keeps_what_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    symlink(root().join("target"), dir.path().join("target")).unwrap();
    let socket = dir.path().join("s");
    let mut server = Command::new(config::redis_server());
    server
        .current_dir(dir.path())
        .arg(root().join("redis.conf"));
    server.args(["--port", "0", "--unixsocket"]).arg(&socket);
    let _server = Process::start(server, &dir.path().join("log")).unwrap();
    let mut client = eventually("the server listens", || {
        Client::connect(&socket).map_err(|error| error.to_string())
    });
    let modules = eventually("the server has loaded", || {
        let reply = client.call("MODULE LIST");
        if reply.is_error() {
            Err(format!("{reply:?}"))
        } else {
            Ok(reply)
        }
    });
    assert_eq!(*modules.items()[0].field("name"), "weir");
    assert_eq!(client.call("CONFIG GET appendonly"), ["appendonly", "yes"]);
    assert_eq!(
        client.call("CONFIG GET maxmemory-policy"),
        ["maxmemory-policy", "noeviction"]
    );
}
