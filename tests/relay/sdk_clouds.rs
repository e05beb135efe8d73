//! The providers' own SDKs, pointed at the relay, on accounts that speak their API in other words: Bedrock's and Azure's.

use harness::weir::Setup;
use harness::{Runtime, Weir};
use weir_relay::mock::Behaviour;

const CLAUDE: &str = r#"models = { "claude-*" = "us.anthropic.claude-*" }"#;
const NOVA: &str = r#"models = { "claude-*" = "us.amazon.nova-pro-v1:0" }"#;

async fn run(scripts: &[&str], setup: Setup) {
    let behaviour = Behaviour {
        chunks: 4,
        input_tokens: Some(11),
        cache_read_tokens: 7,
        ..Behaviour::default()
    };
    let setup = setup.behaviour(behaviour);
    for runtime in Runtime::ALL {
        let weir = setup.clone().start().await;
        for script in scripts {
            runtime.run(script, &weir, &weir.relay.url()).await;
        }
        weir.until_nothing_is_held().await;
    }
}

#[tokio::test]
async fn anthropic_s_sdk_speaks_to_claude_on_bedrock() {
    let setup = Weir::setup().kinds(&["bedrock"]).account_line(CLAUDE);
    run(&["streaming", "tools", "counting"], setup).await;
}

#[tokio::test]
async fn anthropic_s_sdk_speaks_to_other_models_of_bedrock() {
    let setup = Weir::setup().kinds(&["bedrock"]).account_line(NOVA);
    run(&["streaming", "tools", "counting"], setup).await;
}

#[tokio::test]
async fn openai_s_sdk_speaks_to_a_resource_of_azure() {
    let setup = Weir::setup().kinds(&["azure-openai"]);
    run(&["azure_chat", "openai_responses", "openai_others"], setup).await;
}

#[tokio::test]
async fn openai_s_sdk_speaks_to_deployments_of_azure() {
    let version = "api_version = \"2024-10-21\"";
    let setup = Weir::setup().kinds(&["azure-openai"]).account_line(version);
    run(&["azure_chat", "openai_others"], setup).await;
}
