//! The server of `redis.conf` at the top of the repository, as an operator starts it.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use harness::{Client, Process, config, eventually};
use tempfile::TempDir;

/// A server started with nothing but the file, and where it lives.
struct Started {
    process: Process,
    client: Client,
    _dir: TempDir,
}

/// The file loads the module from below the directory in which the server is started.
fn start() -> anyhow::Result<Started> {
    let dir = TempDir::new()?;
    let built = dir.path().join("target/release");
    std::fs::create_dir_all(&built)?;
    symlink(config::module(), built.join("libweir.so"))?;
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = package.join("..").join("redis.conf");
    let socket = dir.path().join("s");
    let mut server = Command::new(config::redis_server());
    server.current_dir(dir.path()).arg(file);
    server.args(["--port", "0", "--unixsocket"]).arg(&socket);
    let process = Process::start(server, &dir.path().join("log"))?;
    let client = eventually("the server answers", || {
        let mut client = Client::connect(&socket).map_err(|error| error.to_string())?;
        match client.try_call("PING") {
            Ok(pong) if pong == "PONG" => Ok(client),
            other => Err(format!("{other:?}")),
        }
    });
    Ok(Started {
        process,
        client,
        _dir: dir,
    })
}

#[test]
fn the_server_has_the_commands_and_the_module_warns_of_no_slow_freeing() {
    let mut started = start().unwrap();
    let granted = started.client.call("UMQ.ACQUIRE t a PX 1000");
    assert_eq!(granted.items()[0], 1);
    let log = started.process.log();
    assert!(log.contains("Module 'weir' loaded"), "{log}");
    assert!(!log.contains("is 'no'"), "{log}");
}

#[test]
fn the_server_appends_evicts_nothing_and_frees_in_the_background() {
    let mut started = start().unwrap();
    for (name, value) in [
        ("appendonly", "yes"),
        ("maxmemory-policy", "noeviction"),
        ("lazyfree-lazy-expire", "yes"),
        ("lazyfree-lazy-eviction", "yes"),
        ("lazyfree-lazy-server-del", "yes"),
        ("lazyfree-lazy-user-del", "yes"),
        ("slowlog-log-slower-than", "2000"),
    ] {
        let pair = started.client.call(["CONFIG", "GET", name]);
        assert_eq!(pair, [name, value]);
    }
}
