//! The grammar of all commands, as `module/README.md` draws it: what a line of words asks for, or the error that it is
//! answered. Pure.

pub(crate) mod admit;
pub(crate) mod budgets;
pub(crate) mod gates;
pub(crate) mod rates;
pub(crate) mod tallies;
pub(crate) mod tries;
pub(crate) mod turns;
pub(crate) mod waiting;
pub(crate) mod words;

use admit::Admit;
use budgets::Budget;
use gates::Qgate;
use rates::{Rate, RateAct};
use tallies::Tally;
use tries::Trie;
use turns::Umq;
use words::{Refusal, Words};

/// What one line of words asks for.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Turn(Vec<u8>, Umq),
    Gate(Vec<u8>, Qgate),
    Count(Vec<Vec<u8>>),
    Leave(Vec<u8>, Vec<Vec<u8>>),
    Admit(Admit),
    Trie(Vec<u8>, Trie),
    Rate(Vec<u8>, Rate, RateAct),
    Budget(Vec<u8>, Budget),
    Tally(Tally),
}

/// How many words each command has with its own name; negative: at least so many.
const ARITIES: [(&str, i64); 32] = [
    ("umq.acquire", -5),
    ("umq.renew", 5),
    ("umq.release", -3),
    ("umq.cancel", 3),
    ("umq.force", 2),
    ("umq.info", 2),
    ("umq.waiters", -2),
    ("qgate.acquire", -7),
    ("qgate.admit", -7),
    ("qgate.renew", -5),
    ("qgate.release", -3),
    ("qgate.leave", -4),
    ("qgate.cancel", 3),
    ("qgate.close", 4),
    ("qgate.open", 2),
    ("qgate.count", -2),
    ("qgate.members", -2),
    ("qgate.waiters", -2),
    ("qgate.info", 2),
    ("trie.save", -6),
    ("trie.find", -3),
    ("trie.find_ro", -3),
    ("trie.del", 3),
    ("trie.forget", -4),
    ("trie.info", 2),
    ("rate.take", -8),
    ("rate.give", 10),
    ("budget.reserve", -9),
    ("budget.renew", -5),
    ("budget.settle", -4),
    ("budget.info", 2),
    ("tally.add", -9),
];

/// The name of one of our commands, in lower case.
pub(crate) fn ours(words: &[Vec<u8>]) -> Option<String> {
    let name = String::from_utf8_lossy(words.first()?).to_lowercase();
    let known = ARITIES.iter().any(|(known, _)| *known == name);
    known.then_some(name)
}

/// Whether the server itself refuses the line, before the command sees it.
pub(crate) fn has_wrong_arity(name: &str, words: &[Vec<u8>]) -> bool {
    let row = ARITIES.iter().find(|(known, _)| *known == name);
    let Some((_, arity)) = row else {
        return true;
    };
    let count = i64::try_from(words.len()).unwrap_or(i64::MAX);
    if *arity < 0 {
        count < -arity
    } else {
        count != *arity
    }
}

/// `name` is that of the command.
pub(crate) fn read(name: &str, words: &[Vec<u8>]) -> Result<Ask, Refusal> {
    if has_wrong_arity(name, words) {
        return Err(format!(
            "ERR wrong number of arguments for '{name}' command"
        ));
    }
    let mut rest = Words::new(name, words);
    let (family, verb) = name.split_once('.').expect("all names have a dot");
    match name {
        "qgate.admit" => return admit::read(&mut rest).map(Ask::Admit),
        "qgate.leave" => return gates::leave(&mut rest).map(|(id, keys)| Ask::Leave(id, keys)),
        "tally.add" => return tallies::read(&mut rest).map(Ask::Tally),
        "qgate.count" => return Ok(Ask::Count(words[1..].to_vec())),
        _ => {}
    }
    let key = rest.fixed("key")?.to_vec();
    let ask = match family {
        "umq" => turns::read(verb, &mut rest)?.map(|act| Ask::Turn(key, act)),
        "qgate" => gates::read(verb, &mut rest)?.map(|act| Ask::Gate(key, act)),
        "budget" => {
            let act = budgets::read(verb, &key, &mut rest)?;
            act.map(|act| Ask::Budget(key, act))
        }
        "trie" => tries::read(verb, &mut rest)?.map(|act| Ask::Trie(key, act)),
        _ => rates::read(verb, &mut rest)?.map(|(rate, act)| Ask::Rate(key, rate, act)),
    };
    Ok(ask.expect("the table of arities has no other commands"))
}
