//! `module/README.md`: its examples answer as printed, and its sections are the commands.

use std::path::Path;

use harness::{Redis, Reply};

use crate::shown::shown;
use crate::typed::typed;

const EXAMPLE: &str = "```redis-cli";
/// Stands where each run prints something else.
const ANYTHING: char = '…';

/// A command of an example, where it stands, and the lines that it prints.
struct Step<'a> {
    line: usize,
    command: &'a str,
    printed: Vec<&'a str>,
}

fn readme() -> String {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = package.parent().expect("the package is in the workspace");
    let path = workspace.join("module/README.md");
    std::fs::read_to_string(path).expect("the commands are documented")
}

/// The names of the sections that are commands: two words in capitals, joined by a dot.
fn sections(text: &str) -> Vec<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    headings
        .filter(|heading| heading.contains('.') && !heading.contains(char::is_lowercase))
        .map(str::to_lowercase)
        .collect()
}

/// The steps of every example.
#[track_caller]
fn steps(text: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut inside = false;
    for (line, text) in (1..).zip(text.lines()) {
        if text.starts_with("```") {
            inside = text == EXAMPLE;
        } else if inside {
            match (text.strip_prefix("> "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step {
                    line,
                    command,
                    printed: Vec::new(),
                }),
                (None, Some(step)) => step.printed.push(text),
                (None, None) => panic!("line {line}: an example begins with a command"),
            }
        }
    }
    steps
}

/// Whether a line is as printed, where `…` stands for anything.
fn is_as_printed(line: &str, printed: &str) -> bool {
    let Some((head, tail)) = printed.split_once(ANYTHING) else {
        return line == printed;
    };
    line.len() >= head.len() + tail.len() && line.starts_with(head) && line.ends_with(tail)
}

#[test]
fn each_command_has_a_section_and_each_section_a_command() {
    let redis = Redis::start();
    let listed = redis.call("COMMAND LIST FILTERBY MODULE weir");
    let mut listed: Vec<_> = listed.items().iter().map(Reply::text).collect();
    listed.sort();
    let mut sections = sections(&readme());
    sections.sort();
    assert_eq!(sections, listed);
}

#[test]
fn each_section_has_its_grammar_and_an_example() {
    let text = readme();
    let parts = text.split("\n## ").skip(1);
    for part in parts.filter(|part| {
        part.split('\n')
            .next()
            .is_some_and(|name| name.contains('.'))
    }) {
        let name = part.lines().next().unwrap_or_default();
        assert!(
            part.contains(&format!("```text\n{name}")),
            "no grammar: {name}"
        );
        assert!(part.contains(&format!("\n> {name} ")), "no example: {name}");
        assert!(part.contains("Complexity: O("), "no complexity: {name}");
    }
}

#[test]
fn the_examples_answer_as_printed() {
    let redis = Redis::start();
    let text = readme();
    let steps = steps(&text);
    assert!(steps.len() >= 17, "one example per command at least");
    for step in steps {
        let lines = shown(&redis.call(typed(step.command)));
        let as_printed = lines.len() == step.printed.len()
            && lines
                .iter()
                .zip(&step.printed)
                .all(|(line, printed)| is_as_printed(line, printed));
        assert!(
            as_printed,
            "line {}: {} prints\n{}\nnot\n{}",
            step.line,
            step.command,
            lines.join("\n"),
            step.printed.join("\n")
        );
    }
}
