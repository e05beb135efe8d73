//! `weir man`: the manual, a page for each command, made of what `--help` says.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::Cli;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to write the pages; read one with: man -l <dir>/weir.1
    dir: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let shown = args.dir.display();
    let made = fs::create_dir_all(&args.dir);
    let written = made.and_then(|()| clap_mangen::generate_to(Cli::command(), &args.dir));
    written.with_context(|| format!("cannot write the pages to {shown}"))
}
