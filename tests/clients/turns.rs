//! A coding agent that is asked twice, and calls a tool in between: its later requests go to the account of the first.

use harness::Weir;
use harness::weir::Setup;

use crate::agent::{Agent, Desk, Prompt};

/// Whom an agent speaks with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum With {
    /// Accounts that speak what it does.
    ItsOwn,
    /// Accounts that speak Messages, by translation.
    Messages,
    /// Accounts that have no API of OpenAI's but chat completions, by translation.
    Chat,
}

impl With {
    fn setup(self) -> Setup {
        let setup = Weir::setup().accounts(6);
        match self {
            Self::ItsOwn => setup.kinds(&["anthropic", "openai", "gemini"]),
            Self::Messages => setup
                .kinds(&["anthropic"])
                .account_line("translate = true\nmodels = { \"g*\" = \"claude-mock-1\" }"),
            Self::Chat => setup.kinds(&["openai"]).account_line(
                "translate = true\nresponses = false\nmodels = { \"claude-*\" = \"gpt-mock-1\", \"g*\" = \"gpt-mock-1\" }",
            ),
        }
    }
}

/// A conversation of two turns.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) agent: Agent,
    pub(crate) with: With,
    /// Of each request in their order: the account, and why it was chosen.
    pub(crate) requests: Vec<(String, String)>,
}

/// # Panics
/// When the agent fails.
pub(crate) async fn converse(agent: Agent, with: With) -> Conversation {
    let weir = with.setup().start().await;
    let desk = Desk::new(agent, &weir.relay.url(), &weir.key);
    desk.say(Prompt::First, "Look around.").await;
    desk.say(Prompt::Next, "What did you see?").await;
    weir.until_nothing_is_held().await;
    let asked = weir
        .provider
        .stats()
        .keys
        .values()
        .map(|key| key.generations)
        .sum::<u64>();
    let records = weir.records(asked as usize).await;
    let requests = records.iter().map(|record| {
        let text = |field| record.field(field).text();
        (text("account"), text("chosen"))
    });
    Conversation {
        agent,
        with,
        requests: requests.collect(),
    }
}

impl Conversation {
    /// Whether later requests were sent to the account of the first because it was that.
    pub(crate) fn stayed(&self) -> bool {
        let (first, later) = self.requests.split_first().expect("something was asked");
        let same = |(account, chosen): &(String, String)| {
            *account == first.0 && ["affinity", "pinned"].contains(&chosen.as_str())
        };
        later.len() >= 2 && later.iter().all(same)
    }
}
