//! `weir doctor`: looks at all that a relay needs, and says of each thing whether it is fit and what to do. It changes
//! nothing and spends no tokens.

mod machine;
mod redis;
mod upstreams;

use std::path::PathBuf;

use serde::Serialize;

use super::{config::whole, load, reach::with_store};
use crate::{config::Config, roster::Roster};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration.
    #[arg(long, env = "WEIR_CONFIG", default_value = "weir.toml")]
    config: PathBuf,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    level: Level,
    what: String,
    found: String,
    /// What to do where it is not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    /// It serves, and could do so better or more safely.
    Warn,
    /// Requests fail, or will.
    Fail,
}

impl Finding {
    fn ok(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            level: Level::Ok,
            what: what.into(),
            found: found.into(),
            advice: None,
        }
    }

    /// It is not well, unless told otherwise.
    fn warn(what: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: Level::Warn,
            advice: Some(advice.into()),
            ..Self::ok(what, found)
        }
    }

    fn fail(what: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            level: Level::Fail,
            ..Self::warn(what, found, advice)
        }
    }
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// Fails where something does.
pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let findings = match load(&args.config) {
        Ok(config) => look(&config, &args).await,
        Err(error) => vec![Finding::fail(
            "config",
            format!("{error:#}"),
            "mend it; `weir init` writes one with every key",
        )],
    };
    match args.json {
        true => println!("{}", serde_json::to_string(&findings)?),
        false => findings.iter().for_each(print),
    }
    let failed = findings.iter().filter(|it| it.level == Level::Fail).count();
    match failed {
        0 => Ok(()),
        failed => anyhow::bail!("not fit to serve: {failed} of {}", findings.len()),
    }
}

fn print(finding: &Finding) {
    let Finding {
        level, what, found, ..
    } = finding;
    println!("{:<4}  {what}: {found}", level.word());
    if let Some(advice) = &finding.advice {
        println!("      {advice}");
    }
}

async fn look(config: &Config, args: &Args) -> Vec<Finding> {
    let mut findings = vec![match whole(config).await {
        Ok(()) => Finding::ok("config", format!("{} is good", args.config.display())),
        Err(error) => Finding::fail(
            "config",
            format!("{error:#}"),
            "a relay does not start with it",
        ),
    }];
    findings.extend(machine::look(config, &args.config));
    let mut seen = Vec::new();
    let reached = with_store(config, async |store| {
        seen.extend(redis::look(store.look().await?));
        if let Ok(roster) = Roster::new(config) {
            roster.load(store).await?;
            seen.extend(upstreams::look(&roster).await);
        }
        Ok(())
    });
    if let Err(error) = reached.await {
        findings.push(Finding::fail(
            "redis",
            format!("{error:#}"),
            "start it, or mend [redis] in weir.toml",
        ));
    }
    findings.extend(seen);
    findings
}
