//! Responses: named events that carry a sequence number; the last one tells what was used.
//! <https://platform.openai.com/docs/api-reference/responses-streaming>

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Cause, Response, write};
use crate::{dialect::Place, error::Told, sse::Event, usage::Usage};

/// Its sequence number continues those of the events before. The SDKs look for the error in `error`, the documents put it
/// beside the type.
pub(in crate::dialect) fn error_event(told: &Told, seen: u64) -> Bytes {
    let error = Cause::of(told);
    let data = write(&ErrorEvent {
        kind: "error",
        sequence_number: seen,
        code: error.code,
        message: error.message,
        param: error.param,
        error,
    });
    format!("event: error\ndata: {data}\n\n").into()
}

pub(in crate::dialect) fn reads(event: &[u8]) -> bool {
    matches!(event, b"response.created" | b"") || is_last(event)
}

fn is_last(event: &[u8]) -> bool {
    matches!(
        event,
        b"response.completed" | b"response.incomplete" | b"response.failed" | b"error"
    )
}

pub(in crate::dialect) fn read_event(event: &Event<'_>, usage: &mut Usage) -> Option<Place> {
    if !is_last(event.name) && !event.name.is_empty() {
        return None;
    }
    // Compatible endpoints leave out the event's name: the data tells it as well.
    let data: Data<'_> = serde_json::from_slice(event.data).unwrap_or_default();
    let name = match event.name {
        b"" => data.kind.unwrap_or_default().as_bytes(),
        name => name,
    };
    if !is_last(name) {
        return None;
    }
    if let Some(response) = data.response {
        response.add_to(usage);
    }
    Some(Place::Last)
}

#[derive(Serialize)]
struct ErrorEvent<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    sequence_number: u64,
    code: Option<&'a str>,
    message: &'a str,
    param: Option<&'a str>,
    error: Cause<'a>,
}

#[derive(Deserialize, Default)]
struct Data<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a str>,
    #[serde(borrow)]
    response: Option<Response<'a>>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{error::Error, ids::RequestId, stream::Cut};

    fn read(name: &str, data: &str, usage: &mut Usage) -> Option<Place> {
        let event = Event {
            name: name.as_bytes(),
            data: data.as_bytes(),
            end: 0,
        };
        read_event(&event, usage)
    }

    #[test]
    fn the_last_event_tells_the_usage_with_or_without_its_name() {
        for name in [
            "response.completed",
            "response.incomplete",
            "response.failed",
        ] {
            let data = format!(
                r#"{{"type":"{name}","response":{{"status":"x","usage":{{"input_tokens":5,"output_tokens":7}}}}}}"#
            );
            for named in [name, ""] {
                let mut usage = Usage::default();
                assert_eq!(read(named, &data, &mut usage), Some(Place::Last));
                assert_eq!((usage.input, usage.output), (Some(5), Some(7)));
            }
        }
        let mut usage = Usage::default();
        let failed = r#"{"type":"response.failed","response":{"error":{"code":"x"},"usage":null}}"#;
        assert_eq!(
            read("response.failed", failed, &mut usage),
            Some(Place::Last)
        );
        assert_eq!(read("error", "not json", &mut usage), Some(Place::Last));
        for other in [
            "response.created",
            "response.output_text.delta",
            "response.in_progress",
        ] {
            let data = format!(r#"{{"type":"{other}","response":{{"usage":null}}}}"#);
            assert_eq!(read(other, &data, &mut usage), None, "{other}");
            assert_eq!(read("", &data, &mut usage), None, "{other}");
        }
        assert_eq!(read("", "", &mut usage), None);
        assert_eq!(usage, Usage::default());
    }

    #[test]
    fn an_error_continues_the_numbers_of_the_events() {
        let told = Error::from(Cut::BrokeOff).told(RequestId::next());
        let event = error_event(&told, 7);
        let data = event.strip_prefix(b"event: error\ndata: ").unwrap();
        let data: Value = serde_json::from_slice(data).unwrap();
        let error = json!({"message": told.message, "type": "server_error", "param": null,
            "code": "weir_upstream_broke_off"});
        let expected = json!({"type": "error", "sequence_number": 7, "code": error["code"],
            "message": told.message, "param": null, "error": error});
        assert_eq!(data, expected);
        assert!(event.ends_with(b"\n\n"));
    }
}
