//! What each SDK is shown to do, and by which script: the tests beside this run what stands here, and `docs/clients.md` has
//! it as a table. An API more is a row, a thing to be shown one more column.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use harness::Runtime;

/// What is to be shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Capability {
    Answers,
    Streams,
    Tools,
    Images,
    Errors,
    Retries,
    /// An answer in one piece, for which there is no room yet.
    WaitsForAnswers,
    WaitsForStreams,
}

const COLUMNS: [(Capability, &str); 8] = [
    (Capability::Answers, "answers"),
    (Capability::Streams, "streams"),
    (Capability::Tools, "tools"),
    (Capability::Images, "images"),
    (Capability::Errors, "errors"),
    (Capability::Retries, "retries"),
    (Capability::WaitsForAnswers, "waits for answers"),
    (Capability::WaitsForStreams, "waits for streams"),
];

/// An API, on accounts of a kind.
#[derive(Debug)]
pub(super) struct Row {
    /// In the order of [`Runtime::ALL`].
    packages: [&'static str; 2],
    api: &'static str,
    pub(super) kinds: &'static [&'static str],
    /// What the accounts call the models that are asked for, if they speak another API.
    pub(super) models: Option<&'static str>,
    /// Whether it takes a 529 for something that passes.
    pub(super) retries_overload: bool,
    /// By [`Capability`].
    scripts: [&'static str; 8],
}

const ANTHROPIC: [&str; 2] = ["anthropic", "@anthropic-ai/sdk"];
const OPENAI: [&str; 2] = ["openai", "openai"];
const GOOGLE: [&str; 2] = ["google-genai", "@google/genai"];

pub(super) static ROWS: [Row; 8] = [
    Row {
        packages: ANTHROPIC,
        api: "Messages",
        kinds: &["anthropic"],
        models: None,
        retries_overload: true,
        scripts: [
            "plain",
            "streaming",
            "tools",
            "images",
            "refusals",
            "retries",
            "patience",
            "heartbeats",
        ],
    },
    Row {
        packages: ANTHROPIC,
        api: "Messages",
        kinds: &["openai"],
        models: Some(r#""claude-sonnet-*" = "gpt-mock-1", "gpt-mock-*" = "gpt-mock-1""#),
        retries_overload: true,
        scripts: [
            "translated_messages",
            "translated_messages",
            "translated_messages",
            "images",
            "translated_messages",
            "retries",
            "translated_messages",
            "translated_messages",
        ],
    },
    Row {
        packages: OPENAI,
        api: "Chat completions",
        kinds: &["openai"],
        models: None,
        retries_overload: true,
        scripts: [
            "openai_chat",
            "openai_chat",
            "openai_chat",
            "openai_chat_images",
            "openai_refusals",
            "openai_chat_retries",
            "patience",
            "heartbeats",
        ],
    },
    Row {
        packages: OPENAI,
        api: "Chat completions",
        kinds: &["anthropic"],
        models: Some(r#""gpt-mock-*" = "claude-mock-1""#),
        retries_overload: true,
        scripts: [
            "translated_chat",
            "translated_chat",
            "translated_chat",
            "openai_chat_images",
            "translated_chat",
            "openai_chat_retries",
            "translated_chat",
            "translated_chat",
        ],
    },
    Row {
        packages: OPENAI,
        api: "Responses",
        kinds: &["openai"],
        models: None,
        retries_overload: true,
        scripts: [
            "openai_responses",
            "openai_responses",
            "openai_responses",
            "openai_responses_images",
            "openai_refusals",
            "openai_responses_retries",
            "patience",
            "heartbeats",
        ],
    },
    Row {
        packages: OPENAI,
        api: "Responses",
        kinds: &["anthropic"],
        models: Some(r#""gpt-mock-*" = "claude-mock-1""#),
        retries_overload: true,
        scripts: [
            "translated_responses",
            "translated_responses",
            "translated_responses",
            "openai_responses_images",
            "translated_responses",
            "openai_responses_retries",
            "translated_responses",
            "translated_responses",
        ],
    },
    Row {
        packages: GOOGLE,
        api: "Gemini",
        kinds: &["gemini"],
        models: None,
        retries_overload: false,
        scripts: [
            "gemini",
            "gemini",
            "gemini",
            "gemini_images",
            "gemini_refusals",
            "gemini_retries",
            "patience",
            "heartbeats",
        ],
    },
    Row {
        packages: GOOGLE,
        api: "Gemini",
        kinds: &["anthropic"],
        models: Some(r#""gemini-mock-*" = "claude-mock-1", "gpt-mock-*" = "claude-mock-1""#),
        retries_overload: false,
        scripts: [
            "translated_gemini",
            "translated_gemini",
            "translated_gemini",
            "gemini_images",
            "translated_gemini",
            "gemini_retries",
            "translated_gemini",
            "translated_gemini",
        ],
    },
];

impl Row {
    pub(super) fn script(&self, capability: Capability) -> &'static str {
        self.scripts[capability as usize]
    }

    /// Each once: a script may show several.
    pub(super) fn scripts(&self, capabilities: &[Capability]) -> BTreeSet<&'static str> {
        let scripts = capabilities.iter().map(|each| self.script(*each));
        scripts.collect()
    }

    fn shown(&self, runtime: Runtime, versions: &Versions) -> String {
        let [in_python, in_node] = self.packages;
        let (package, from, folder, ending) = match runtime {
            Runtime::Python => (in_python, "PyPI", "python", "py"),
            Runtime::Node => (in_node, "npm", "node", "js"),
        };
        let version = &versions[&(from, package.to_owned())];
        let accounts = self.kinds.join("`, `");
        let mut line = format!(
            "| `{package}` {version}, {from} | {} | `{accounts}` |",
            self.api
        );
        for (capability, _) in COLUMNS {
            let script = self.script(capability);
            write!(line, " [✓](../tests/sdk/{folder}/{script}.{ending}) |")
                .expect("a string takes whatever is written");
        }
        line
    }
}

/// The table as documents have it.
pub(super) fn lines() -> Vec<String> {
    let versions = versions();
    let columns = COLUMNS.map(|(_, column)| column).join(" | ");
    let mut lines = vec![
        format!("| SDK | API | accounts | {columns} |"),
        "|---".repeat(3 + COLUMNS.len()) + "|",
    ];
    for row in &ROWS {
        lines.extend(Runtime::ALL.map(|runtime| row.shown(runtime, &versions)));
    }
    lines
}

/// By registry and package.
type Versions = BTreeMap<(&'static str, String), String>;

/// What `tests/setup.sh test` installs.
fn versions() -> Versions {
    let python = read("tests/sdk/python/requirements.txt");
    let pinned = python.lines().filter_map(|line| line.split_once("=="));
    let python =
        pinned.map(|(package, version)| (("PyPI", package.to_owned()), version.to_owned()));
    let node: serde_json::Value =
        serde_json::from_str(&read("tests/sdk/node/package.json")).expect("npm reads it too");
    let pinned: BTreeMap<String, String> =
        serde_json::from_value(node["dependencies"].clone()).expect("versions are pinned");
    let node = pinned.into_iter();
    let node = node.map(|(package, version)| (("npm", package), version));
    python.chain(node).collect()
}

pub(super) fn read(path: &str) -> String {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(repository.join(path)).expect("the file is there")
}
