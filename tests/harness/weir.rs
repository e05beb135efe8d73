//! The relay in process with all that it needs: a Redis of its own, a simulated upstream behind every account, a key.
//! How it is set up is in `setup`, what it holds in Redis in `holdings`.

mod holdings;
mod setup;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::Value;
use tokio::task::JoinHandle;
use weir_relay::key::{CreatedKey, KeyRules};
use weir_relay::mock::{MockProvider, key_digest};
use weir_relay::role::Role;
use weir_relay::secret::Secret;
use weir_relay::server::Relay;

use crate::eventually::eventually_async;
use crate::http::{Answer, Call};
use crate::lossy::Lossy;
use crate::operator::{self, Operator};
use crate::program::Program;
use crate::redis::Redis;
use crate::speech::Speech;

pub use holdings::Holdings;
pub use setup::Setup;

/// Fields are dropped in this order: nobody loses what it stands on.
#[derive(Debug)]
pub struct Weir {
    pub relay: Relay,
    pub provider: MockProvider,
    pub redis: Redis,
    /// Where the relay finds Redis, if answers may get lost.
    pub lossy: Option<Lossy>,
    pub key_id: String,
    /// The key that `ask` sends.
    pub key: String,
    setup: Setup,
}

impl Weir {
    /// One account without a limit.
    ///
    /// # Panics
    /// When a part of it does not start.
    pub async fn start() -> Self {
        Self::setup().start().await
    }

    pub fn setup() -> Setup {
        Setup::default()
    }

    pub fn addr(&self) -> SocketAddr {
        self.relay.addr()
    }

    /// An operator who may do everything, signed in.
    ///
    /// # Panics
    /// When the relay was set up without operators.
    pub async fn operator(&self) -> Operator {
        self.operator_who_is(Role::Admin).await
    }

    /// Another one, with this role.
    ///
    /// # Panics
    /// When the relay was set up without operators.
    pub async fn operator_who_is(&self, role: Role) -> Operator {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!("{role:?}{}", COUNT.fetch_add(1, Relaxed)).to_lowercase();
        self.create_operator(&name, role).await;
        Operator::sign_in(self.operators_addr(), &name).await
    }

    /// Somebody of this name, with the password of all tests.
    ///
    /// # Panics
    /// When there is somebody already.
    pub async fn create_operator(&self, name: &str, role: Role) {
        eventually_async("there is room to hash a password", async || {
            let password = Secret::new(operator::PASSWORD);
            let made = self.relay.create_operator(name, role, password).await;
            made.map(drop).map_err(|error| error.to_string())
        })
        .await;
    }

    /// Where operators are served.
    ///
    /// # Panics
    /// When the relay was set up without operators.
    pub fn operators_addr(&self) -> SocketAddr {
        let addr = self.relay.operators_addr();
        addr.expect("it was set up with operators")
    }

    /// Sends a call with the key.
    ///
    /// # Panics
    /// When no answer comes at all.
    pub async fn ask(&self, call: Call) -> Answer {
        self.with_key(call).send(self.addr()).await
    }

    /// [`ask`](Self::ask) on a task; aborting it hangs up.
    pub fn spawn(&self, call: Call) -> JoinHandle<Answer> {
        tokio::spawn(self.with_key(call).send(self.addr()))
    }

    /// Asks for streams until one is answered so.
    pub async fn until_status(&self, expected: u16) {
        self.until_status_of(stream(""), expected).await;
    }

    /// Asks for the same until that is answered so. Who is hung up on asks again.
    pub async fn until_status_of(&self, call: Call, expected: u16) {
        eventually_async("requests are answered so", async || {
            let answer = self.with_key(call.clone()).try_send(self.addr()).await;
            let answer = answer.map_err(|error| format!("{error:#}"))?;
            match answer.status {
                status if status == expected => Ok(()),
                status => Err(format!("{status} {:?}", answer.header("x-weir-error"))),
            }
        })
        .await;
    }

    pub fn with_key(&self, call: Call) -> Call {
        call.header("x-api-key", &self.key)
    }

    /// A further relay on the same Redis, reached in the same way, with the same accounts.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn another_relay(&self) -> Relay {
        let lossy = self.lossy.as_ref().map(Lossy::url);
        let url = lossy.unwrap_or_else(|| self.redis.url());
        self.setup.start_relay(&url, &self.provider).await
    }

    /// A further relay as a process of its own, on the same Redis with the same accounts.
    ///
    /// # Panics
    /// When it does not start.
    #[track_caller]
    pub fn start_program(&self) -> Program {
        Program::start(&self.write_toml(), &self.redis.dir().join("relay.log"))
    }

    /// The same, and it logs all that can be logged.
    ///
    /// # Panics
    /// When it does not start.
    #[track_caller]
    pub fn start_talkative_program(&self) -> Program {
        let log = self.redis.dir().join("relay.log");
        Program::start_with(&self.write_toml(), &log, &[("WEIR_LOG", "trace")])
    }

    /// Writes this relay's `weir.toml`, for the program as a process of its own.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_toml(&self) -> PathBuf {
        let path = self.redis.dir().join("weir.toml");
        let toml = self.setup.toml(&self.redis.url(), &self.provider);
        std::fs::write(&path, toml).expect("the test's directory can be written to");
        path
    }

    /// A further key; 0 = without a limit.
    pub async fn add_key(&self, max_concurrent: u32) -> CreatedKey {
        setup::create_key(&self.relay, max_concurrent, true).await
    }

    /// A further key whose requests never wait in line.
    pub async fn add_key_without_queue(&self) -> CreatedKey {
        setup::create_key(&self.relay, 0, false).await
    }

    /// A further key with these limits; at most so many requests at once, 0 = without that limit.
    pub async fn add_limited_key(&self, max_concurrent: u32, rules: KeyRules) -> CreatedKey {
        setup::create_limited_key(&self.relay, max_concurrent, rules).await
    }

    /// How the simulated upstream names an account, counted from 1, in its statistics.
    pub fn account_digest(account: u32) -> String {
        key_digest(&setup::credential(account))
    }
}

/// A message of a user's own; `mock` are the options of the simulated upstream, joined by `;`.
///
/// # Panics
/// When `rest`, which is laid over the body, is not an object.
pub fn message(mock: &str, rest: &Value) -> Call {
    Speech::Messages.message(mock, rest)
}

/// [`message`] that asks for a stream.
pub fn stream(mock: &str) -> Call {
    Speech::Messages.stream(mock)
}
