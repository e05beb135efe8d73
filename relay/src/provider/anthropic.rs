//! Anthropic and endpoints compatible with it.

use super::{Api, Rules, all_of_it};

pub(super) const RULES: Rules = Rules {
    name: "Anthropic",
    api: Api::Anthropic,
    serves: all_of_it,
    credential: ("x-api-key", ""),
    base_url: Some("https://api.anthropic.com"),
    base_path: "",
    goes_up,
    tells_account,
};

/// Headers of callers that the API reads. Their credentials, cookies and addresses are not among them.
fn goes_up(name: &str) -> bool {
    matches!(
        name,
        "anthropic-beta" | "anthropic-version" | "idempotency-key" | "x-app"
    ) || name.starts_with("x-stainless-")
}

fn tells_account(name: &str) -> bool {
    name == "anthropic-organization-id"
}
