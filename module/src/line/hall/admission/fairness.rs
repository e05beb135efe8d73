//! Who shares accounts is served alike, by examples.

use std::collections::{BTreeMap, VecDeque};
use std::mem;

use super::{World, key};
use crate::line::Number;

/// Serves so many, each giving back what it has at once, with everybody asking again.
fn shares(world: &mut World, callers: &[(u8, usize)], services: usize) -> Vec<usize> {
    let mut whose: BTreeMap<Number, usize> = BTreeMap::new();
    let mut counts = vec![0; callers.len()];
    for (index, (caller, group)) in callers.iter().enumerate() {
        for _ in 0..5 {
            whose.insert(world.join(*caller, *group, None), index);
        }
    }
    let mut served: VecDeque<Number> = mem::take(&mut world.served).into();
    for _ in 0..services {
        let number = served.pop_front().expect("somebody holds slots");
        let index = whose[&number];
        counts[index] += 1;
        let (caller, group) = callers[index];
        whose.insert(world.join(caller, group, None), index);
        world.give_back(number);
        served.extend(mem::take(&mut world.served));
    }
    counts
}

#[test]
fn callers_of_groups_that_share_accounts_are_served_alike() {
    // Two groups of two accounts with one in common, and a third caller in one of them.
    let mut world = World::new(&[9, 9, 9, 1, 1, 1, 0]);
    let counts = shares(&mut world, &[(b'A', 0), (b'B', 1), (b'C', 1)], 3_000);
    let (least, most) = (counts.iter().min(), counts.iter().max());
    let ratio = *least.expect("three") as f64 / *most.expect("three") as f64;
    assert!(ratio > 0.95, "{counts:?}");
}

#[test]
fn who_has_an_account_to_itself_leaves_the_shared_one_to_others() {
    // A may use 3 beside the shared ones; B and C have only those that all share.
    let mut world = World::new(&[9, 9, 9, 0, 1, 0, 1]);
    let counts = shares(&mut world, &[(b'A', 2), (b'B', 1), (b'C', 1)], 3_000);
    assert!(counts[0] >= 1_400, "{counts:?}");
    let (b, c) = (counts[1] as f64, counts[2] as f64);
    assert!((b / c - 1.0).abs() < 0.05, "{counts:?}");
    assert!(counts[1] >= 700, "{counts:?}");
}

#[test]
fn who_was_away_comes_back_without_credit() {
    let mut world = World::new(&[9, 0, 9, 1, 1, 0, 0]);
    // B's own gate has no room: its waiters stand aside, while A is served a thousand times.
    let away: Vec<Number> = (0..100).map(|_| world.join(b'B', 0, None)).collect();
    shares(&mut world, &[(b'A', 0)], 1_000);
    world.gates.get_mut(&b'B').expect("it is there").limit = 9;
    world.serve_key(&key(b'B'));
    let mut of_b = 0;
    for _ in 0..40 {
        let account = if world.gates[&b'0'].holders < world.gates[&b'1'].holders {
            b'0'
        } else {
            b'1'
        };
        let number = *world.gates[&account].holders.first().expect("it is full");
        if !away.contains(&number) {
            world.join(b'A', 0, None);
        }
        of_b += usize::from(away.contains(&number));
        world.give_back(number);
    }
    assert!((18..=22).contains(&of_b), "{of_b} of 40");
}
