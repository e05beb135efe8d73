//! What accounts of one kind have and others have not: how they prove who asks, and what an endpoint needs to be told.

use super::Credential;

/// By what an upstream knows the account.
#[derive(Debug, Clone)]
pub enum Proof {
    /// A header shows it.
    Key(Credential),
    /// Requests are signed with it, as AWS has it.
    AwsKeys {
        access_key_id: Credential,
        secret_access_key: Credential,
        /// Of credentials that are temporary.
        session_token: Option<Credential>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Nothing beyond its address.
    Plain,
    Azure {
        /// None: the API that has no versions.
        api_version: Option<String>,
    },
    Bedrock {
        region: String,
        /// The names of Anthropic's beta features that may be asked for; `*` = all.
        betas: Vec<String>,
    },
}

/// Those that Bedrock's documentation names for Claude. Of one that it does not know it refuses the request.
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html>
pub(super) const BETAS: [&str; 12] = [
    "computer-use-2024-10-22",
    "computer-use-2025-01-24",
    "computer-use-2025-11-24",
    "context-1m-2025-08-07",
    "context-management-2025-06-27",
    "dev-full-thinking-2025-05-14",
    "effort-2025-11-24",
    "interleaved-thinking-2025-05-14",
    "output-128k-2025-02-19",
    "token-efficient-tools-2025-02-19",
    "tool-examples-2025-10-29",
    "tool-search-tool-2025-10-19",
];
