//! `make clients`: the providers' SDKs and the coding agents wait in line together and are streamed to; then each agent has
//! a conversation of two turns. Exits with 1 when a later turn went to another account, and panics when a client fails.

mod agent;
mod turns;
mod wait;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use harness::Runtime;

use agent::Agent;
use turns::{Conversation, With};
use wait::Waited;

#[derive(Debug, Parser)]
struct Args {
    /// How long all stand in line before a stream.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How long the SDKs do before an answer in one piece, for which the relay lets nobody wait for a minute.
    #[arg(long, default_value_t = 50)]
    seconds_whole: u64,
}

/// Who speaks with accounts of another dialect, by translation.
const TRANSLATED: [(Agent, With); 5] = [
    (Agent::ClaudeCode, With::Chat),
    (Agent::Codex, With::Messages),
    (Agent::Codex, With::Chat),
    (Agent::GeminiCli, With::Messages),
    (Agent::GeminiCli, With::Chat),
];

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let wait = Duration::from_secs(args.seconds);
    let wait_whole = Duration::from_secs(args.seconds_whole);
    let (waited, (), ()) = tokio::join!(
        wait::for_streams(wait),
        wait::for_wholes(Runtime::Python, wait_whole),
        wait::for_wholes(Runtime::Node, wait_whole),
    );
    print_waited(&args, &waited);
    let mut stayed = true;
    println!("\n| agent | with | requests in two turns | to |\n|---|---|---|---|");
    let own = Agent::ALL.map(|agent| (agent, With::ItsOwn));
    for (agent, with) in own.into_iter().chain(TRANSLATED) {
        let conversation = turns::converse(agent, with).await;
        print_conversation(&conversation);
        stayed &= conversation.stayed();
    }
    match stayed {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn print_waited(args: &Args, waited: &[Waited]) {
    let Args {
        seconds,
        seconds_whole,
    } = args;
    println!("Answers in one piece came after {seconds_whole} s, streams after {seconds} s.\n");
    println!("| client | stream | heartbeats |\n|---|---|---|");
    for Waited {
        client,
        stream,
        heartbeats,
    } in waited
    {
        println!("| {client} | {stream:?} | {heartbeats} |");
    }
}

fn print_conversation(conversation: &Conversation) {
    let Conversation {
        agent,
        with,
        requests,
    } = conversation;
    let to: Vec<String> = requests
        .iter()
        .map(|(account, chosen)| format!("{account} ({chosen})"))
        .collect();
    println!(
        "| {} | {with:?} | {} | {} |",
        agent.package(),
        requests.len(),
        to.join(", ")
    );
}
