//! `redis.conf` at the top is read by people: each setting says why it is there.

use std::fs;

use crate::source::root;

#[test]
fn every_setting_says_why() {
    let text = fs::read_to_string(root().join("redis.conf")).unwrap();
    let lines: Vec<_> = text.lines().collect();
    for pair in lines.windows(2) {
        let is_setting = !pair[1].is_empty() && !pair[1].starts_with('#');
        let has_reason = pair[0].starts_with("# ");
        assert!(!is_setting || has_reason, "no reason above `{}`", pair[1]);
    }
}
