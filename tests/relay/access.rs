//! How a relay is let in: a user with few rights, a wrong password, TLS.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use harness::{Redis, Weir, time};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use weir_relay::config::Config;
use weir_relay::server::Relay;

/// What a relay needs and no more.
const RIGHTS: &str = "~weir:* &weir:* +@all -@admin -@dangerous";

/// Why a relay does not start with these lines of `[redis]`.
async fn refusal(reach: &str) -> String {
    let config = format!(
        "[listen]\ncallers = \"127.0.0.1:0\"\noperators = \"off\"\n[redis]\n{reach}\n\
         [accounts.a]\nkind = \"anthropic\"\napi_key = \"k\"\n[groups.g]\naccounts = [\"a\"]\n"
    );
    let config = Config::from_toml(&config).expect("the test's weir.toml is good");
    let begun = time::now();
    let refused = Relay::start(config).await.expect_err("it is not let in");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "it went on trying"
    );
    format!("{refused:#}")
}

#[tokio::test]
async fn a_user_with_few_rights_is_enough() {
    let redis = Redis::start();
    let made = redis.call(format!("ACL SETUSER relay on >s3cr3t {RIGHTS}"));
    assert_eq!(made, "OK");
    let password = redis.dir().join("password");
    std::fs::write(&password, "s3cr3t\n").unwrap();
    let reach = format!(
        "url = \"{}\"\nusername = \"relay\"\npassword = \"file:{}\"",
        redis.url(),
        password.display()
    );
    let weir = Weir::setup().max_concurrent(1).reach(&reach);
    let weir = weir.start_on(redis).await;
    weir.until_status(200).await;
    weir.until_nothing_is_held().await;
    let clients = weir.redis.call("CLIENT LIST").text();
    assert!(clients.contains("user=relay") && clients.contains("name=weir"));
}

#[tokio::test]
async fn a_wrong_password_ends_the_start_at_once() {
    let redis = Redis::start();
    redis.call("CONFIG SET requirepass right");
    let url = redis.url();
    for (reach, expected) in [
        (format!("url = \"{url}\""), "NOAUTH"),
        (
            format!("url = \"{url}\"\npassword = \"wrong\""),
            "WRONGPASS",
        ),
        (
            format!("url = \"{url}\"\npassword = \"file:/nowhere\""),
            "/nowhere",
        ),
    ] {
        let why = refusal(&reach).await;
        assert!(
            why.contains("does not let the relay in") && why.contains(expected),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_user_who_may_not_hear_the_relays_channel_is_refused_at_once() {
    let redis = Redis::start();
    redis.call("ACL SETUSER relay on >s3cr3t ~weir:* resetchannels +@all");
    let url = redis.url();
    let why = refusal(&format!(
        "url = \"{url}\"\nusername = \"relay\"\npassword = \"s3cr3t\""
    ))
    .await;
    assert!(why.contains("NOPERM"), "{why}");
}

#[tokio::test]
async fn a_redis_behind_tls_is_used_if_its_certificate_is_vouched_for() {
    let redis = Redis::start();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".into()]).unwrap();
    let ca = redis.dir().join("ca.pem");
    std::fs::write(&ca, cert.pem()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![cert.der().clone()],
            PrivateKeyDer::Pkcs8(signing_key.serialize_der().into()),
        )
        .unwrap();
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(terminate_tls(listener, config, redis.socket()));
    let url = format!("url = \"rediss://localhost:{port}\"");
    let reach = format!("{url}\nca = \"{}\"", ca.display());
    let weir = Weir::setup().reach(&reach).start_on(redis).await;
    weir.until_status(200).await;
    weir.until_nothing_is_held().await;
}

/// Whoever speaks TLS here gets to the socket.
async fn terminate_tls(listener: TcpListener, config: ServerConfig, socket: PathBuf) {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, socket) = (acceptor.clone(), socket.clone());
        tokio::spawn(async move {
            let mut outside = acceptor.accept(stream).await?;
            let mut inside = UnixStream::connect(socket).await?;
            copy_bidirectional(&mut outside, &mut inside).await
        });
    }
}
