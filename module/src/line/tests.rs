//! A line, by examples.

use super::plan::PlanId;
use super::{FlowName, Line, Number, Place};
use crate::time::UnixMillis;

const PLAN: PlanId = 1;

fn flow(name: u8) -> FlowName {
    FlowName::new(&[name])
}

fn place(number: Number) -> Place {
    let since = UnixMillis::new(1_000);
    Place { since, number }
}

fn join(line: &mut Line, number: Number, name: u8, weight: Option<u32>) {
    line.join(&flow(name), PLAN, weight, place(number));
}

fn serve_first(line: &mut Line) {
    let first = line.first().expect("somebody can be served");
    let own = line.flows.iter().find_map(|(name, flow)| {
        let place = flow.places().find(|place| place.number == first)?;
        Some((name.clone(), place))
    });
    let (flow, place) = own.expect("it has a place");
    line.serve(&flow, PLAN, place);
}

fn serve_all(line: &mut Line) -> Vec<Number> {
    let mut served = Vec::new();
    while let Some(first) = line.first() {
        served.push(first);
        serve_first(line);
    }
    served
}

#[test]
fn a_newcomer_flow_waits_for_one_service_whatever_the_backlog() {
    let mut line = Line::default();
    for number in 0..100 {
        join(&mut line, number, b'a', None);
    }
    serve_first(&mut line);
    join(&mut line, 100, b'b', None);
    let served = serve_all(&mut line);
    assert!(served.iter().position(|number| *number == 100) <= Some(1));
}

#[test]
fn flows_are_served_by_their_weights() {
    let mut line = Line::default();
    let flows = [(b'a', 1), (b'b', 2), (b'c', 4)];
    for number in 0..210 {
        let (name, weight) = flows[number as usize % 3];
        join(&mut line, number, name, Some(weight));
    }
    let served = &serve_all(&mut line)[..70];
    for (index, (_, weight)) in flows.iter().enumerate() {
        let count = served
            .iter()
            .filter(|number| **number as usize % 3 == index);
        let count = count.count() as i64;
        let share = i64::from(*weight) * 10;
        assert!((count - share).abs() <= 1, "{count} of {share}");
    }
}

#[test]
fn having_waited_elsewhere_counts_within_the_own_flow_alone() {
    let mut line = Line::default();
    join(&mut line, 1, b'a', None);
    join(&mut line, 2, b'b', None);
    let since = UnixMillis::new(10);
    line.join(&flow(b'b'), PLAN, None, Place { since, number: 3 });
    assert_eq!(serve_all(&mut line), [1, 3, 2]);
}

#[test]
fn a_flow_that_comes_back_at_once_has_not_forgotten_its_share() {
    let mut line = Line::default();
    join(&mut line, 1, b'a', None);
    join(&mut line, 2, b'b', None);
    join(&mut line, 3, b'b', None);
    serve_first(&mut line);
    join(&mut line, 4, b'a', None);
    assert_eq!(serve_all(&mut line), [2, 3, 4]);
}

#[test]
fn no_stream_of_new_flows_keeps_an_old_one_from_its_turn() {
    let mut line = Line::default();
    join(&mut line, 0, b'a', None);
    join(&mut line, 1, b'a', None);
    serve_first(&mut line);
    let served = (2..100).find(|number| {
        let name = FlowName::new(number.to_string().as_bytes());
        line.join(&name, PLAN, None, place(*number));
        let first = line.first();
        serve_first(&mut line);
        first == Some(1)
    });
    assert!(served.is_some_and(|number| number < 10), "{served:?}");
}

#[test]
fn a_flow_whose_waiters_left_unserved_leaves_nothing_behind() {
    let mut line = Line::default();
    join(&mut line, 0, b'a', None);
    for number in 1..100 {
        let name = FlowName::new(number.to_string().as_bytes());
        line.join(&name, PLAN, None, place(number));
        line.leave(&name, PLAN, place(number));
    }
    assert_eq!((line.flows.len(), line.resting.len()), (1, 0));
}
