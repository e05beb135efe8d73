//! Why an answer ended, in the words of either API. Pure.

/// Messages' word for a chat's; `called` says whether a tool was.
pub(super) fn to_messages(finish_reason: Option<&str>, called: Called) -> &'static str {
    match (finish_reason, called) {
        (Some("length"), _) => "max_tokens",
        (Some("content_filter"), _) => "refusal",
        // Some servers say `stop` all the same.
        (_, Called::Tool) => "tool_use",
        (_, Called::Nothing) => "end_turn",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Called {
    Tool,
    Nothing,
}

/// A chat's word for Messages'.
pub(super) fn to_chat(stop_reason: Option<&str>) -> &'static str {
    match stop_reason {
        Some("max_tokens" | "model_context_window_exceeded") => "length",
        Some("tool_use") => "tool_calls",
        Some("refusal") => "content_filter",
        _ => "stop",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_told_comes_back_as_it_was() {
        for (reason, called) in [
            ("end_turn", Called::Nothing),
            ("max_tokens", Called::Nothing),
            ("tool_use", Called::Tool),
            ("refusal", Called::Nothing),
        ] {
            assert_eq!(to_messages(Some(to_chat(Some(reason))), called), reason);
        }
        assert_eq!(to_messages(Some("stop"), Called::Tool), "tool_use");
        assert_eq!(to_messages(Some("length"), Called::Tool), "max_tokens");
        assert_eq!(to_messages(None, Called::Nothing), "end_turn");
        assert_eq!(to_chat(Some("stop_sequence")), "stop");
        assert_eq!(to_chat(None), "stop");
    }
}
