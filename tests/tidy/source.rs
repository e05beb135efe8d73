//! The Rust files of the repository, read once per rule, and what a rule says about them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 3] = ["module", "relay", "tests"];
const SKIPPED: [&str; 2] = ["target", "node_modules"];

pub(crate) struct Source {
    /// From the top of the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

pub(crate) struct Finding {
    path: String,
    line: usize,
    rule: String,
}

impl Source {
    /// Lines with their numbers, counted from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .zip(1..)
            .map(|(line, number)| (number, line))
    }

    /// The number of the line from which on the file holds tests only; 1 for files of tests.
    pub(crate) fn tests_begin(&self) -> usize {
        if self.path.starts_with("tests/") || self.path.ends_with("/tests.rs") {
            return 1;
        }
        let lines: Vec<_> = self.text.lines().collect();
        let inline = |pair: &[&str]| {
            pair[0].trim() == "#[cfg(test)]"
                && pair[1].starts_with("mod ")
                && pair[1].ends_with('{')
        };
        let begin = lines.windows(2).position(inline);
        begin.map_or(usize::MAX, |index| index + 1)
    }

    pub(crate) fn finding(&self, line: usize, rule: impl Into<String>) -> Finding {
        Finding::new(&self.path, line, rule)
    }
}

impl Finding {
    pub(crate) fn new(path: &str, line: usize, rule: impl Into<String>) -> Self {
        let (path, rule) = (path.to_owned(), rule.into());
        Self { path, line, rule }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

pub(crate) fn all() -> Vec<Source> {
    let root = root();
    let mut paths = Vec::new();
    for folder in FOLDERS {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    paths.iter().map(|path| read(&root, path)).collect()
}

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .parent()
        .expect("the package is in the workspace")
        .to_owned()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let entry = entry.expect("the folder is readable");
        let (path, name) = (entry.path(), entry.file_name());
        let skipped = SKIPPED.iter().any(|skipped| name == *skipped);
        if path.is_dir() && !skipped {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

fn read(root: &Path, path: &Path) -> Source {
    let relative = path.strip_prefix(root).expect("collected below the root");
    Source {
        path: relative.to_string_lossy().into_owned(),
        text: fs::read_to_string(path).expect("a source is UTF-8"),
    }
}
