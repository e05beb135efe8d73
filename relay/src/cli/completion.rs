//! `weir completion`: what a shell needs to complete the words of commands.

use std::io;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::Cli;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell that is to complete; bash: source <(weir completion bash)
    shell: Shell,
}

pub(super) fn run(args: &Args) {
    let mut command = Cli::command();
    generate(args.shell, &mut command, "weir", &mut io::stdout());
}
