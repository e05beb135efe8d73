//! Google's Gemini API and endpoints compatible with it.

use super::{Api, Rules, all_of_it};

pub(super) const RULES: Rules = Rules {
    name: "Gemini",
    api: Api::Gemini,
    serves: all_of_it,
    credential: ("x-goog-api-key", ""),
    base_url: Some("https://generativelanguage.googleapis.com"),
    base_path: "",
    goes_up,
    tells_account,
};

/// Headers of callers that the API reads. Whose project pays is the account's to say.
fn goes_up(name: &str) -> bool {
    matches!(
        name,
        "x-goog-api-client" | "x-goog-request-params" | "x-server-timeout"
    )
}

fn tells_account(name: &str) -> bool {
    name == "x-goog-user-project"
}
