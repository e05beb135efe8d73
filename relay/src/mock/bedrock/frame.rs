//! Messages of AWS's binary event stream, each an event of a script.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};

pub(super) fn event(name: &str, payload: &str, into: &mut Vec<u8>) {
    write("event", ":event-type", name, payload, into);
}

pub(super) fn exception(name: &str, payload: &str, into: &mut Vec<u8>) {
    write("exception", ":exception-type", name, payload, into);
}

fn write(kind: &str, key: &'static str, name: &str, payload: &str, into: &mut Vec<u8>) {
    let text = |text: &str| HeaderValue::String(text.to_owned().into());
    let message = Message::new(payload.to_owned())
        .add_header(Header::new(key, text(name)))
        .add_header(Header::new(":content-type", text("application/json")))
        .add_header(Header::new(":message-type", text(kind)));
    write_message_to(&message, into).expect("a message of this size can be written");
}
