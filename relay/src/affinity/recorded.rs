//! Conversations of two turns as clients really sent them to a relay: a prompt, the result of a tool, and a prompt to the
//! client started anew. Long texts are replaced by others, names and places by plain ones. (Tests only.)

use std::collections::HashMap;

use hyper::HeaderMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Form, session, two_turns::heard};

const CLAUDE_CODE: &str = include_str!("recorded/claude_code.json");
const CODEX: &str = include_str!("recorded/codex.json");
const GEMINI_CLI: &str = include_str!("recorded/gemini_cli.json");

#[derive(Deserialize)]
struct Request<'a> {
    headers: HashMap<String, String>,
    #[serde(borrow)]
    body: &'a RawValue,
}

fn requests(recorded: &str) -> Vec<Request<'_>> {
    serde_json::from_str(recorded).unwrap()
}

impl Request<'_> {
    fn chain(&self, form: Form) -> String {
        let headers = HeaderMap::try_from(&self.headers).unwrap();
        let heard = heard(form, session(&headers), self.body.get());
        heard.chain("model").unwrap()
    }

    /// What is left when the client does not name its session.
    fn nameless_chain(&self, form: Form) -> String {
        let mut body = self.body.get().to_owned();
        for name in [r#""metadata""#, r#""prompt_cache_key""#] {
            body = body.replace(name, r#""unnamed""#);
        }
        heard(form, None, &body).chain("model").unwrap()
    }
}

/// The roles of each request's chain, of which each is longer.
fn roles(chains: &[String]) -> Vec<String> {
    let letters = |chain: &String| chain.split('-').map(|segment| &segment[..1]).collect();
    chains.iter().map(letters).collect()
}

/// How many segments two chains have in common at their beginning.
fn shared(one: &str, other: &str) -> usize {
    let pairs = one.split('-').zip(other.split('-'));
    pairs.take_while(|(one, other)| one == other).count()
}

fn nameless_chains(form: Form, recorded: &str) -> Vec<String> {
    let requests = requests(recorded);
    requests
        .iter()
        .map(|request| request.nameless_chain(form))
        .collect()
}

#[test]
fn claude_code_and_codex_name_their_sessions_in_a_header_and_in_the_body() {
    for (form, recorded) in [(Form::Messages, CLAUDE_CODE), (Form::Responses, CODEX)] {
        let mut requests = requests(recorded);
        let first = requests[0].chain(form);
        assert!(first.starts_with("i:"), "{first}");
        for request in &mut requests {
            assert_eq!(request.chain(form), first);
            request.headers.clear();
            assert_eq!(request.chain(form), first, "by the body alone");
        }
    }
}

#[test]
fn without_a_name_each_request_of_claude_code_continues_the_one_before() {
    let chains = nameless_chains(Form::Messages, CLAUDE_CODE);
    assert_eq!(roles(&chains), ["dsus", "dsusau", "dsusauau"]);
    assert_eq!(shared(&chains[0], &chains[1]), 4);
    assert_eq!(shared(&chains[1], &chains[2]), 6);
}

#[test]
fn without_a_name_each_request_of_codex_continues_the_one_before() {
    let chains = nameless_chains(Form::Responses, CODEX);
    assert_eq!(roles(&chains), ["dssuu", "dssuuaat", "dssuuaatau"]);
    assert_eq!(shared(&chains[0], &chains[1]), 5);
    assert_eq!(shared(&chains[1], &chains[2]), 8);
}

/// Started anew it trims what the model said, and tells results twice: what follows is not in the prompt cache either.
#[test]
fn gemini_cli_names_no_session_and_is_known_by_what_it_repeats() {
    let chains = nameless_chains(Form::Contents, GEMINI_CLI);
    for (request, chain) in requests(GEMINI_CLI).iter().zip(&chains) {
        assert_eq!(request.chain(Form::Contents), *chain);
    }
    assert_eq!(roles(&chains), ["dsu", "dsuau", "dsuauau"]);
    assert_eq!(shared(&chains[0], &chains[1]), 3);
    assert_eq!(shared(&chains[0], &chains[2]), 3);
    assert_eq!(shared(&chains[1], &chains[2]), 3);
}
