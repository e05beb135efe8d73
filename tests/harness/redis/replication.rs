//! Replicas of a server under test. They follow over TCP, the only way there is, so the primary opens
//! a port of the loopback address when it gets its first one.

use std::net::TcpListener;

use super::{Builder, Redis};
use crate::eventually::eventually;

const PORTS_TRIED: usize = 20;

impl Redis {
    /// A replica without the module: it must understand everything that the module replicates.
    #[track_caller]
    pub fn plain_replica(&mut self) -> Redis {
        self.replica(Redis::builder().without_module())
    }

    /// A replica started as the builder says.
    #[track_caller]
    pub fn replica(&mut self, builder: Builder) -> Redis {
        let port = self.port();
        let replica = builder
            .arg("replicaof", &format!("127.0.0.1 {port}"))
            .start();
        self.wait_in_sync(&replica);
        replica
    }

    /// The port of the loopback address on which it listens, opened when first asked for.
    ///
    /// # Panics
    /// When no port is free.
    #[track_caller]
    pub fn port(&mut self) -> u16 {
        if let Some(port) = self.opened_port() {
            return port;
        }
        let port = (0..PORTS_TRIED)
            .find_map(|_| self.open_port())
            .expect("one of many ports is free");
        // A restart comes back on it, where the replicas look for it.
        self.builder = std::mem::take(&mut self.builder).arg("port", &port.to_string());
        port
    }

    /// Waits until the replica has applied all that this server has replicated.
    ///
    /// # Panics
    /// When it does not get there.
    #[track_caller]
    pub fn wait_in_sync(&self, replica: &Redis) {
        eventually("the replica is in sync", || {
            let link = replica.info("master_link_status");
            let applied = replica.info("slave_repl_offset");
            let written = self.info("master_repl_offset");
            if link == "up" && applied == written {
                return Ok(());
            }
            Err(format!("link {link}, applied {applied} of {written}"))
        });
    }

    fn opened_port(&self) -> Option<u16> {
        let port = self.info("tcp_port").parse().expect("a port is a number");
        (port != 0).then_some(port)
    }

    /// Another program may take the port between our asking and the server's: then `None`.
    fn open_port(&self) -> Option<u16> {
        let asked = TcpListener::bind("127.0.0.1:0").expect("the loopback address has free ports");
        let port = asked
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        drop(asked);
        (self.call(format!("CONFIG SET port {port}")) == "OK").then_some(port)
    }
}
