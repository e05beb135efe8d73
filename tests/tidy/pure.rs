//! The pure files: decisions as functions of values, without clock, socket, file, key or thread. They import
//! std and each other; a further crate that only computes is named in the row.

use crate::imports::{Import, imports};
use crate::source::{Finding, Source, root};

/// Each pure file with the crates that it may use beside std.
const PURE: &[(&str, &[&str])] = &[
    ("module/src/args.rs", &[]),
    ("module/src/budget/ledger.rs", &[]),
    ("module/src/budget/record.rs", &["itoa"]),
    ("module/src/budget/sums.rs", &["itoa"]),
    ("module/src/error.rs", &[]),
    ("module/src/integer.rs", &[]),
    ("module/src/lifetime.rs", &[]),
    ("module/src/line.rs", &["hashbrown"]),
    ("module/src/line/deadlines.rs", &[]),
    ("module/src/line/flow.rs", &[]),
    ("module/src/line/hall.rs", &["hashbrown"]),
    ("module/src/line/hall/keys.rs", &["hashbrown"]),
    ("module/src/line/hall/view.rs", &[]),
    ("module/src/line/hall/waiter.rs", &[]),
    ("module/src/line/name.rs", &["triomphe"]),
    ("module/src/line/places.rs", &[]),
    ("module/src/line/plan.rs", &["hashbrown"]),
    ("module/src/line/ranked.rs", &["hashbrown"]),
    ("module/src/line/rivals.rs", &[]),
    ("module/src/qgate/choice.rs", &[]),
    ("module/src/qgate/gate.rs", &[]),
    ("module/src/rate/bucket.rs", &[]),
    ("module/src/slot.rs", &[]),
    ("module/src/tally/increment.rs", &[]),
    ("module/src/tally/record.rs", &[]),
    ("module/src/time.rs", &[]),
    ("module/src/trie/chain.rs", &["xxhash_rust"]),
    ("module/src/trie/entry.rs", &[]),
    ("module/src/umq/turn.rs", &[]),
    ("relay/src/accord.rs", &[]),
    ("relay/src/affinity.rs", &[]),
    ("relay/src/affinity/chain.rs", &["xxhash_rust"]),
    ("relay/src/affinity/kept.rs", &["xxhash_rust"]),
    (
        "relay/src/affinity/session.rs",
        &["http", "serde", "serde_json", "xxhash_rust"],
    ),
    ("relay/src/affinity/walk.rs", &["serde_json"]),
    ("relay/src/alerts/facts.rs", &["serde"]),
    ("relay/src/attempts.rs", &[]),
    ("relay/src/calendar.rs", &["arc_swap", "jiff"]),
    ("relay/src/choice.rs", &[]),
    ("relay/src/cooldown.rs", &[]),
    ("relay/src/cooldown/cause.rs", &[]),
    ("relay/src/cooldown/reset.rs", &["http", "httpdate", "jiff"]),
    ("relay/src/cooldown/rest.rs", &[]),
    ("relay/src/cooldown/rests.rs", &[]),
    (
        "relay/src/cooldown/told.rs",
        &["memchr", "serde", "serde_json"],
    ),
    ("relay/src/cooldown/window.rs", &["http"]),
    ("relay/src/cooldown/written.rs", &[]),
    ("relay/src/cli/frame.rs", &[]),
    ("relay/src/cli/top/rows.rs", &[]),
    ("relay/src/forward/place.rs", &[]),
    ("relay/src/gate.rs", &[]),
    ("relay/src/intent.rs", &["itoa"]),
    ("relay/src/json.rs", &[]),
    ("relay/src/json/lexeme.rs", &[]),
    ("relay/src/json_array.rs", &["memchr"]),
    ("relay/src/live/build.rs", &[]),
    ("relay/src/live/fairness.rs", &[]),
    ("relay/src/live/members.rs", &[]),
    ("relay/src/live/queue.rs", &["thiserror"]),
    ("relay/src/live/rates.rs", &[]),
    ("relay/src/live/seen.rs", &[]),
    ("relay/src/live/snapshot.rs", &["serde", "utoipa"]),
    ("relay/src/live/stage.rs", &[]),
    ("relay/src/live/state.rs", &[]),
    ("relay/src/pins.rs", &["xxhash_rust"]),
    (
        "relay/src/provider/bedrock/converse/blocks.rs",
        &["serde_json"],
    ),
    ("relay/src/read/splice.rs", &["bytes"]),
    ("relay/src/models.rs", &[]),
    ("relay/src/moment.rs", &["jiff"]),
    ("relay/src/price.rs", &["serde"]),
    ("relay/src/price/cost.rs", &[]),
    ("relay/src/price/decimal.rs", &["serde"]),
    ("relay/src/price/estimate.rs", &[]),
    ("relay/src/price/peak.rs", &["serde"]),
    ("relay/src/price/resold.rs", &[]),
    ("relay/src/price/table.rs", &["hashbrown"]),
    ("relay/src/price/usd.rs", &["serde"]),
    ("relay/src/purse.rs", &["itoa"]),
    ("relay/src/price/row.rs", &["jiff", "serde"]),
    ("relay/src/role.rs", &["serde"]),
    ("relay/src/sse.rs", &["memchr"]),
    ("relay/src/store/wire/batch.rs", &["itoa"]),
    ("relay/src/store/wire/parse.rs", &["bytes", "memchr"]),
    ("relay/src/store/wire/reply.rs", &["bytes"]),
    ("relay/src/stream/tap/carried.rs", &[]),
    ("relay/src/stream/tap/unasked.rs", &["bytes"]),
    ("relay/src/tally.rs", &[]),
    ("relay/src/time.rs", &[]),
    ("relay/src/translate.rs", &["serde_json", "thiserror"]),
    ("relay/src/translate/chat.rs", &["serde_json"]),
    ("relay/src/translate/effort.rs", &["serde_json"]),
    ("relay/src/translate/family.rs", &[]),
    ("relay/src/translate/finish.rs", &[]),
    ("relay/src/translate/from_chat.rs", &["serde_json"]),
    (
        "relay/src/translate/from_chat/stream.rs",
        &["serde", "serde_json"],
    ),
    ("relay/src/translate/from_messages.rs", &["serde_json"]),
    (
        "relay/src/translate/from_messages/stream.rs",
        &["serde_json"],
    ),
    ("relay/src/translate/gemini.rs", &["serde_json"]),
    ("relay/src/translate/gemini/answer.rs", &["serde_json"]),
    ("relay/src/translate/gemini/contents.rs", &["serde_json"]),
    ("relay/src/translate/gemini/schema.rs", &["serde_json"]),
    ("relay/src/translate/gemini/stream.rs", &["serde_json"]),
    ("relay/src/translate/gemini/tools.rs", &["serde_json"]),
    ("relay/src/translate/hints.rs", &["serde_json"]),
    ("relay/src/translate/hints/values.rs", &["serde_json"]),
    ("relay/src/translate/members.rs", &["serde_json"]),
    ("relay/src/translate/output.rs", &["serde_json"]),
    ("relay/src/translate/refusal.rs", &["serde_json"]),
    ("relay/src/translate/responses.rs", &["serde_json"]),
    ("relay/src/translate/responses/answer.rs", &["serde_json"]),
    ("relay/src/translate/responses/input.rs", &["serde_json"]),
    ("relay/src/translate/responses/stream.rs", &["serde_json"]),
    ("relay/src/translate/responses/tools.rs", &["serde_json"]),
    ("relay/src/translate/spent.rs", &["serde_json"]),
    ("relay/src/translate/stream.rs", &[]),
    (
        "relay/src/translate/to_chat.rs",
        &["hex", "serde_json", "sha2"],
    ),
    (
        "relay/src/translate/to_chat/conversation.rs",
        &["serde_json"],
    ),
    ("relay/src/translate/to_chat/tools.rs", &["serde_json"]),
    ("relay/src/translate/to_messages.rs", &["serde_json"]),
    (
        "relay/src/translate/to_messages/conversation.rs",
        &["serde_json"],
    ),
    ("relay/src/translate/to_messages/tools.rs", &["serde_json"]),
    ("relay/src/translate/tools.rs", &["hex", "sha2"]),
    ("relay/src/usage.rs", &[]),
    ("relay/src/usual.rs", &["hashbrown", "xxhash_rust"]),
];

/// What in std is not a value.
const IMPURE: [&str; 12] = [
    "std::env",
    "std::fs",
    "TcpListener",
    "TcpStream",
    "ToSocketAddrs",
    "UdpSocket",
    "std::os",
    "std::process",
    "std::thread",
    "Instant",
    "SystemTime",
    "unsafe ",
];

pub(crate) fn findings(sources: &[Source]) -> Vec<Finding> {
    let of_row = |(path, crates): &(&str, &[&str])| match find(sources, path) {
        Some(source) => of_file(source, crates),
        None => vec![Finding::new(
            path,
            1,
            "listed as pure in tests/tidy/pure.rs, but missing",
        )],
    };
    PURE.iter().flat_map(of_row).collect()
}

fn find<'a>(sources: &'a [Source], path: &str) -> Option<&'a Source> {
    sources.iter().find(|source| source.path == path)
}

fn of_file(source: &Source, crates: &[&str]) -> Vec<Finding> {
    let end = source.tests_begin();
    let impure_import = |import: &Import| {
        let rule = format!("a pure file imports `{}`, which is not pure", import.path);
        (import.line < end && !is_pure(source, import, crates))
            .then(|| source.finding(import.line, rule))
    };
    let impure_word = |(number, line): (usize, &str)| {
        let code = line.split("//").next().unwrap_or(line);
        let word = IMPURE.iter().find(|word| code.contains(**word))?;
        let rule = format!("a pure file uses `{}`", word.trim());
        (number < end).then(|| source.finding(number, rule))
    };
    let imports = imports(source);
    let found = imports.iter().filter_map(impure_import);
    found
        .chain(source.lines().filter_map(impure_word))
        .collect()
}

fn is_pure(source: &Source, import: &Import, crates: &[&str]) -> bool {
    let mut steps = import.path.split("::");
    let first = steps.next().unwrap_or_default();
    let folder = match first {
        "std" | "core" | "self" => return true,
        "crate" => source_folder(&source.path),
        "super" => parent_folder(&source.path),
        other => return crates.contains(&other),
    };
    let file = file_of(folder, steps);
    PURE.iter().any(|(path, _)| *path == file)
}

/// The file that holds the item at the end of the path. The last step that is a file decides: the rest are items.
fn file_of<'a>(folder: String, steps: impl Iterator<Item = &'a str>) -> String {
    let mut folder = folder;
    for step in steps {
        let deeper = format!("{folder}/{step}");
        if !root().join(format!("{deeper}.rs")).is_file() {
            break;
        }
        folder = deeper;
    }
    format!("{folder}.rs")
}

fn source_folder(path: &str) -> String {
    let (package, _) = path.split_once("/src/").unwrap_or((path, ""));
    format!("{package}/src")
}

fn parent_folder(path: &str) -> String {
    path.rsplit_once('/')
        .map_or_else(String::new, |(folder, _)| folder.to_owned())
}
