//! `GET /v1/usage`: what the key that asks has used and what it cost, by the hour or the day, told apart by model, and what is
//! left of its budgets. Of other keys nothing is known here.

use hyper::Response;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::{
    answer::{AnswerBody, tell},
    app::App,
    key::Key,
    moment,
    spent::spent,
    store::StoreError,
    tally::{By, Numbers, Report, Span, Step},
    time::UnixMillis,
};

/// Hours or days that are told at once.
const MOST_SPANS: u64 = 100;
/// Without `from`.
const LAST_HOURS: u64 = 24;
const LAST_DAYS: u64 = 7;
const HOUR_MS: u64 = 3_600_000;

/// Why it is not told. The caller's fault, or the store's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untold {
    #[error(
        "ask for at most {MOST_SPANS} hours or days: ?step=hour or day, from and to as 2026-11-20 or 2026-11-20T17 (UTC)"
    )]
    Query,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is asked for.
struct Asked {
    step: Step,
    spans: Vec<Span>,
}

pub(crate) async fn own_usage(
    app: &App,
    key: &Key,
    query: Option<&str>,
) -> Result<Response<AnswerBody>, Untold> {
    let asked = Asked::read(query.unwrap_or_default(), UnixMillis::now()).ok_or(Untold::Query)?;
    let mut report = Report::default();
    for (span, counted) in app.store.used(&key.id, &asked.spans).await? {
        report.add(span, By::Model, &counted);
    }
    let zone = app.settings().spend.time_zone.clone();
    let budgets = [key.allowance.budgets.clone()];
    let spent = spent(&app.store, &budgets, &zone, UnixMillis::now()).await?;
    let mut told = told(&key.id, asked.step, &report);
    told["budgets"] = json!(spent.first());
    Ok(tell(&told))
}

impl Asked {
    fn read(query: &str, now: UnixMillis) -> Option<Self> {
        let (mut step, mut from, mut to) = (Step::Day, None, now);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "step" => step = Step::of(&value)?,
                "from" => from = Some(moment::read(&value)?),
                "to" => to = moment::read(&value)?,
                // A key, or what somebody's client always sends.
                _ => {}
            }
        }
        let last = match step {
            Step::Hour => LAST_HOURS - 1,
            Step::Day => (LAST_DAYS - 1) * 24,
        };
        let from = from.unwrap_or(UnixMillis(to.0.saturating_sub(last * HOUR_MS)));
        let spans = step.spans(from, to, MOST_SPANS)?;
        Some(Self { step, spans })
    }
}

fn told(key: &str, step: Step, report: &Report) -> Value {
    let row = |(span, model, numbers): (Span, &str, &Numbers)| {
        let mut row = Map::new();
        row.insert("from".into(), moment::write(span).into());
        row.insert("model".into(), model.into());
        row.extend(told_numbers(numbers));
        Value::Object(row)
    };
    let rows: Vec<Value> = report.rows().map(row).collect();
    let total: Map<String, Value> = told_numbers(&report.total()).collect();
    json!({ "key": key, "step": step.word(), "usage": rows, "total": total })
}

fn told_numbers(numbers: &Numbers) -> impl Iterator<Item = (String, Value)> {
    numbers
        .all()
        .map(|(name, number)| (name.into(), number.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_217_000_000);

    fn asked(query: &str) -> Option<(Step, usize, String)> {
        let asked = Asked::read(query, NOW)?;
        let first = asked
            .spans
            .first()
            .map_or_else(String::new, |span| moment::write(*span));
        Some((asked.step, asked.spans.len(), first))
    }

    #[test]
    fn a_range_is_bounded_and_has_defaults() {
        assert_eq!(asked(""), Some((Step::Day, 7, "2026-11-14".into())));
        assert_eq!(
            asked("step=hour"),
            Some((Step::Hour, 24, "2026-11-20T00:00Z".into()))
        );
        let days = "from=2026-11-01&to=2026-11-03&key=x";
        assert_eq!(asked(days), Some((Step::Day, 2, "2026-11-01".into())));
        let hours = "step=hour&from=2026-11-20T17%3A00Z";
        assert_eq!(
            asked(hours),
            Some((Step::Hour, 7, "2026-11-20T17:00Z".into()))
        );
        for bad in [
            "step=week",
            "from=yesterday",
            "step=hour&from=2026-01-01",
            "from=1970-01-01",
        ] {
            assert_eq!(asked(bad), None, "{bad}");
        }
    }
}
