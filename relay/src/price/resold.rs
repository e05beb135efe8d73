//! What Bedrock calls Anthropic's models, and where they run by that name. Pure.

const MAKER: &str = "anthropic.";

/// Where a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Anywhere,
    /// In one region, or in those of one part of the world.
    Regional,
}

/// Its place and its own name, of `us.anthropic.claude-opus-5-5-v1:0` or the ARN of such a profile. None: it is called
/// otherwise, or runs where other prices hold.
pub(super) fn resold(model: &str) -> Option<(Place, &str)> {
    let profile = model.rsplit('/').next().unwrap_or(model);
    let (first, rest) = profile.split_once('.')?;
    let (place, name) = match first {
        "anthropic" => (Place::Regional, rest),
        "global" => (Place::Anywhere, rest.strip_prefix(MAKER)?),
        "us" | "eu" | "apac" | "au" | "jp" | "ca" => (Place::Regional, rest.strip_prefix(MAKER)?),
        _ => return None,
    };
    Some((place, without_version(name)))
}

fn without_version(name: &str) -> &str {
    let is_version = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b':')
    };
    match name.rsplit_once("-v") {
        Some((own, version)) if is_version(version) => own,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_tells_where_its_model_runs() {
        for (model, expected) in [
            (
                "global.anthropic.claude-sonnet-5-5",
                Some((Place::Anywhere, "claude-sonnet-5-5")),
            ),
            (
                "us.anthropic.claude-haiku-4-5-20251001-v1:0",
                Some((Place::Regional, "claude-haiku-4-5-20251001")),
            ),
            (
                "anthropic.claude-opus-4-6-v1",
                Some((Place::Regional, "claude-opus-4-6")),
            ),
            (
                "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-5",
                Some((Place::Regional, "claude-opus-5")),
            ),
            ("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", None),
            ("claude-opus-5", None),
            ("amazon.nova-pro-v1:0", None),
            ("anthropic.", Some((Place::Regional, ""))),
        ] {
            assert_eq!(resold(model), expected, "{model}");
        }
    }
}
