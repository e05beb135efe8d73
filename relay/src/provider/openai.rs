//! OpenAI and endpoints compatible with it. Their base URLs end with the version, as those of OpenAI's own SDKs do.

use super::{Api, Rules, all_of_it};

pub(super) const RULES: Rules = Rules {
    name: "OpenAI",
    api: Api::OpenAi,
    serves: all_of_it,
    credential: ("authorization", "Bearer "),
    base_url: Some("https://api.openai.com/v1"),
    base_path: "/v1",
    goes_up,
    tells_account,
};

/// Headers of callers that the API reads. Which organization and project pay is the account's to say.
fn goes_up(name: &str) -> bool {
    matches!(
        name,
        "idempotency-key" | "openai-beta" | "x-client-request-id"
    ) || name.starts_with("x-stainless-")
}

fn tells_account(name: &str) -> bool {
    matches!(name, "openai-organization" | "openai-project")
}
