//! Coding agents as their users start them, one prompt per process. All that they know is in a home of their own; what they
//! would tell their makers or fetch from them is switched off. A further agent is a row in each function.

use harness::Speech;
use harness::sdk::{node, target};
use tempfile::TempDir;
use tokio::process::Command;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Agent {
    ClaudeCode,
    Codex,
    GeminiCli,
}

/// Which prompt of a conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Prompt {
    First,
    Next,
}

/// An agent at its work: what it was told and said is in its home.
#[derive(Debug)]
pub(crate) struct Desk {
    agent: Agent,
    home: TempDir,
    /// Of the relay, as the agent is told.
    url: String,
    key: String,
}

impl Agent {
    pub(crate) const ALL: [Self; 3] = [Self::ClaudeCode, Self::Codex, Self::GeminiCli];

    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::ClaudeCode => "@anthropic-ai/claude-code",
            Self::Codex => "@openai/codex",
            Self::GeminiCli => "@google/gemini-cli",
        }
    }

    /// How it asks for streams.
    pub(crate) fn speech(self) -> Speech {
        match self {
            Self::ClaudeCode => Speech::Messages,
            Self::Codex => Speech::Responses,
            Self::GeminiCli => Speech::Gemini,
        }
    }

    /// What its package starts. The wrapper of Claude Code does without an install script.
    fn program(self) -> &'static str {
        match self {
            Self::ClaudeCode => "cli-wrapper.cjs",
            Self::Codex => "bin/codex.js",
            Self::GeminiCli => "bundle/gemini.js",
        }
    }

    fn arguments(self, prompt: Prompt) -> &'static [&'static str] {
        match (self, prompt) {
            (Self::ClaudeCode, Prompt::First) => &["--tools", "Read", "--print"],
            (Self::ClaudeCode, Prompt::Next) => &["--tools", "Read", "--continue", "--print"],
            (Self::Codex, Prompt::First) => &["exec", "--skip-git-repo-check"],
            (Self::Codex, Prompt::Next) => &["exec", "resume", "--last", "--skip-git-repo-check"],
            (Self::GeminiCli, Prompt::First) => &["--skip-trust", "--prompt"],
            (Self::GeminiCli, Prompt::Next) => &["--skip-trust", "--resume", "latest", "--prompt"],
        }
    }

    fn environment(self, url: &str, key: &str) -> Vec<(&'static str, String)> {
        let on = || "1".to_owned();
        match self {
            Self::ClaudeCode => vec![
                ("ANTHROPIC_BASE_URL", url.to_owned()),
                ("ANTHROPIC_API_KEY", key.to_owned()),
                ("ANTHROPIC_MODEL", "claude-sonnet-5-5".to_owned()),
                ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", on()),
                ("DISABLE_AUTOUPDATER", on()),
                ("DISABLE_TELEMETRY", on()),
            ],
            Self::Codex => vec![("WEIR_KEY", key.to_owned())],
            Self::GeminiCli => vec![
                ("GOOGLE_GEMINI_BASE_URL", url.to_owned()),
                ("GEMINI_API_KEY", key.to_owned()),
                ("GEMINI_MODEL", "gemini-2.5-pro".to_owned()),
            ],
        }
    }

    /// Its file of settings in its home, if it needs one.
    fn settings(self, url: &str) -> Option<(&'static str, String)> {
        match self {
            Self::ClaudeCode => None,
            Self::Codex => Some((".codex/config.toml", CODEX.replace("URL", url))),
            Self::GeminiCli => Some((".gemini/settings.json", GEMINI_CLI.to_owned())),
        }
    }
}

const CODEX: &str = r#"model = "gpt-5"
model_provider = "weir"

[model_providers.weir]
name = "Weir"
base_url = "URL/v1"
env_key = "WEIR_KEY"
wire_api = "responses"
"#;

const GEMINI_CLI: &str = r#"{
  "security": {"auth": {"selectedType": "gemini-api-key"}},
  "general": {"disableAutoUpdate": true, "disableUpdateNag": true},
  "privacy": {"usageStatisticsEnabled": false},
  "telemetry": {"enabled": false}
}
"#;

impl Desk {
    /// # Panics
    /// When its home cannot be made.
    pub(crate) fn new(agent: Agent, url: &str, key: &str) -> Self {
        let home = TempDir::new().expect("there is a place for temporary files");
        let write = |file: &str, text: &str| {
            let path = home.path().join(file);
            std::fs::create_dir_all(path.parent().expect("it is below the home"))?;
            std::fs::write(path, text)
        };
        if let Some((file, text)) = agent.settings(url) {
            write(file, &text).expect("the home can be written to");
        }
        std::fs::create_dir(home.path().join("work")).expect("the home can be written to");
        Self {
            agent,
            home,
            url: url.to_owned(),
            key: key.to_owned(),
        }
    }

    /// What it says.
    ///
    /// # Panics
    /// When it fails, with what it said of that.
    pub(crate) async fn say(&self, prompt: Prompt, text: &str) -> String {
        let agent = self.agent;
        let program = packages().join(agent.package()).join(agent.program());
        let mut command = Command::new(node());
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home.path())
            // Whatever else it wants from the network meets a closed door.
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .env("NO_PROXY", "127.0.0.1")
            .envs(agent.environment(&self.url, &self.key))
            .current_dir(self.home.path().join("work"))
            .kill_on_drop(true)
            .stdin(std::process::Stdio::null())
            .arg(program)
            .args(agent.arguments(prompt))
            .arg(text);
        let output = command.output().await.expect("`make clients` installs it");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{agent:?}: {}: {said}{complaint}",
            output.status
        );
        said
    }
}

/// Where the agents are installed.
pub(crate) fn packages() -> std::path::PathBuf {
    target().join("clients/node_modules")
}
