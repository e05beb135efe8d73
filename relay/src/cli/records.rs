//! `weir records export`: the record of every request, the oldest first, as it is read: no more than a page is in memory.

use std::{
    io::{BufWriter, ErrorKind, Write},
    path::PathBuf,
};

use clap::Subcommand;
use serde_json::Value;

use super::{load, reach::with_store};
use crate::{
    csv, moment,
    recorded::{COLUMNS, told},
    store::{Store, Written},
};

const PAGE: u64 = 500;
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration.
    #[arg(long, env = "WEIR_CONFIG", default_value = "weir.toml", global = true)]
    config: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write all records that are kept to the standard output.
    Export {
        /// Those that were settled from this day or hour of UTC on: 2026-11-20 or 2026-11-20T17.
        #[arg(long)]
        from: Option<String>,
        /// A JSON object on each line, as it is without either.
        #[arg(long, conflicts_with = "csv")]
        json: bool,
        /// Comma-separated values.
        #[arg(long)]
        csv: bool,
    },
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Json,
    Csv,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let config = load(&args.config)?;
    let Action::Export { from, csv, .. } = args.action;
    let after = match from.as_deref().map(moment::read) {
        None => "0".to_owned(),
        Some(Some(from)) => from.0.saturating_sub(1).to_string(),
        Some(None) => anyhow::bail!("--from is a day or an hour, like 2026-11-20 or 2026-11-20T17"),
    };
    let form = if csv { Form::Csv } else { Form::Json };
    with_store(&config, async |store| {
        let mut out = BufWriter::new(std::io::stdout().lock());
        let written = export(store, after, form, &mut out).await;
        match written.and_then(|()| Ok(out.flush()?)) {
            // Whoever reads has enough.
            Err(error) if is_broken_pipe(&error) => Ok(()),
            done => done,
        }
    })
    .await
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

async fn export(
    store: &Store,
    mut after: String,
    form: Form,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    if let Form::Csv = form {
        writeln!(out, "{}", COLUMNS.join(","))?;
    }
    loop {
        let page = store.records(&after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after.clone_from(&last.place);
        for record in &page {
            match form {
                Form::Json => writeln!(out, "{}", Value::Object(told(&record.fields)))?,
                Form::Csv => writeln!(out, "{}", line(record))?,
            }
        }
    }
}

fn line(record: &Written) -> String {
    let value = |column: &&str| {
        let field = record.fields.iter().find(|(name, _)| name == column);
        field.map_or_else(String::new, |(_, value)| csv::word(value))
    };
    COLUMNS.iter().map(value).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Written {
        let fields = [
            ("request", "req_1"),
            ("key", "123"),
            ("input", "5"),
            ("model", "a \"b\", c"),
            ("tomorrows", "7"),
        ];
        Written {
            place: "1-0".into(),
            fields: fields
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
        }
    }

    #[test]
    fn a_line_of_csv_has_a_place_for_each_column() {
        let line = line(&record());
        assert!(line.starts_with("req_1,,123,,,"), "{line}");
        assert!(line.contains(",\"a \"\"b\"\", c\","), "{line}");
        assert_eq!(
            line.replace("b\"\", c", "").matches(',').count(),
            COLUMNS.len() - 1
        );
    }
}
