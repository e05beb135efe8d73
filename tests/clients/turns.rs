//! A coding agent that is asked twice, and calls a tool in between: its later requests go to the account of the first.

use harness::Weir;

use crate::agent::{Agent, Desk, Prompt};

/// A conversation of two turns.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) agent: Agent,
    /// Of each request in their order: the account, and why it was chosen.
    pub(crate) requests: Vec<(String, String)>,
}

/// # Panics
/// When the agent fails.
pub(crate) async fn converse(agent: Agent) -> Conversation {
    let kinds = &["anthropic", "openai", "gemini"];
    let weir = Weir::setup().accounts(6).kinds(kinds).start().await;
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
