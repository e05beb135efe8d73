//! What was used and what it cost, as JSON or as a table.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::{between, error::Refusal, office::Office, parts, visitor::Visitor};
use crate::{
    admin::usage::{Asked, By, Usage},
    csv,
    time::UnixMillis,
};

const MOST_BY: usize = 2;
/// Without `from_ms`.
const LAST_MS: u64 = 7 * 86_400_000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// Milliseconds since 1970; else seven days ago.
    from_ms: Option<u64>,
    /// Until there, and not further; else now.
    to_ms: Option<u64>,
    /// One or two of key, user, account, group, model, hour, day, with a comma between; else day.
    by: Option<String>,
    /// json or csv.
    #[param(inline)]
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    #[default]
    Json,
    Csv,
}

/// Sums of what was counted: of whole hours or days of UTC that have a part of the time. At most 50,000 counters are read.
#[utoipa::path(get, path = "/api/usage", tag = "usage", params(Query),
    responses((status = 200, body = Usage)))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    parts::Asked(query): parts::Asked<Query>,
) -> Result<Response, Refusal> {
    let now = UnixMillis::now();
    let asked = asked(&query, now)?;
    let hours_kept = office.app.settings().retention.hours;
    let hours_since = UnixMillis(now.0.saturating_sub(crate::time::millis(hours_kept)));
    let books = &office.app.ledger.books;
    let _place = office.readers.turn().await?;
    let desk = office.desk(&visitor);
    let usage = desk.usage(&asked, books, hours_since).await?;
    match query.format.unwrap_or_default() {
        Format::Json => Ok(Json(usage).into_response()),
        Format::Csv => {
            let headers = [
                (CONTENT_TYPE, "text/csv; charset=utf-8"),
                (CONTENT_DISPOSITION, "attachment; filename=\"usage.csv\""),
            ];
            Ok((headers, table(&usage, &asked.by)).into_response())
        }
    }
}

fn asked(query: &Query, now: UnixMillis) -> Result<Asked, Refusal> {
    let to = query.to_ms.map_or(now, UnixMillis);
    let from = query.from_ms.map(UnixMillis);
    between::check(query.from_ms, Some(to.0))?;
    let words = query.by.as_deref().unwrap_or("day");
    let by: Option<Vec<By>> = words.split(',').map(By::read).collect();
    let is_twice = |by: &[By]| by.len() > 1 && by[0] == by[1];
    let by = by.filter(|by| by.len() <= MOST_BY && !is_twice(by));
    Ok(Asked {
        from: from.unwrap_or(UnixMillis(to.0.saturating_sub(LAST_MS))),
        to,
        by: by.ok_or_else(|| {
            let why = "is one or two of key, user, account, group, model, hour, day";
            Refusal::of_field("by", why)
        })?,
    })
}

/// A line for each row; those that are told apart stand first.
fn table(usage: &Usage, by: &[By]) -> String {
    let sums = json!(usage.totals);
    let numbers: Vec<&str> = sums
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let by = by.iter().map(|by| by.word());
    let columns: Vec<&str> = by.chain(numbers).collect();
    let mut text = columns.join(",") + "\n";
    for row in &usage.rows {
        let row = json!(row);
        let words: Vec<String> = columns.iter().map(|column| word(&row[*column])).collect();
        writeln!(text, "{}", words.join(",")).expect("a string takes all");
    }
    text
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => csv::word(text),
        other => other.to_string(),
    }
}
