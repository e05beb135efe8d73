//! The servers of a run, and what befalls them while visitors come and go. A new scenario is a variant and its faults.

use harness::{Redis, eventually};
use rustix::process::Signal;

use crate::record::{Act, Answer, Entry, Fault, History};
use crate::run::{self, Size};
use crate::stage::Stage;
use crate::visitor::Confirming;

/// How many acts lie between two faults.
pub(crate) const ACTS_BETWEEN: u64 = 1_500;
/// How much a primary does that its replica never hears of.
const ACTS_UNHEARD: u64 = 50;
/// The connection under which faults are noted.
const NOBODY: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// One server, left alone.
    Alone,
    /// `FAILOVER` to the replica, and back, and so on.
    Failover,
    /// The primary is killed, its replica promoted, that has not heard the last of it, and the killed one made a replica.
    Promotion,
    /// The server is killed and restarted on what it appended, `appendfsync always`.
    Restart,
}

/// The servers, the one that serves first.
#[derive(Debug)]
struct Servers(Vec<Redis>);

impl Scenario {
    /// Plays it from a seed: what it leaves behind.
    pub(crate) fn play(self, seed: u64, size: Size) -> History {
        let mut servers = self.start();
        let stage = Stage::new(&servers.0[0].socket());
        let confirming = match self {
            Self::Promotion => Confirming::Often,
            Self::Alone | Self::Failover | Self::Restart => Confirming::Never,
        };
        let mut history = run::run(&stage, seed, size, confirming, |stage| {
            let asked = stage.now();
            let fault = self.strike(&mut servers, stage)?;
            let entry = Entry {
                connection: NOBODY,
                asked,
                ended: stage.now(),
                act: Act::Fault(fault),
                answer: Answer::Done,
            };
            self.recover(&mut servers);
            Some(entry)
        });
        history.rest.crashes = servers.0.iter().flat_map(crashes).collect();
        history
    }

    fn start(self) -> Servers {
        match self {
            Self::Alone => Servers(vec![Redis::start()]),
            Self::Restart => {
                let builder = Redis::builder().arg("appendonly", "yes");
                Servers(vec![builder.arg("appendfsync", "always").start()])
            }
            Self::Failover | Self::Promotion => {
                let mut servers = Servers(vec![Redis::start(), Redis::start()]);
                servers.0[1].port();
                servers.follow();
                servers
            }
        }
    }

    /// `None`: nothing ever befalls these servers.
    fn strike(self, servers: &mut Servers, stage: &Stage) -> Option<Fault> {
        match self {
            Self::Alone => None,
            Self::Failover => {
                servers.fail_over();
                stage.begin_reign(&servers.0[0].socket());
                Some(Fault::Failover)
            }
            Self::Promotion => {
                servers.0[1].signal(Signal::STOP);
                stage.until_acts(stage.acts() + ACTS_UNHEARD, || false);
                servers.0[0].kill();
                servers.0[1].signal(Signal::CONT);
                servers.0.swap(0, 1);
                servers.0[0].call("REPLICAOF NO ONE");
                stage.begin_reign(&servers.0[0].socket());
                Some(Fault::Promotion)
            }
            Self::Restart => {
                servers.0[0].kill();
                stage.begin_reign(&servers.0[0].socket());
                servers.0[0].start_again();
                Some(Fault::Restart)
            }
        }
    }

    fn recover(self, servers: &mut Servers) {
        match self {
            Self::Alone | Self::Restart => {}
            Self::Failover => servers.until_linked(),
            Self::Promotion => {
                servers.0[1].start_again();
                servers.follow();
            }
        }
    }
}

impl Servers {
    /// Makes the second the replica of the first.
    fn follow(&mut self) {
        let port = self.0[0].port();
        self.0[1].call(format!("REPLICAOF 127.0.0.1 {port}"));
        self.until_linked();
    }

    fn until_linked(&self) {
        eventually("the replica follows", || {
            let link = self.0[1].info("master_link_status");
            let online = self.0[0].info("connected_slaves");
            match (link.as_str(), online.as_str()) {
                ("up", "1") => Ok(()),
                _ => Err(format!("link {link}, {online} online")),
            }
        });
    }

    fn fail_over(&mut self) {
        eventually("the failover begins", || {
            let reply = self.0[0].call("FAILOVER");
            (reply == "OK").then_some(()).ok_or(format!("{reply:?}"))
        });
        eventually("the roles have changed", || {
            let roles = [self.0[0].info("role"), self.0[1].info("role")];
            (roles == ["slave", "master"])
                .then_some(())
                .ok_or(format!("{roles:?}"))
        });
        self.0.swap(0, 1);
    }
}

fn crashes(redis: &Redis) -> Vec<String> {
    let signs = ["ASSERTION FAILED", "crashed by signal", "panicked"];
    let log = redis.log();
    let lines = log
        .lines()
        .filter(|line| signs.iter().any(|sign| line.contains(sign)));
    lines.map(str::to_owned).collect()
}
