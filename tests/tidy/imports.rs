//! `use` declarations: none of them brings in names that it does not spell.
//! `pure` reads its imports here too.

use crate::source::{Finding, Source};

pub(crate) fn findings(sources: &[Source]) -> Vec<Finding> {
    let of_one = |source| {
        let imports = imports(source).into_iter();
        imports.filter_map(move |import| glob(source, &import))
    };
    sources.iter().flat_map(of_one).collect()
}

fn glob(source: &Source, import: &Import) -> Option<Finding> {
    let of_tests = import.line >= source.tests_begin() && import.path == "super::*";
    let rule = format!("`{}`: name what is used", import.path);
    (import.path.ends_with('*') && !of_tests).then(|| source.finding(import.line, rule))
}

/// One imported path. `use a::{b, c as d}` is two: `a::b` and `a::c`.
#[derive(Debug, PartialEq)]
pub(crate) struct Import {
    pub(crate) line: usize,
    pub(crate) path: String,
}

pub(crate) fn imports(source: &Source) -> Vec<Import> {
    let mut found = Vec::new();
    let mut lines = source.lines();
    while let Some((line, text)) = lines.next() {
        let Some(begin) = declaration(text) else {
            continue;
        };
        let mut tree = begin.to_owned();
        while !tree.ends_with(';') {
            let Some((_, more)) = lines.next() else { break };
            tree.push_str(more.trim());
        }
        let paths = expand("", tree.trim_end_matches(';'));
        found.extend(paths.into_iter().map(|path| Import { line, path }));
    }
    found
}

/// What stands behind `use` on a line that begins a declaration.
fn declaration(line: &str) -> Option<&str> {
    let line = line.trim();
    let line = match line.strip_prefix("pub") {
        Some(public) => public.trim_start_matches(|c| c != ' ').trim_start(),
        None => line,
    };
    line.strip_prefix("use ")
}

fn expand(prefix: &str, tree: &str) -> Vec<String> {
    let Some((stem, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree);
        return vec![format!("{prefix}{}", path.trim())];
    };
    let prefix = format!("{prefix}{}", stem.trim());
    let group = group.trim_end().trim_end_matches(',');
    let group = group.strip_suffix('}').unwrap_or(group);
    let branches = branches(group).into_iter();
    branches
        .flat_map(|branch| expand(&prefix, branch))
        .collect()
}

/// Split at the commas that are in no inner group.
fn branches(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut parts = group.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts
        .by_ref()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

#[test]
fn a_group_is_taken_apart() {
    let source = Source {
        path: "module/src/x.rs".into(),
        text: "pub(crate) use a::{\n    b::{self, c as d},\n    e,\n};\nuse f::*;\n".into(),
    };
    let found = imports(&source);
    let paths: Vec<_> = found.iter().map(|import| import.path.as_str()).collect();
    assert_eq!(paths, ["a::b::self", "a::b::c", "a::e", "f::*"]);
    assert_eq!(found.last().map(|import| import.line), Some(5));
    assert_eq!(findings(&[source]).len(), 1);
}
