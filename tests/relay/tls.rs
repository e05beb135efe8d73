//! TLS on the callers' listener: what it shows, how that is exchanged while it serves, who is kept waiting by nobody.

use std::fs;

use harness::http::Call;
use harness::weir::{Setup, stream};
use harness::{Certificate, Weir, eventually_async};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// With its files in a directory.
fn listening(dir: &TempDir, shown: &Certificate) -> Setup {
    Weir::setup().listen_line(&format!("tls = {}", shown.write(dir.path())))
}

async fn create_key(weir: &Weir, call: Call) -> Call {
    let key = weir.add_key(0).await;
    call.header("x-api-key", key.secret.reveal())
}

#[tokio::test]
async fn callers_get_their_streams_over_tls_and_over_nothing_else() {
    let (dir, shown) = (TempDir::new().unwrap(), Certificate::new());
    let weir = listening(&dir, &shown).start().await;
    assert!(weir.relay.url().starts_with("https://127.0.0.1:"));
    let tls = shown.connect(weir.addr()).await.unwrap();
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let call = create_key(&weir, stream("chunks=3")).await;
    let answer = call.send_over(tls, "localhost").await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.text().await.contains("message_stop"));
    weir.until_nothing_is_held().await;
    assert!(Call::get("/healthz").try_send(weir.addr()).await.is_err());
}

#[tokio::test]
async fn another_certificate_is_shown_without_a_connection_being_dropped() {
    let (dir, old, new) = (
        TempDir::new().unwrap(),
        Certificate::new(),
        Certificate::new(),
    );
    let weir = listening(&dir, &old).start().await;
    let kept = old.connect(weir.addr()).await.unwrap();
    new.write(dir.path());
    new.until_shown_at(weir.addr()).await;
    assert!(old.connect(weir.addr()).await.is_err());
    let answer = Call::get("/healthz").send_over(kept, "localhost").await;
    assert_eq!(answer.unwrap().status, 200);
}

#[tokio::test]
async fn a_bad_new_certificate_leaves_the_old_one_and_is_named() {
    let (dir, old, new) = (
        TempDir::new().unwrap(),
        Certificate::new(),
        Certificate::new(),
    );
    let weir = listening(&dir, &old).start().await;
    let mut program = weir.start_program();
    old.until_shown_at(program.addr()).await;
    for (file, content, expected) in [
        ("tls.crt", new.pem(), "does not fit the certificate in"),
        ("tls.crt", "nothing", "there is no certificate in PEM in"),
        ("tls.key", "nothing", "there is no private key in PEM in"),
    ] {
        old.write(dir.path());
        fs::write(dir.path().join(file), content).unwrap();
        program.signal(Signal::HUP);
        eventually_async("the operator is told", async || {
            let log = program.log();
            let told = log
                .lines()
                .any(|line| line.contains(expected) && line.contains(file));
            told.then_some(()).ok_or(log)
        })
        .await;
        old.connect(program.addr()).await.unwrap();
    }
    new.write(dir.path());
    program.signal(Signal::HUP);
    new.until_shown_at(program.addr()).await;
}

#[tokio::test]
async fn a_start_with_a_bad_certificate_says_which() {
    let (dir, shown) = (TempDir::new().unwrap(), Certificate::new());
    let weir = listening(&dir, &shown).start().await;
    let toml = fs::read_to_string(weir.write_toml()).unwrap();
    fs::remove_file(dir.path().join("tls.key")).unwrap();
    let config = weir_relay::config::Config::from_toml(&toml).unwrap();
    let error = weir_relay::server::Relay::start(config).await.unwrap_err();
    let error = format!("{error:#}");
    assert!(
        error.contains("[listen.tls]") && error.contains("tls.key"),
        "{error}"
    );
}

#[tokio::test]
async fn who_says_nothing_of_tls_loses_the_seat() {
    let (dir, shown) = (TempDir::new().unwrap(), Certificate::new());
    let setup = listening(&dir, &shown).head("[connections]\nmax = 1\nhead_ms = 5000\n");
    let weir = setup.start().await;
    let mut silent = TcpStream::connect(weir.addr()).await.unwrap();
    silent.write_all(&[22]).await.unwrap();
    assert!(
        shown.connect(weir.addr()).await.is_err(),
        "there is one seat"
    );
    assert_eq!(silent.read(&mut [0; 16]).await.unwrap_or(0), 0);
    shown.until_shown_at(weir.addr()).await;
}

#[tokio::test]
async fn operators_are_served_over_tls_with_a_certificate_of_their_own() {
    let (dir, shown) = (TempDir::new().unwrap(), Certificate::new());
    let line = format!("operators_tls = {}", shown.write(dir.path()));
    let setup = Weir::setup().operators().listen_line(&line);
    let weir = setup.start().await;
    let to = weir.relay.operators_addr().unwrap();
    let tls = shown.connect(to).await.unwrap();
    let answer = Call::get("/readyz")
        .send_over(tls, "localhost")
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    assert!(Call::get("/readyz").try_send(to).await.is_err());
    weir.until_status(200).await;
}
