//! Words that may not stand in the code at all, and sleeping in tests.

use crate::source::{Finding, Source};

/// What may not stand anywhere, with what to do instead.
const BANNED: [(&str, &str); 9] = [
    (
        "#[allow(",
        "`#[expect(…, reason = \"…\")]` says why, and fails when it is no longer needed",
    ),
    (
        "#![allow(",
        "`#[expect(…, reason = \"…\")]` says why, and fails when it is no longer needed",
    ),
    (
        "#[ignore",
        "a test that is not run shows nothing: mend or remove it",
    ),
    ("todo!", "nothing unfinished is committed"),
    ("unimplemented!", "nothing unfinished is committed"),
    ("TODO", "nothing unfinished is committed"),
    ("FIXME", "nothing unfinished is committed"),
    ("XXX", "nothing unfinished is committed"),
    ("dbg!", "left from a search for a bug"),
];

const SLEEPS: [&str; 2] = ["thread::sleep", "time::sleep"];

/// The one place of the tests that sleeps.
const MAY_SLEEP: &str = "tests/harness/eventually.rs";

pub(crate) fn findings(sources: &[Source]) -> Vec<Finding> {
    let checked = sources
        .iter()
        .filter(|source| source.path != "tests/tidy/words.rs");
    checked.flat_map(of_file).collect()
}

fn of_file(source: &Source) -> Vec<Finding> {
    let tests_begin = source.tests_begin();
    let mut found = Vec::new();
    for (number, line) in source.lines() {
        let banned = BANNED.iter().filter(|(word, _)| line.contains(word));
        found
            .extend(banned.map(|(word, rule)| source.finding(number, format!("`{word}`: {rule}"))));
        let sleeps = SLEEPS.iter().any(|sleep| line.contains(sleep));
        if sleeps && number >= tests_begin && source.path != MAY_SLEEP {
            let rule = "a test sleeps: `eventually` waits for the condition instead";
            found.push(source.finding(number, rule));
        }
    }
    found
}
