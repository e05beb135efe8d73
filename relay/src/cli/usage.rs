//! `weir usage`: what was used and what it cost, straight from Redis, whether a relay runs or not.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::{load, reach::with_store};
use crate::{
    csv, moment,
    store::Store,
    tally::{By, NUMBERS, Report, Span, Step},
    time::UnixMillis,
};

const DAY_MS: u64 = 86_400_000;
/// Without `--from`.
const LAST_DAYS: u64 = 7;
const MOST_SPANS: u64 = 10_000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration.
    #[arg(long, env = "WEIR_CONFIG", default_value = "weir.toml")]
    config: PathBuf,
    /// What is told apart.
    #[arg(long, value_enum, default_value_t = By::Key)]
    by: By,
    /// The first day or hour of UTC: 2026-11-20 or 2026-11-20T17; without it, six days ago.
    #[arg(long)]
    from: Option<String>,
    /// Until there, and not further; without it, until now.
    #[arg(long)]
    to: Option<String>,
    /// By the hour.
    #[arg(long, conflicts_with = "day")]
    hour: bool,
    /// By the day, as it is without either.
    #[arg(long)]
    day: bool,
    /// Answer in JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Answer in comma-separated values.
    #[arg(long)]
    csv: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let config = load(&args.config)?;
    let spans = spans(&args)?;
    with_store(&config, async |store| {
        let report = report(store, &spans, args.by).await?;
        let text = match (args.json, args.csv) {
            (true, _) => format!("{:#}\n", json(&report, args.by)),
            (_, true) => lines(&report, args.by),
            _ => table(&report, args.by),
        };
        print!("{text}");
        Ok(())
    })
    .await
}

fn spans(args: &Args) -> anyhow::Result<Vec<Span>> {
    let read = |text: &String| {
        moment::read(text)
            .with_context(|| format!("`{text}` is no day or hour like 2026-11-20 or 2026-11-20T17"))
    };
    let now = UnixMillis::now();
    let to = args.to.as_ref().map_or(Ok(now), read)?;
    let first = UnixMillis(now.0.saturating_sub((LAST_DAYS - 1) * DAY_MS));
    let from = args.from.as_ref().map_or(Ok(first), read)?;
    let step = if args.hour { Step::Hour } else { Step::Day };
    step.spans(from, to, MOST_SPANS)
        .with_context(|| format!("that is more than {MOST_SPANS} hours or days"))
}

async fn report(store: &Store, spans: &[Span], by: By) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for span in spans {
        let add = |span, counted| report.add(span, by, &counted);
        store.used_by_all(*span, add).await?;
    }
    Ok(report)
}

fn json(report: &Report, by: By) -> Value {
    let row = |(span, name, numbers): (Span, &str, &crate::tally::Numbers)| {
        let mut row = Map::new();
        row.insert("from".into(), moment::write(span).into());
        row.insert(by.to_string(), name.into());
        row.extend(
            numbers
                .all()
                .map(|(name, number)| (name.into(), number.into())),
        );
        Value::Object(row)
    };
    json!({ "by": by.to_string(), "usage": report.rows().map(row).collect::<Vec<_>>() })
}

fn lines(report: &Report, by: By) -> String {
    let mut text = format!("from,{by},{}\n", NUMBERS.join(","));
    for (span, name, numbers) in report.rows() {
        let numbers = numbers.all().map(|(_, number)| number.to_string());
        let words = [moment::write(span), csv::word(name)].into_iter();
        text += &words.chain(numbers).collect::<Vec<_>>().join(",");
        text.push('\n');
    }
    text
}

/// What people look at first.
const SHOWN: [&str; 5] = ["requests", "input", "output", "cache_read", "unpriced"];

fn table(report: &Report, by: By) -> String {
    let mut text = format!("{:17}  {:24}", "from (UTC)", by.to_string());
    for name in SHOWN {
        write!(text, "  {name:>13}").expect("a string takes all");
    }
    text += &format!("  {:>13}\n", "cost, USD");
    let total = report.total();
    let rows = report
        .rows()
        .map(|(span, name, numbers)| (moment::write(span), name, *numbers));
    for (from, name, numbers) in rows.chain([("total".to_owned(), "", total)]) {
        write!(text, "{from:17}  {name:24}").expect("a string takes all");
        for shown in SHOWN {
            write!(text, "  {:>13}", numbers.of(shown)).expect("a string takes all");
        }
        text += &format!("  {:>13}\n", numbers.cost().to_string());
    }
    text
}
