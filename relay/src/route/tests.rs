//! Which paths are routes, and whose. (Tests only.)

use hyper::Request;

use super::*;

fn head(method: Method, address: &str, headers: &[&str]) -> Parts {
    let mut request = Request::builder().method(method).uri(address);
    for name in headers {
        request = request.header(*name, "1");
    }
    request.body(()).unwrap().into_parts().0
}

fn post(address: &str) -> Option<(Work, Dialect)> {
    let head = head(Method::POST, address, &[]);
    let route = Route::of(&head).ok()?;
    Some((route.work, route.dialect))
}

#[test]
fn routes_are_known_by_path_and_method() {
    for (path, expected) in [
        ("/v1/messages", (Work::Generate, Dialect::Anthropic)),
        (
            "/anthropic/v1/messages/count_tokens",
            (Work::CountTokens, Dialect::Anthropic),
        ),
        ("/v1/chat/completions", (Work::Generate, Dialect::Chat)),
        ("/openai/v1/responses", (Work::Generate, Dialect::Responses)),
        ("/v1/embeddings", (Work::Embed, Dialect::Chat)),
    ] {
        assert_eq!(post(path), Some(expected), "{path}");
        let get = head(Method::GET, path, &[]);
        assert!(matches!(
            Route::of(&get),
            Err(NoRoute::Method { allowed: "POST" })
        ));
    }
    let health = head(Method::GET, "/healthz", &[]);
    assert_eq!(Route::of(&health).unwrap().work, Work::Health);
}

#[test]
fn a_path_that_is_not_exactly_one_of_them_is_none() {
    for path in [
        "/",
        "/v1/messages/",
        "/v1//messages",
        "/anthropic",
        "/anthropicv1/messages",
        "/anthropic/healthz",
        "/openai/v1/usage",
        "/anthropic/anthropic/v1/messages",
        "/anthropic/v1/responses",
        "/openai/v1/messages",
        "/openai/v1beta/models/m:generateContent",
        "/openai/v1/models/m:generateContent",
        "/v1/models/",
        "/v1/models/..",
        "/v1/models/a/b",
        "/openai/v1beta/models/m",
        "/anthropic/v1/responses/resp_1",
        "/v1/responses/",
        "/v1/responses/../files",
        "/v1/responses/resp_1/",
        "/v1/responses/resp_1/other",
        "/v1/messages/batches",
        "/v1beta/models/:generateContent",
        "/v1beta/models/m:generateContent:x",
        "/v1beta/models/m:batchGenerateContent",
        "/v1beta/models/a/b:generateContent",
        "/v1beta/models/..%2fx:generateContent",
        "/v1beta/tunedModels/m:generateContent",
    ] {
        assert_eq!(post(path), None, "{path}");
    }
}

#[test]
fn a_gemini_path_names_the_model_and_how_the_answer_comes() {
    let of = |address: &str| {
        let head = head(Method::POST, address, &[]);
        let route = Route::of(&head).unwrap();
        let Some(Named::Model { model, answer }) = route.named else {
            panic!("it names no model");
        };
        assert_eq!(model, "gemini-2.5-pro");
        (route.work, route.dialect, answer)
    };
    let path = "/v1beta/models/gemini-2.5-pro";
    let whole = |work| (work, Dialect::Gemini, Answer::Whole);
    let stream = |dialect| (Work::Generate, dialect, Answer::Stream);
    for (rest, expected) in [
        (":generateContent", whole(Work::Generate)),
        (":countTokens?alt=sse", whole(Work::CountTokens)),
        (":embedContent", whole(Work::Embed)),
        (":batchEmbedContents", whole(Work::Embed)),
        (
            ":streamGenerateContent?key=k&alt=sse",
            stream(Dialect::Gemini),
        ),
        (
            ":streamGenerateContent?alt=json",
            stream(Dialect::GeminiArray),
        ),
    ] {
        assert_eq!(of(&format!("{path}{rest}")), expected, "{rest}");
        let stable = path.replace("v1beta", "v1");
        assert_eq!(of(&format!("/gemini{stable}{rest}")), expected, "{rest}");
    }
}

#[test]
fn the_headers_decide_whose_models_are_listed() {
    let of = |path: &str, headers: &[&str]| {
        let head = head(Method::GET, path, headers);
        Route::of(&head).unwrap().dialect
    };
    let both = ["x-api-key", "authorization"];
    assert_eq!(of("/v1/models", &both), Dialect::Anthropic);
    assert_eq!(of("/v1/models", &["anthropic-version"]), Dialect::Anthropic);
    assert_eq!(of("/v1/models", &["authorization"]), Dialect::Chat);
    assert_eq!(of("/openai/v1/models", &both), Dialect::Chat);
    assert_eq!(of("/anthropic/v1/models", &[]), Dialect::Anthropic);
    assert_eq!(of("/v1/models", &["x-goog-api-key"]), Dialect::Gemini);
    assert_eq!(of("/gemini/v1/models", &both), Dialect::Gemini);
    assert_eq!(of("/v1beta/models", &both), Dialect::Gemini);
}

#[test]
fn errors_have_a_dialect_where_there_is_no_route() {
    let of = |path: &str, headers: &[&str]| dialect(&head(Method::POST, path, headers));
    assert_eq!(of("/v1beta/files", &["x-api-key"]), Dialect::Gemini);
    assert_eq!(of("/gemini/x", &[]), Dialect::Gemini);
    assert_eq!(of("/openai/v1/files", &["x-api-key"]), Dialect::Chat);
    assert_eq!(of("/v1/files", &["x-api-key"]), Dialect::Anthropic);
    assert_eq!(of("/v1/files", &[]), Dialect::Chat);
}

#[test]
fn what_was_stored_is_named_by_the_path() {
    let id = "resp_1";
    let whole = Answer::Whole;
    for (method, below, act, answer) in [
        (Method::GET, "", Act::Read, whole),
        (
            Method::GET,
            "?stream=true&starting_after=3",
            Act::Read,
            Answer::Stream,
        ),
        (Method::DELETE, "", Act::Delete, whole),
        (Method::POST, "/cancel?stream=true", Act::Cancel, whole),
        (Method::GET, "/input_items?limit=2", Act::ListInput, whole),
    ] {
        let address = format!("/openai/v1/responses/{id}{below}");
        let head = head(method, &address, &[]);
        let expected = Route {
            work: Work::Stored(act),
            dialect: Dialect::Responses,
            named: Some(Named::Response { id, answer }),
        };
        assert_eq!(Route::of(&head).unwrap(), expected, "{address}");
    }
    for (method, below, takes) in [
        (Method::POST, "", "GET, DELETE"),
        (Method::GET, "/cancel", "POST"),
        (Method::DELETE, "/input_items", "GET"),
    ] {
        let head = head(method, &format!("/v1/responses/{id}{below}"), &[]);
        let Err(NoRoute::Method { allowed }) = Route::of(&head) else {
            panic!("{below} is served");
        };
        assert_eq!(allowed, takes, "{below}");
    }
}

#[test]
fn one_model_is_shown_in_the_dialect_of_its_caller() {
    for (path, headers, expected) in [
        ("/v1/models/gpt-5", &[][..], Dialect::Chat),
        ("/v1/models/claude-x", &["x-api-key"], Dialect::Anthropic),
        ("/openai/v1/models/gpt-5", &["x-api-key"], Dialect::Chat),
        ("/v1beta/models/gemini-x", &[], Dialect::Gemini),
    ] {
        let head = head(Method::GET, path, headers);
        let route = Route::of(&head).unwrap();
        assert_eq!(
            (route.work, route.dialect),
            (Work::ShowModel, expected),
            "{path}"
        );
    }
}

#[test]
fn an_address_is_bounded() {
    let of = |query: usize| {
        let address = format!("/v1/messages?{}", "a".repeat(query));
        Route::of(&head(Method::POST, &address, &[])).map(|route| route.work)
    };
    let fits = LONGEST_ADDRESS - "/v1/messages".len();
    assert_eq!(of(fits).unwrap(), Work::Generate);
    assert!(matches!(of(fits + 1), Err(NoRoute::TooLong)));
}
