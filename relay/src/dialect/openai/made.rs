//! What an answer of the Responses API makes that only its account can read: the response and its items, where they are
//! stored, and reasoning that it hands out encrypted. What is no JSON tells nothing more.

use memchr::memmem;

use crate::{
    json::{Container, Kind, NotJson, Token, Tokens},
    pins::Made,
    sse::Event,
};

pub(in crate::dialect) fn read_event(event: &Event<'_>, made: &mut Made) {
    let read = match event.name {
        b"response.created" if made.wants_response() => created(event.data, made),
        // Compatible endpoints leave out the event's name.
        b"response.completed" | b"response.incomplete" | b"" if tells(event.data, made) => {
            ended(event.data, made)
        }
        _ => return,
    };
    read.unwrap_or_default();
}

/// A whole answer, or as much of it as was kept.
pub(in crate::dialect) fn read_answer(body: &[u8], made: &mut Made) {
    if tells(body, made) {
        let mut tokens = Tokens::new(body);
        let first = tokens.next();
        let read = first.and_then(|first| response(&mut tokens, first, made));
        read.unwrap_or_default();
    }
}

fn tells(json: &[u8], made: &Made) -> bool {
    made.wants_ids() || memmem::find(json, b"\"encrypted_content\"").is_some()
}

/// Nothing of it but its id is new, and that stands at its beginning.
fn created(data: &[u8], made: &mut Made) -> Result<(), NotJson> {
    let mut tokens = Tokens::new(data);
    tokens.next()?;
    if let Some(Kind::Open(Container::Object)) = tokens.find(br#""response""#)?.map(|of| of.kind)
        && let Some(id) = tokens.find(br#""id""#)?
    {
        text(&tokens, id)
            .into_iter()
            .for_each(|id| made.response(&id));
    }
    Ok(())
}

fn ended(data: &[u8], made: &mut Made) -> Result<(), NotJson> {
    let mut tokens = Tokens::new(data);
    tokens.next()?;
    match tokens.find(br#""response""#)? {
        Some(first) => response(&mut tokens, first, made),
        None => Ok(()),
    }
}

fn response(tokens: &mut Tokens<'_>, first: Token, made: &mut Made) -> Result<(), NotJson> {
    if first.kind != Kind::Open(Container::Object) {
        return Ok(());
    }
    while let Some(key) = tokens.next_key()? {
        let value = tokens.value()?;
        match (tokens.text(key), value.kind) {
            // The items of a response, and those of a list of what it was asked.
            (br#""output""# | br#""data""#, Kind::Open(Container::List)) => output(tokens, made)?,
            (br#""id""#, _) if made.wants_response() => {
                text(tokens, value)
                    .into_iter()
                    .for_each(|id| made.response(&id));
            }
            _ => drop(tokens.skip(value)?),
        }
    }
    Ok(())
}

fn output(tokens: &mut Tokens<'_>, made: &mut Made) -> Result<(), NotJson> {
    while let Some(item) = tokens.next_element()? {
        match item.kind {
            Kind::Open(Container::Object) => members_of_item(tokens, made)?,
            _ => drop(tokens.skip(item)?),
        }
    }
    Ok(())
}

fn members_of_item(tokens: &mut Tokens<'_>, made: &mut Made) -> Result<(), NotJson> {
    while let Some(key) = tokens.next_key()? {
        let value = tokens.value()?;
        match tokens.text(key) {
            br#""id""# if made.wants_ids() => {
                text(tokens, value)
                    .into_iter()
                    .for_each(|id| made.item(&id));
            }
            br#""encrypted_content""# => {
                let text = text(tokens, value);
                text.into_iter().for_each(|text| made.reasoning(&text));
            }
            _ => {}
        }
        tokens.skip(value)?;
    }
    Ok(())
}

/// A string's text, unless it is empty.
fn text(tokens: &Tokens<'_>, value: Token) -> Option<String> {
    let text: String = serde_json::from_slice(tokens.text(value)).ok()?;
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::{Mark, Storing};

    const RESPONSE: &str = r#"{"id":"resp_1","object":"response","instructions":"\"id\"","metadata":{"id":"x"},"output":[
        {"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"gA\/A="},5,
        {"id":"msg_1","type":"message","content":[{"type":"output_text","text":"hi","id":"x"}]}],"usage":{"id":"x"}}"#;

    fn of_event(made: &mut Made, name: &str, data: &str) -> Vec<Mark> {
        let event = Event {
            name: name.as_bytes(),
            data: data.as_bytes(),
            end: 0,
        };
        read_event(&event, made);
        made.take()
    }

    fn marks(ids: &[&str], reasoning: &[&str]) -> Vec<Mark> {
        let ids = ids.iter().map(|id| Mark::of_id(id));
        let reasoning = reasoning.iter().map(|text| Mark::of_reasoning(text));
        ids.chain(reasoning).collect()
    }

    fn sorted(mut marks: Vec<Mark>) -> Vec<String> {
        marks.sort_by_key(Mark::to_string);
        marks.iter().map(Mark::to_string).collect()
    }

    #[test]
    fn a_stream_tells_of_the_response_when_it_begins_and_of_its_items_when_it_ends() {
        let mut made = Made::new(Storing::Yes);
        let created = r#"{"type":"response.created","response":{"id":"resp_1","tools":[{"id":"x"#;
        assert_eq!(
            of_event(&mut made, "response.created", created),
            marks(&["resp_1"], &[])
        );
        let delta = r#"{"type":"response.output_text.delta","item_id":"msg_1","delta":"hi"}"#;
        assert_eq!(of_event(&mut made, "response.output_text.delta", delta), []);
        let completed = format!(r#"{{"type":"response.completed","response":{RESPONSE}}}"#);
        let items = of_event(&mut made, "response.completed", &completed);
        assert_eq!(sorted(items), sorted(marks(&["rs_1", "msg_1"], &["gA/A="])));
    }

    #[test]
    fn events_without_names_tell_the_same_once() {
        let mut made = Made::new(Storing::Yes);
        let created = r#"{"type":"response.created","response":{"id":"resp_1","output":[]}}"#;
        assert_eq!(of_event(&mut made, "", created), marks(&["resp_1"], &[]));
        assert_eq!(
            of_event(&mut made, "", r#"{"type":"x","response":null}"#),
            []
        );
        let completed = format!(r#"{{"type":"response.completed","response":{RESPONSE}}}"#);
        assert_eq!(of_event(&mut made, "", &completed).len(), 3);
    }

    #[test]
    fn of_what_is_not_stored_the_reasoning_alone_is_told() {
        let mut made = Made::new(Storing::No);
        let event = format!(r#"{{"response":{RESPONSE}}}"#);
        assert_eq!(of_event(&mut made, "response.created", &event), []);
        assert_eq!(
            of_event(&mut made, "response.completed", &event),
            marks(&[], &["gA/A="])
        );
    }

    #[test]
    fn an_answer_is_read_as_far_as_it_was_kept() {
        let read = |body: &str| {
            let mut made = Made::new(Storing::Yes);
            read_answer(body.as_bytes(), &mut made);
            sorted(made.take())
        };
        let whole = marks(&["resp_1", "rs_1", "msg_1"], &["gA/A="]);
        assert_eq!(read(RESPONSE), sorted(whole));
        let cut = &RESPONSE[..RESPONSE.find("summary").expect("it is there")];
        assert_eq!(read(cut), sorted(marks(&["resp_1", "rs_1"], &[])));
        for nothing in ["", "[]", "5", "{", r#"{"id":5,"output":{}}"#] {
            assert_eq!(read(nothing), [""; 0], "{nothing}");
        }
    }
}
