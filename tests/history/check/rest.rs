//! When everybody has gone and the leases have ended, nothing is held, nobody waits, and the servers are well.

use super::Found;
use super::scene::Scene;

pub(super) fn is_clean(scene: &Scene<'_>) -> Found {
    let rest = &scene.history.rest;
    let mut found = Found::new();
    let lists = [
        ("still held", &rest.held),
        ("still in line", &rest.waiting),
        ("a server crashed", &rest.crashes),
    ];
    for (what, lines) in lists {
        if !lines.is_empty() {
            found.push((what.to_owned(), lines.clone()));
        }
    }
    for (what, count) in [
        ("blocked clients", rest.blocked_clients),
        ("panics", rest.panics),
    ] {
        if count != 0 {
            found.push((format!("{count} {what}"), Vec::new()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::check::made::{assert_clean, assert_only};
    use crate::record::{History, Rest};

    #[test]
    fn whatever_is_left_behind_is_told() {
        let rest = |rest: Rest| History {
            rest,
            ..History::default()
        };
        let some = || vec!["gate:0 by 7".to_owned()];
        assert_clean(&rest(Rest::default()));
        for left in [
            Rest {
                held: some(),
                ..Rest::default()
            },
            Rest {
                waiting: some(),
                ..Rest::default()
            },
            Rest {
                blocked_clients: 1,
                ..Rest::default()
            },
            Rest {
                panics: 1,
                ..Rest::default()
            },
            Rest {
                crashes: some(),
                ..Rest::default()
            },
        ] {
            assert_only(&rest(left), "in the end nothing is held and nobody waits");
        }
    }
}
