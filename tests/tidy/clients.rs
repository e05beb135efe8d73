//! `docs/clients.md` names the clients and versions that are tested, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::source::root;

/// Where the clients are pinned.
const PYTHON: &str = "tests/sdk/python/requirements.txt";
const NPM: [&str; 2] = ["tests/sdk/node/package.json", "tests/clients/package.json"];

#[test]
fn the_clients_that_are_tested_are_those_that_the_documents_name() {
    let text = read("docs/clients.md");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, name, from @ ("PyPI" | "npm"), version, ..] = cells[..] else {
            return None;
        };
        Some(format!("{from} {}=={version}", name.trim_matches('`')))
    });
    assert_eq!(rows.collect::<BTreeSet<_>>(), pinned());
}

fn pinned() -> BTreeSet<String> {
    let python = read(PYTHON);
    let mut pinned: BTreeSet<_> = python.lines().map(|line| format!("PyPI {line}")).collect();
    for path in NPM {
        let manifest: Value = serde_json::from_str(&read(path)).expect("npm reads it too");
        let packages: BTreeMap<String, String> =
            serde_json::from_value(manifest["dependencies"].clone()).expect("versions are pinned");
        let spell = |(name, version)| format!("npm {name}=={version}");
        pinned.extend(packages.into_iter().map(spell));
    }
    pinned
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("the file is there")
}
