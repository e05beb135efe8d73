//! Google's Gemini API and endpoints compatible with it.

use super::Rules;

pub(super) const RULES: Rules = Rules {
    name: "Gemini",
    credential: ("x-goog-api-key", ""),
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
