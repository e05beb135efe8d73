//! What a model's name tells of its family, where one API has grown two ways to say the same. A name that is not known is
//! taken for one of the many compatible servers', which know the older ways. Pure.

/// Whose chat completions a model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChatFamily {
    /// OpenAI's that reason: their limit counts what they think, and is called otherwise.
    Reasoning,
    /// OpenAI's that do not: they refuse to be told how much to think.
    Plain,
    /// Those of compatible servers, which get back what they thought.
    Compatible,
    /// Those among them that refuse to see a call without what they thought of it, be it nothing.
    Thoughtful,
}

/// How a Messages model is told how much to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinks {
    /// By an effort; it decides itself how much that is.
    Adaptively,
    /// By a number of tokens.
    WithinBudget,
}

impl ChatFamily {
    pub(super) fn of(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model);
        let begins = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
        if begins(&["gpt-4", "gpt-3", "chatgpt-"]) {
            Self::Plain
        } else if begins(&["gpt-oss"]) {
            Self::Compatible
        } else if begins(&["deepseek-", "kimi-"]) {
            Self::Thoughtful
        } else if begins(&["gpt-", "codex-"]) || is_numbered(name) {
            Self::Reasoning
        } else {
            Self::Compatible
        }
    }

    /// Whether it is told again what was thought before what it said, or called.
    pub(super) fn hears(self, thoughts: &[String], has_called: bool) -> bool {
        match self {
            Self::Reasoning | Self::Plain => false,
            Self::Compatible => !thoughts.is_empty(),
            Self::Thoughtful => !thoughts.is_empty() || has_called,
        }
    }

    /// What the limit of an answer is called.
    pub(super) fn limit(self) -> &'static str {
        match self {
            Self::Reasoning | Self::Plain => "max_completion_tokens",
            Self::Compatible | Self::Thoughtful => "max_tokens",
        }
    }
}

/// Whether it is a name of Anthropic's.
pub(super) fn is_claude(model: &str) -> bool {
    model.starts_with("claude")
}

/// Whether it is a name of Google's.
pub(super) fn is_gemini(model: &str) -> bool {
    model.starts_with("gemini-")
}

/// Whether it is a name of OpenAI's.
pub(super) fn is_openai(model: &str) -> bool {
    match ChatFamily::of(model) {
        ChatFamily::Reasoning | ChatFamily::Plain => true,
        ChatFamily::Compatible | ChatFamily::Thoughtful => false,
    }
}

/// `o1`, `o3-mini` and their like.
fn is_numbered(name: &str) -> bool {
    let rest = name.strip_prefix('o').unwrap_or_default();
    rest.starts_with(|first: char| first.is_ascii_digit())
}

impl Thinks {
    /// Claude up to 4.5 knows budgets alone, the newest efforts alone. Of other vendors' models budgets are known longer.
    pub(super) fn of(model: &str) -> Self {
        let Some(at) = model.find("claude-") else {
            return Self::WithinBudget;
        };
        let name = &model[at + "claude-".len()..];
        let version = ["opus-", "sonnet-", "haiku-"]
            .iter()
            .find_map(|tier| name.strip_prefix(tier))
            .unwrap_or(name);
        match version
            .split(['-', '.', '@', ':'])
            .collect::<Vec<_>>()
            .as_slice()
        {
            [major, ..] if matches!(*major, "1" | "2" | "3" | "instant" | "v2") => {
                Self::WithinBudget
            }
            ["4"] => Self::WithinBudget,
            // A date follows the version where it has no minor number.
            ["4", minor, ..] if minor.len() > 2 || matches!(*minor, "0" | "1" | "5") => {
                Self::WithinBudget
            }
            _ => Self::Adaptively,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat_models_are_known_by_how_their_names_begin() {
        for (model, family) in [
            ("gpt-5.2", ChatFamily::Reasoning),
            ("openai/gpt-5-mini", ChatFamily::Reasoning),
            ("o3", ChatFamily::Reasoning),
            ("o4-mini", ChatFamily::Reasoning),
            ("gpt-4o", ChatFamily::Plain),
            ("gpt-4.1-nano", ChatFamily::Plain),
            ("gpt-oss-120b", ChatFamily::Compatible),
            ("openrouter", ChatFamily::Compatible),
            ("qwen3", ChatFamily::Compatible),
            ("deepseek/deepseek-v4-pro", ChatFamily::Thoughtful),
            ("", ChatFamily::Compatible),
        ] {
            assert_eq!(ChatFamily::of(model), family, "{model}");
        }
    }

    #[test]
    fn older_claudes_think_within_a_budget() {
        for model in [
            "claude-3-7-sonnet-20250219",
            "claude-3-5-haiku-latest",
            "claude-sonnet-4-20250514",
            "claude-opus-4-1",
            "claude-sonnet-4-5@20250929",
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "claude-opus-4",
            "glm-5",
        ] {
            assert_eq!(Thinks::of(model), Thinks::WithinBudget, "{model}");
        }
        for model in [
            "claude-opus-4-6",
            "anthropic.claude-opus-4-7-v1",
            "claude-sonnet-5-5",
            "claude-mock-1",
            "anthropic/claude-opus-4.8",
        ] {
            assert_eq!(Thinks::of(model), Thinks::Adaptively, "{model}");
        }
    }
}
