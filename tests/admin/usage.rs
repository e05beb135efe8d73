//! Usage and records of requests over HTTP.

use harness::eventually::eventually_async;
use harness::http::Call;
use harness::weir::message;
use harness::{Operator, Weir};
use serde_json::{Value, json};

const PRICE: &str = "[prices.claude-mock-1]\ninput = 3\noutput = 15\ncache_read = 0.3\n[users.ann]";
const USED: &str = "input_tokens=1000;output_tokens=100;cache_read_tokens=2000";

async fn start() -> (Weir, Operator) {
    let weir = Weir::setup().head(PRICE).operators().start().await;
    let operator = weir.operator().await;
    (weir, operator)
}

async fn served(weir: &Weir, key: &str, mock: &str) {
    let call = message(mock, &json!({})).header("x-api-key", key);
    call.send(weir.addr()).await.text().await;
}

/// Once so many requests are booked, what `path` shows.
async fn booked(operator: &Operator, requests: u64, path: &str) -> Value {
    eventually_async("they are booked", async || {
        let usage = operator.see("/api/usage").await;
        match usage["totals"]["requests"].as_u64() {
            Some(seen) if seen == requests => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await;
    operator.see(path).await
}

#[tokio::test]
async fn usage_adds_up_and_tells_what_caches_have_saved() {
    let (weir, operator) = start().await;
    let new = json!({"name": "of Ann", "group": "main", "user": "ann"});
    let made = operator.post("/api/keys", &new).await.json().await;
    let text = made["key"].as_str().expect("it is told").to_owned();
    eventually_async("the key is known", async || {
        let call = Call::get("/v1/usage").header("x-api-key", &text);
        match call.send(weir.addr()).await.status {
            200 => Ok(()),
            status => Err(status.to_string()),
        }
    })
    .await;
    for key in [&weir.key, &text, &text] {
        served(&weir, key, USED).await;
    }
    let usage = booked(&operator, 3, "/api/usage?by=user,model").await;
    let one = json!({
        "requests": 1, "errors": 0, "interrupted": 0, "input_tokens": 1_000, "output_tokens": 100,
        "cache_read_tokens": 2_000, "cache_write_tokens": 0, "reasoning_tokens": 0,
        "web_searches": 0, "estimated_tokens": 0, "unpriced": 0,
        "cost_micro_usd": 3_000 + 1_500 + 600, "saved_micro_usd": 5_400,
    });
    let times = |count: u64, which: Value| {
        let mut sums = one.clone();
        for (_, number) in sums.as_object_mut().expect("a table") {
            *number = json!(number.as_u64().expect("a number") * count);
        }
        let sums = sums.as_object_mut().expect("a table");
        sums.extend(which.as_object().expect("a table").clone());
        json!(sums)
    };
    let model = "claude-mock-1";
    let rows = json!([
        times(1, json!({"user": "", "model": model})),
        times(2, json!({"user": "ann", "model": model})),
    ]);
    assert_eq!(usage["rows"], rows);
    assert_eq!(usage["totals"], times(3, json!({})));
    let by_key = operator.see("/api/usage?by=key,hour").await;
    assert_eq!(by_key["rows"].as_array().map(Vec::len), Some(2));
    assert!(by_key["rows"][0]["hour"].is_u64());
    assert_table_is_whole(&operator).await;
    for query in [
        "by=colour",
        "by=key,key",
        "by=key,user,model",
        "from_ms=0&by=hour",
    ] {
        let refused = operator.get(&format!("/api/usage?{query}")).await;
        assert_eq!(refused.status, 422, "{query}");
    }
}

/// As many values as names, of the one account.
async fn assert_table_is_whole(operator: &Operator) {
    let table = operator.get("/api/usage?by=account&format=csv").await;
    assert_eq!(
        table.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    let table = table.text().await;
    let mut lines = table.lines();
    let columns = lines.next().expect("a line of names");
    assert!(
        columns.starts_with("account,") && columns.contains(",saved_micro_usd"),
        "{columns}"
    );
    let row = lines.next().expect("a row");
    assert!(row.starts_with("a1,"), "{row}");
    assert_eq!(
        (columns.split(',').count(), lines.next()),
        (row.split(',').count(), None)
    );
}

#[tokio::test]
async fn records_are_found_by_what_they_are_the_newest_first() {
    let (weir, operator) = start().await;
    for mock in ["", "status=400", ""] {
        served(&weir, &weir.key, mock).await;
    }
    let all = booked(&operator, 3, "/api/records").await;
    let items = all["items"].as_array().expect("a list");
    assert_eq!((items.len(), &all["next"]), (3, &Value::Null));
    let times: Vec<u64> = items
        .iter()
        .filter_map(|one| one["at_ms"].as_u64())
        .collect();
    assert!(
        times.is_sorted_by(|newer, older| newer >= older),
        "{times:?}"
    );
    let refused = operator.see("/api/records?status=4xx").await;
    let [refused] = refused["items"].as_array().expect("a list").as_slice() else {
        panic!("one was refused: {refused}");
    };
    assert_eq!(refused["error"], "invalid_request_error");
    assert_eq!(
        (&refused["status"], &refused["outcome"]),
        (&json!(400), &json!("upstream_refused"))
    );
    let id = refused["id"].as_str().expect("it has one");
    assert_eq!(operator.see(&format!("/api/records/{id}")).await, *refused);
    assert_eq!(operator.get("/api/records/0-1").await.status, 404);
    assert!(
        items[2]["connect_ms"].is_u64() && items[0]["connect_ms"].is_null(),
        "{items:?}"
    );

    let mut seen = 0;
    let mut path = "/api/records?limit=1&account=a1".to_owned();
    loop {
        let piece = operator.see(&path).await;
        seen += piece["items"].as_array().map_or(0, Vec::len);
        match piece["next"].as_str() {
            Some(next) => path = format!("/api/records?limit=1&account=a1&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, 3);
    let from = items[0]["at_ms"].as_u64().expect("a time") + 3_600_000;
    for query in [
        "key=none".to_owned(),
        "min_wait_ms=60000".to_owned(),
        format!("from_ms={from}"),
        "to_ms=1".to_owned(),
    ] {
        let none = operator.see(&format!("/api/records?{query}")).await;
        assert_eq!(none["items"], json!([]), "{query}");
    }
    assert_eq!(operator.get("/api/records?status=9xx").await.status, 422);
}

#[tokio::test]
async fn a_caller_sees_what_is_left_of_its_budgets() {
    let (weir, operator) = start().await;
    let new = json!({"name": "n", "group": "main", "rules": {"spend_total": "1"}});
    let made = operator.post("/api/keys", &new).await.json().await;
    let text = made["key"].as_str().expect("it is told").to_owned();
    eventually_async("what it has spent is told", async || {
        served(&weir, &text, USED).await;
        let call = Call::get("/v1/usage").header("x-api-key", &text);
        let own = call.send(weir.addr()).await.json().await;
        match own["budgets"]["total"]["spent_micro_usd"].as_u64() {
            Some(spent) if spent > 0 && own["budgets"]["day"].is_null() => Ok(()),
            _ => Err(own.to_string()),
        }
    })
    .await;
    let id = made["id"].as_str().expect("it has one");
    let total = &operator.see(&format!("/api/keys/{id}")).await["spent"]["total"];
    let number = |field: &str| total[field].as_u64().expect("a number");
    assert_eq!(number("limit_micro_usd"), 1_000_000);
    let taken = number("spent_micro_usd") + number("reserved_micro_usd");
    assert_eq!(number("left_micro_usd"), 1_000_000 - taken);
}
