//! The commands of `weir`: one file each, and the words they share.

mod account;
mod alerts;
mod audit;
mod completion;
mod config;
mod demo;
mod desk;
mod doctor;
mod fields;
mod frame;
mod group;
mod init;
mod key;
mod man;
mod open_files;
mod openapi;
mod operator;
mod queue;
mod reach;
mod records;
mod secrets;
mod serve;
mod settings;
mod top;
mod usage;
mod user;

use std::{io::IsTerminal as _, path::Path, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{
    config::{Config, ConfigError, Log, LogFormat, variable},
    mock,
};

/// Shares a few upstream LLM accounts fairly among many callers.
#[derive(Debug, Parser)]
#[command(name = "weir", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the relay.
    Serve(serve::Args),
    /// Write a commented weir.toml.
    Init(init::Args),
    /// Make, change, rotate, disable and delete the keys of callers, while relays run.
    Key(key::Args),
    /// Make, change and delete stored users, while relays run.
    User(user::Args),
    /// Show what was used and what it cost.
    Usage(usage::Args),
    /// Export the records of requests.
    Records(records::Args),
    /// Make, change, drain and delete stored accounts, while relays run.
    Account(account::Args),
    /// Show who holds and waits, cancel a waiter, take a slot or turn back.
    Queue(queue::Args),
    /// Show the queues live in this terminal, and act on them.
    Top(top::Args),
    /// Make, change and delete stored groups, while relays run.
    Group(group::Args),
    /// Show and change what holds for all requests, while relays run.
    Settings(settings::Args),
    /// Show what operators did.
    Audit(audit::Args),
    /// Try the webhook that alerts are sent to.
    Alerts(alerts::Args),
    /// Renew the master key with which stored secrets are sealed.
    Secrets(secrets::Args),
    /// Look at all that a relay needs: its files, Redis, the way to its accounts, this machine.
    Doctor(doctor::Args),
    /// Check weir.toml, or show what is in force with it.
    Config(config::Args),
    /// Print what a shell needs to complete commands.
    Completion(completion::Args),
    /// Write the manual.
    Man(man::Args),
    /// Make, list and delete those who sign in, and give them passwords.
    Operator(operator::Args),
    /// Print the document of the operators' API.
    Openapi,
    /// Run a simulated upstream.
    MockProvider(mock::Args),
    /// Run relay, Redis and a simulated upstream together, with a key to try them.
    Demo(demo::Args),
}

impl Command {
    /// The relay tells what its `weir.toml` says; what is wrong with that, its start says.
    fn log(&self) -> Result<Log, ConfigError> {
        let mut log = Log::with(self.log_filter());
        log.override_with(variable)?;
        Ok(match self {
            Self::Serve(args) => args.log().unwrap_or(log),
            _ => log,
        })
    }

    /// What runs for long tells what happens; the others speak of trouble only.
    fn log_filter(&self) -> &'static str {
        match self {
            Self::Serve(_) | Self::MockProvider(_) | Self::Demo(_) => "info",
            Self::Init(_) | Self::Key(_) | Self::Usage(_) | Self::Records(_) => "warn",
            Self::Account(_) | Self::Group(_) | Self::User(_) => "warn",
            Self::Queue(_) | Self::Alerts(_) => "warn",
            // It has the screen to itself.
            Self::Top(_) => "off",
            Self::Settings(_) | Self::Audit(_) | Self::Secrets(_) => "warn",
            Self::Config(_) | Self::Completion(_) | Self::Man(_) => "warn",
            // It says itself what is wrong.
            Self::Doctor(_) => "off",
            Self::Operator(_) | Self::Openapi => "warn",
        }
    }
}

/// Runs the program.
pub async fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.log() {
        Ok(log) => log_to_stderr(&log),
        Err(error) => return failed(&error.into()),
    }
    open_files::allow_most();
    let done = match cli.command {
        Command::Serve(args) => serve::run(args).await,
        Command::Init(args) => init::run(&args),
        Command::Key(args) => key::run(args).await,
        Command::Usage(args) => usage::run(args).await,
        Command::Records(args) => records::run(args).await,
        Command::Account(args) => account::run(args).await,
        Command::Queue(args) => queue::run(args).await,
        Command::Top(args) => top::run(args).await,
        Command::Group(args) => group::run(args).await,
        Command::User(args) => user::run(args).await,
        Command::Settings(args) => settings::run(args).await,
        Command::Audit(args) => audit::run(args).await,
        Command::Alerts(args) => alerts::run(args).await,
        Command::Secrets(args) => secrets::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Config(args) => config::run(args).await,
        Command::Completion(args) => {
            completion::run(&args);
            Ok(())
        }
        Command::Man(args) => man::run(&args),
        Command::Operator(args) => operator::run(args).await,
        Command::Openapi => openapi::run(),
        Command::MockProvider(args) => mock::run(args).await,
        Command::Demo(args) => demo::run(args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("weir: {error:#}");
    ExitCode::FAILURE
}

fn log_to_stderr(told: &Log) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&told.filter))
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match told.format {
        LogFormat::Json => log.json().init(),
        LogFormat::Text => log.init(),
    }
}

fn load(path: &Path) -> anyhow::Result<Config> {
    if !path.exists() {
        anyhow::bail!("there is no {}: `weir init` writes one", path.display());
    }
    Ok(Config::load(Some(path))?)
}

/// SIGINT and SIGTERM, and apart from them SIGHUP.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let on = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Whether to go on: false after SIGINT or SIGTERM, true after SIGHUP.
    async fn goes_on(&mut self) -> bool {
        tokio::select! {
            _ = self.interrupt.recv() => false,
            _ = self.terminate.recv() => false,
            _ = self.hangup.recv() => true,
        }
    }
}
