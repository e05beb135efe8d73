//! The house rules that no other tool checks. Each finding names file, line and rule.
//! A new rule is a file here and a test below; a new pure file is a row in `pure.rs`.

mod clients;
mod clocks;
mod imports;
mod pure;
mod redis_conf;
mod shape;
mod source;
mod words;

use source::{Finding, Source};

#[test]
fn files_have_one_concept_a_head_and_a_telling_name() {
    nothing_found(shape::findings);
}

#[test]
fn imports_name_what_they_bring() {
    nothing_found(imports::findings);
}

#[test]
fn pure_files_decide_without_looking_around() {
    nothing_found(pure::findings);
}

#[test]
fn each_package_reads_the_clock_in_one_file() {
    nothing_found(clocks::findings);
}

#[test]
fn nothing_is_left_unfinished_silenced_or_slept_through() {
    nothing_found(words::findings);
}

#[track_caller]
fn nothing_found(rule: fn(&[Source]) -> Vec<Finding>) {
    let sources = source::all();
    assert!(!sources.is_empty(), "no sources were found");
    let found = rule(&sources);
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}
