//! What is packed: whole, the same each time, and fit to run where it is unpacked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use harness::{Client, Process, config, eventually};
use tempfile::TempDir;

/// What somebody finds who has unpacked it.
const FILES: [&str; 13] = [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "completions/weir.bash",
    "docs/operations.md",
    "grafana/weir.json",
    "man/man1/weir.1",
    "prometheus/weir.rules.yml",
    "redis.conf",
    "systemd/weir-redis.service",
    "systemd/weir.service",
    "systemd/weir.sysusers.conf",
    "weir.toml",
];

fn repository() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("the package is in the workspace")
}

#[track_caller]
fn done(command: &mut Command) -> Output {
    let out = command.output().expect("it starts");
    assert!(out.status.success(), "{out:?}");
    out
}

/// Packs the programs under test; gives the path of the package.
fn pack(dir: &Path, into: &str) -> PathBuf {
    let built = dir.join("built");
    fs::create_dir_all(&built).expect("the test's directory can be written to");
    for (from, file) in [
        (config::program(), "weir"),
        (config::module(), "libweir.so"),
    ] {
        fs::copy(from, built.join(file)).expect("the program is there");
    }
    let mut command = Command::new(repository().join("packaging/package.sh"));
    let out = done(
        command
            .arg(&built)
            .arg(dir.join(into))
            .env("SOURCE_DATE_EPOCH", "1000000000"),
    );
    PathBuf::from(String::from_utf8_lossy(&out.stdout).trim_end())
}

/// Where its files are then.
fn unpack(package: &Path, into: &Path) -> PathBuf {
    done(
        Command::new("tar")
            .arg("-xzf")
            .arg(package)
            .arg("-C")
            .arg(into),
    );
    let name = package.file_name().and_then(|name| name.to_str());
    let name = name.and_then(|name| name.strip_suffix(".tar.gz"));
    into.join(name.expect("it is called so"))
}

#[test]
fn the_package_runs_where_it_is_unpacked() {
    let dir = TempDir::new().unwrap();
    let place = unpack(&pack(dir.path(), "once"), dir.path());
    let missing: Vec<_> = FILES
        .iter()
        .filter(|file| !place.join(file).is_file())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let version = done(Command::new(place.join("weir")).arg("--version")).stdout;
    let version = String::from_utf8(version).unwrap();
    let expected = format!("weir {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(version, expected);

    let socket = dir.path().join("s");
    let mut server = Command::new(config::redis_server());
    server
        .arg("redis.conf")
        .args(["--port", "0", "--unixsocket"])
        .arg(&socket);
    let log = dir.path().join("redis.log");
    let _server = Process::start(server_in(server, &place), &log).unwrap();
    // Its socket is there before it listens.
    let mut client = eventually("the server listens", || {
        let said = || fs::read_to_string(&log).unwrap_or_default();
        Client::connect(&socket).map_err(|error| format!("{error}: {}", said()))
    });
    assert_eq!(client.call("UMQ.ACQUIRE turn r1 PX 1000").items()[0], 1);
    let settings = client.call("CONFIG GET appendonly");
    assert_eq!(settings.items()[1], "yes");
}

fn server_in(mut command: Command, place: &Path) -> Command {
    command.current_dir(place);
    command
}

#[test]
fn the_same_is_packed_each_time() {
    let dir = TempDir::new().unwrap();
    let packed = ["once", "twice"].map(|into| fs::read(pack(dir.path(), into)).unwrap());
    assert!(packed[0] == packed[1], "two packages of the same differ");
}

/// Where systemd is, it reads them as it will then.
#[test]
fn systemd_takes_the_units() {
    let dir = TempDir::new().unwrap();
    for (unit, program) in [
        ("weir.service", "/usr/lib/weir/weir"),
        ("weir-redis.service", "/usr/bin/redis-server"),
    ] {
        let text = fs::read_to_string(repository().join("packaging/systemd").join(unit)).unwrap();
        assert!(
            text.contains("DynamicUser=yes") && text.contains("Type=notify"),
            "{unit}"
        );
        assert!(text.contains(&format!("ExecStart={program} ")), "{unit}");
        // Some program has to be where theirs will be.
        fs::write(dir.path().join(unit), text.replace(program, "/bin/true")).unwrap();
    }
    let mut verify = Command::new("systemd-analyze");
    verify.args(["verify", "--man=no", "weir.service", "weir-redis.service"]);
    match verify.current_dir(dir.path()).output() {
        Ok(out) => {
            let told = String::from_utf8_lossy(&out.stderr);
            let ours: Vec<&str> = told.lines().filter(|line| line.contains("weir")).collect();
            assert!(ours.is_empty(), "{ours:?}");
        }
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}
