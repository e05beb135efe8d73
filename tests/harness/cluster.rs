//! A Redis Cluster of the test's own: three primaries that share the slots, and the steps by which a slot moves.
//! It follows no redirection: a test sees what each server answers.

use std::net::TcpListener;

use crate::eventually::eventually;
use crate::redis::Redis;
use crate::reply::Reply;

const SERVERS: u16 = 3;
const SLOTS: u16 = 16_384;
const STARTS_TRIED: usize = 20;

/// Ends with the value, server by server.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    redis: Redis,
    id: String,
    port: u16,
    bus_port: u16,
}

/// A slot that is being moved from the server that has it to another one.
#[derive(Debug)]
pub struct Move<'a> {
    cluster: &'a Cluster,
    slot: u16,
    source: usize,
    target: usize,
}

impl Cluster {
    /// Servers that know each other and serve every slot.
    ///
    /// # Panics
    /// When they do not start or do not come to agree.
    #[track_caller]
    pub fn start() -> Self {
        let cluster = Self {
            nodes: (0..SERVERS).map(|_| Node::start()).collect(),
        };
        for (node, index) in cluster.nodes.iter().zip(0..) {
            node.done(&format!("CLUSTER SET-CONFIG-EPOCH {}", index + 1));
            let (from, until) = (first_slot(index), first_slot(index + 1) - 1);
            node.done(&format!("CLUSTER ADDSLOTSRANGE {from} {until}"));
        }
        for node in &cluster.nodes {
            node.meet(&cluster.nodes[0]);
        }
        for node in &cluster.nodes {
            node.until_it_serves(cluster.nodes.len());
        }
        cluster
    }

    pub fn servers(&self) -> impl Iterator<Item = &Redis> {
        self.nodes.iter().map(|node| &node.redis)
    }

    /// The servers as clients are told of them.
    pub fn addresses(&self) -> Vec<String> {
        let address = |node: &Node| format!("127.0.0.1:{}", node.port);
        self.nodes.iter().map(address).collect()
    }

    /// The server that has the slot of a key by its own account.
    ///
    /// # Panics
    /// When none has.
    #[track_caller]
    pub fn server_of(&self, key: &str) -> &Redis {
        &self.nodes[self.index_of(self.slot_of(key))].redis
    }

    /// Marks the slot of a key as on its way to another server.
    #[track_caller]
    pub fn begin_move(&self, key: &str) -> Move<'_> {
        let slot = self.slot_of(key);
        let source = self.index_of(slot);
        let moving = Move {
            cluster: self,
            slot,
            source,
            target: (source + 1) % self.nodes.len(),
        };
        let (from, to) = (&self.nodes[source], &self.nodes[moving.target]);
        to.done(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", from.id));
        from.done(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", to.id));
        moving
    }

    /// A further server that follows the one that has the slot of a key, and may take its place.
    #[track_caller]
    pub fn replica_of(&self, key: &str) -> Redis {
        let primary = &self.nodes[self.index_of(self.slot_of(key))];
        let replica = Node::start();
        replica.meet(primary);
        replica.until_it_serves(self.nodes.len() + 1);
        replica.done(&format!("CLUSTER REPLICATE {}", primary.id));
        for node in &self.nodes {
            node.until_it_knows_a_replica_of(primary);
        }
        primary.redis.wait_in_sync(&replica.redis);
        replica.redis
    }

    /// Ends all servers but the one that has the slot of a key, and gives that one.
    #[track_caller]
    pub fn kill_all_but(&mut self, key: &str) -> &Redis {
        let kept = self.index_of(self.slot_of(key));
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if index != kept {
                node.redis.kill();
            }
        }
        &self.nodes[kept].redis
    }

    #[track_caller]
    fn slot_of(&self, key: &str) -> u16 {
        let slot = self.nodes[0].redis.call(["CLUSTER", "KEYSLOT", key]).int();
        u16::try_from(slot).expect("a slot is below 16384")
    }

    #[track_caller]
    fn index_of(&self, slot: u16) -> usize {
        let has = |node: &Node| {
            node.slots()
                .any(|(from, until)| (from..=until).contains(&slot))
        };
        let index = self.nodes.iter().position(has);
        index.unwrap_or_else(|| panic!("no server says that it has slot {slot}"))
    }
}

impl Move<'_> {
    pub fn source(&self) -> &Redis {
        &self.cluster.nodes[self.source].redis
    }

    pub fn target(&self) -> &Redis {
        &self.cluster.nodes[self.target].redis
    }

    /// Carries over the keys that are in the slot now.
    ///
    /// # Panics
    /// When a server refuses.
    #[track_caller]
    pub fn carry_keys(&self) {
        let from = &self.cluster.nodes[self.source];
        let port = self.cluster.nodes[self.target].port;
        let keys = from
            .redis
            .call(format!("CLUSTER GETKEYSINSLOT {} 1000", self.slot));
        for key in keys.items() {
            from.done(&format!("MIGRATE 127.0.0.1 {port} {} 0 5000", key.text()));
        }
    }

    /// Leaves the slot, and the keys that were not carried over, where they are.
    ///
    /// # Panics
    /// When a server refuses.
    #[track_caller]
    pub fn give_up(self) {
        for index in [self.source, self.target] {
            self.cluster.nodes[index].done(&format!("CLUSTER SETSLOT {} STABLE", self.slot));
        }
    }

    /// Gives the slot to the new server, in the order in which the documents of Redis say to.
    ///
    /// # Panics
    /// When a server refuses.
    #[track_caller]
    pub fn end(self) {
        let nodes = &self.cluster.nodes;
        let line = format!(
            "CLUSTER SETSLOT {} NODE {}",
            self.slot, nodes[self.target].id
        );
        for steps in 0..nodes.len() {
            nodes[(self.target + nodes.len() - steps) % nodes.len()].done(&line);
        }
    }
}

impl Node {
    /// The ports are another's by chance between our asking and the server's binding: then it is tried again.
    #[track_caller]
    fn start() -> Self {
        let start = |_| {
            let [port, bus_port] = free_ports()?;
            let builder = Redis::builder()
                .arg("cluster-enabled", "yes")
                .arg("port", &port.to_string())
                .arg("cluster-port", &bus_port.to_string());
            let redis = builder.try_start().ok()?;
            let id = redis.call("CLUSTER MYID").text();
            Some(Self {
                redis,
                id,
                port,
                bus_port,
            })
        };
        (0..STARTS_TRIED)
            .find_map(start)
            .expect("two of many ports are free")
    }

    #[track_caller]
    fn done(&self, line: &str) {
        assert_eq!(self.redis.call(line), "OK", "{line}");
    }

    #[track_caller]
    fn meet(&self, other: &Self) {
        self.done(&format!(
            "CLUSTER MEET 127.0.0.1 {} {}",
            other.port, other.bus_port
        ));
    }

    #[track_caller]
    fn until_it_serves(&self, known: usize) {
        eventually("the cluster is up", || {
            let info = self.redis.call("CLUSTER INFO").text();
            let known = format!("cluster_known_nodes:{known}\r");
            if info.contains("cluster_state:ok") && info.contains(&known) {
                Ok(())
            } else {
                Err(info)
            }
        });
    }

    /// Without that it neither gives its slots up nor votes for it.
    #[track_caller]
    fn until_it_knows_a_replica_of(&self, primary: &Self) {
        eventually("the replica is known", || {
            let known = self.redis.call(["CLUSTER", "REPLICAS", &primary.id]);
            match known.items() {
                [] => Err(self.redis.call("CLUSTER NODES").text()),
                _ => Ok(()),
            }
        });
    }

    /// The spans of slots that it has by its own account.
    #[track_caller]
    fn slots(&self) -> impl Iterator<Item = (u16, u16)> {
        let spans = self.redis.call("CLUSTER SLOTS");
        let number = |reply: &Reply| u16::try_from(reply.int()).expect("slots are below 16384");
        let span = |row: &Reply| {
            let [from, until, primary, ..] = row.items() else {
                panic!("{row:?} names no server");
            };
            let is_own = primary.items()[2] == self.id;
            is_own.then(|| (number(from), number(until)))
        };
        let own: Vec<_> = spans.items().iter().filter_map(span).collect();
        own.into_iter()
    }
}

fn first_slot(server: u16) -> u16 {
    let slot = u32::from(SLOTS) * u32::from(server) / u32::from(SERVERS);
    u16::try_from(slot).expect("at most 16384")
}

fn free_ports() -> Option<[u16; 2]> {
    let asked = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0"));
    let port = |listener: &std::io::Result<TcpListener>| {
        Some(listener.as_ref().ok()?.local_addr().ok()?.port())
    };
    Some([port(&asked[0])?, port(&asked[1])?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_served_by_one_server_and_the_others_say_by_which() {
        let cluster = Cluster::start();
        for key in ["a", "b", "c", "d"] {
            let answers = cluster.servers().map(|redis| redis.call(["SET", key, "v"]));
            let (set, moved): (Vec<_>, Vec<_>) = answers.partition(|answer| *answer == "OK");
            assert_eq!((set.len(), moved.len()), (1, 2), "{key}: {moved:?}");
            assert_eq!(cluster.server_of(key).call(["GET", key]), "v");
        }
    }

    #[test]
    fn a_moved_slot_is_served_by_its_new_server_with_its_keys() {
        let cluster = Cluster::start();
        cluster.server_of("k").call("SET k v");
        let moving = cluster.begin_move("k");
        moving.carry_keys();
        assert!(moving.source().call("GET k").is_error());
        let target = moving.target().pid();
        moving.end();
        assert_eq!(cluster.server_of("k").pid(), target);
        assert_eq!(cluster.server_of("k").call("GET k"), "v");
    }

    #[test]
    fn a_replica_has_the_data_of_its_primary() {
        let cluster = Cluster::start();
        cluster.server_of("k").call("SET k v");
        let replica = cluster.replica_of("k");
        replica.call("READONLY");
        assert_eq!(replica.call("GET k"), "v");
    }
}
