//! How much a model is to think: Anthropic's budgets and efforts, OpenAI's efforts. The numbers are ours where an API has
//! only words for it. Pure.

use serde_json::{Value, json};

use super::{
    family::Thinks,
    hints::Part,
    members::{Fault, Members, Unfit, at},
};

/// What an answer may have beside its thoughts, where its caller names no limit: less than any model since Claude 3.5 can.
pub(super) const DEFAULT_LIMIT: u64 = 8_192;
/// The least that Anthropic takes.
const LEAST_BUDGET: u64 = 1_024;

/// The budgets that stand for efforts, each up to its own.
const EFFORTS: [(&str, u64); 4] = [
    ("low", 4_096),
    ("medium", 16_384),
    ("high", 32_768),
    ("xhigh", u64::MAX),
];

/// OpenAI's word for what a Messages request says of thinking and effort; none where it says nothing.
pub(super) fn to_chat(
    thinking: Option<Members>,
    effort: Option<String>,
) -> Result<Option<String>, Unfit> {
    let effort = effort.map(|effort| match effort.as_str() {
        "max" => "xhigh".to_owned(),
        _ => effort,
    });
    let Some(mut thinking) = thinking else {
        return Ok(effort);
    };
    let kind = thinking.needed_text("type")?;
    let budget = thinking.number("budget_tokens")?;
    thinking.finish(Part::Thinking)?;
    match kind.as_str() {
        // What stands for it at OpenAI, not all models know.
        "disabled" => Ok(None),
        "adaptive" => Ok(effort),
        "enabled" => {
            let budget = budget.and_then(|budget| budget.as_u64());
            let budget = budget.ok_or_else(|| Unfit::new("budget_tokens", Fault::Type))?;
            Ok(effort.or_else(|| Some(word(budget).to_owned())))
        }
        other => Err(Unfit::kind(other)),
    }
}

/// OpenAI's word for a budget of tokens.
pub(super) fn word(budget: u64) -> &'static str {
    let fits = |(_, most): &&(&str, u64)| budget <= *most;
    let (word, _) = EFFORTS.iter().find(fits).expect("the last one fits all");
    word
}

/// What a Messages request says of thinking, and its limit.
#[derive(Debug, PartialEq)]
pub(super) struct Thought {
    pub(super) thinking: Option<Value>,
    pub(super) effort: Option<String>,
    pub(super) limit: u64,
}

/// `in_loop`: a tool was called by an answer whose thoughts, which a budget would ask to see, the caller does not have.
pub(super) fn to_messages(
    effort: Option<String>,
    limit: Option<u64>,
    thinks: Thinks,
    in_loop: InLoop,
) -> Result<Thought, Unfit> {
    let without = Thought {
        thinking: None,
        effort: None,
        limit: limit.unwrap_or(DEFAULT_LIMIT),
    };
    let effort = match effort {
        None => return Ok(without),
        Some(word) if matches!(word.as_str(), "none" | "minimal") => return Ok(without),
        Some(effort) => effort,
    };
    let known = EFFORTS.iter().find(|(word, _)| *word == effort);
    let (_, most) = known.ok_or_else(|| at_effort(Unfit::kind(&effort)))?;
    if thinks == Thinks::Adaptively {
        return Ok(Thought {
            thinking: Some(json!({"type": "adaptive"})),
            effort: Some(effort),
            ..without
        });
    }
    let budget = (most / 2).min(EFFORTS[2].1);
    let Thought { limit: asked, .. } = without;
    let (budget, limit) = match limit {
        // The limit counts thoughts too, in both APIs: half of it is left to the answer.
        Some(limit) => (budget.min(limit / 2), limit),
        None => (budget, budget + asked),
    };
    if in_loop == InLoop::Yes || budget < LEAST_BUDGET {
        return Ok(without);
    }
    Ok(Thought {
        thinking: Some(json!({"type": "enabled", "budget_tokens": budget})),
        effort: None,
        limit,
    })
}

fn at_effort(unfit: Unfit) -> Unfit {
    let nothing: Result<(), Unfit> = at("reasoning_effort", Err(unfit));
    nothing.expect_err("it is one")
}

/// Whether the result of a tool is the last that a model is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InLoop {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(thinking: Value, effort: Option<&str>) -> Result<Option<String>, String> {
        let thinking = Some(Members::of(thinking).unwrap());
        to_chat(thinking, effort.map(str::to_owned)).map_err(|unfit| unfit.to_string())
    }

    #[test]
    fn budgets_and_efforts_become_words() {
        for (budget, word) in [
            (1024, "low"),
            (4096, "low"),
            (10_000, "medium"),
            (32_000, "high"),
            (100_000, "xhigh"),
        ] {
            let enabled = json!({"type": "enabled", "budget_tokens": budget});
            assert_eq!(chat(enabled, None), Ok(Some(word.into())), "{budget}");
        }
        let adaptive = || json!({"type": "adaptive", "display": "omitted"});
        assert_eq!(chat(adaptive(), Some("max")), Ok(Some("xhigh".into())));
        assert_eq!(chat(adaptive(), None), Ok(None));
        assert_eq!(chat(json!({"type": "disabled"}), Some("high")), Ok(None));
        assert_eq!(to_chat(None, Some("low".into())), Ok(Some("low".into())));
        assert!(chat(json!({"type": "enabled"}), None).is_err());
        assert!(chat(json!({"type": "dreaming"}), None).is_err());
    }

    #[test]
    fn words_become_an_effort_or_a_budget_below_the_limit() {
        let of = |effort: &str, limit, thinks| {
            to_messages(Some(effort.into()), limit, thinks, InLoop::No).unwrap()
        };
        let adaptive = of("high", Some(500), Thinks::Adaptively);
        assert_eq!(adaptive.thinking, Some(json!({"type": "adaptive"})));
        assert_eq!(
            (adaptive.effort.as_deref(), adaptive.limit),
            (Some("high"), 500)
        );
        for (effort, limit, budget, expected) in [
            ("low", None, Some(2_048), 2_048 + DEFAULT_LIMIT),
            ("medium", None, Some(8_192), 8_192 + DEFAULT_LIMIT),
            ("high", None, Some(16_384), 16_384 + DEFAULT_LIMIT),
            ("xhigh", None, Some(32_768), 32_768 + DEFAULT_LIMIT),
            ("high", Some(4_096), Some(2_048), 4_096),
            ("high", Some(2_000), None, 2_000),
            ("none", None, None, DEFAULT_LIMIT),
            ("minimal", Some(10), None, 10),
        ] {
            let thought = of(effort, limit, Thinks::WithinBudget);
            let budget = budget.map(|tokens| json!({"type": "enabled", "budget_tokens": tokens}));
            assert_eq!(
                (thought.thinking, thought.limit),
                (budget, expected),
                "{effort}"
            );
        }
        let in_loop = to_messages(Some("high".into()), None, Thinks::WithinBudget, InLoop::Yes);
        assert_eq!(in_loop.unwrap().thinking, None);
        // Whether a request can be translated does not depend on the model that it goes to.
        for thinks in [Thinks::Adaptively, Thinks::WithinBudget] {
            let odd = to_messages(Some("odd".into()), None, thinks, InLoop::No);
            let unfit = odd.unwrap_err().to_string();
            assert!(unfit.starts_with("`reasoning_effort`"), "{unfit}");
        }
    }
}
