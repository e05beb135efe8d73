//! DeepSeek: OpenAI's chat completions, without a version in the path, and nothing else of that API. What the cache had
//! is told beside the usage, in words of its own (`dialect/openai.rs`).
//! <https://api-docs.deepseek.com/api/create-chat-completion>

use super::{Api, Rules};
use crate::{dialect::Dialect, route::Work};

pub(super) const RULES: Rules = Rules {
    name: "DeepSeek",
    api: Api::OpenAi,
    serves,
    credential: ("authorization", "Bearer "),
    base_url: Some("https://api.deepseek.com"),
    base_path: "/v1",
    goes_up: |_| false,
    tells_account: |_| false,
};

fn serves(work: Work, dialect: Dialect) -> bool {
    match work {
        Work::Generate => dialect == Dialect::Chat,
        Work::ListModels => true,
        Work::Embed | Work::CountTokens | Work::ShowModel => false,
        Work::Stored(_) | Work::Usage | Work::Health => false,
    }
}
