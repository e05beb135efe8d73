//! A stream in other words, event by event: what an account says is heard as a chat, and told in the caller's dialect. Pure.

use super::{
    Asked, Garbled, Output, Served, Telling, TellsUsage, Translation,
    chat::{self, Heard, Said},
    from_chat, from_messages,
    gemini::{self, Form},
    responses,
};
use crate::sse::Event;

/// The events of an answer, one after the other.
#[derive(Debug)]
pub(crate) struct Stream {
    hearing: Hearing,
    teller: Teller,
    is_over: bool,
}

#[derive(Debug)]
enum Hearing {
    Chat,
    Messages(Box<from_messages::Stream>),
}

#[derive(Debug)]
enum Teller {
    Messages(Box<from_chat::Stream>),
    Chat,
    Responses(Box<responses::Stream>),
    Gemini(Box<gemini::Stream>),
}

impl Stream {
    pub(super) fn new(translation: Translation, telling: Telling) -> Self {
        let tells_usage = match translation.asked {
            Asked::Chat => telling.tells_usage,
            Asked::Messages | Asked::Responses => TellsUsage::Yes,
            Asked::Gemini | Asked::GeminiArray => TellsUsage::Yes,
        };
        let of_messages = || from_messages::Stream::new(tells_usage, telling.now);
        Self {
            hearing: match translation.served {
                Served::Chat => Hearing::Chat,
                Served::Messages => Hearing::Messages(Box::new(of_messages())),
            },
            teller: match translation.asked {
                Asked::Messages => Teller::Messages(Box::default()),
                Asked::Chat => Teller::Chat,
                Asked::Responses => Teller::Responses(Box::new(responses::Stream::new(telling))),
                Asked::Gemini => Teller::Gemini(Box::new(gemini::Stream::new(Form::Events))),
                Asked::GeminiArray => Teller::Gemini(Box::new(gemini::Stream::new(Form::Array))),
            },
            is_over: false,
        }
    }

    /// Puts one event of the upstream's into the caller's words.
    pub(crate) fn event(&mut self, event: &Event<'_>, out: &mut Output) {
        if self.is_over || event.data.is_empty() {
            return;
        }
        let mut said = Said::new();
        if let Err(Garbled) = self.hearing.hear(event, &mut said) {
            self.is_over = true;
            out.garble();
        }
        for heard in said {
            self.teller.tell(&heard, out);
            self.is_over |= matches!(heard, Heard::Failed(_) | Heard::Done);
        }
    }

    /// How many events were told, where they are numbered.
    pub(crate) fn told(&self) -> u64 {
        match &self.teller {
            Teller::Responses(stream) => stream.told(),
            Teller::Messages(_) | Teller::Chat | Teller::Gemini(_) => 0,
        }
    }

    /// What is left to be sent where an event of the relay's own ends it.
    pub(crate) fn last(&self, event: &[u8]) -> Vec<u8> {
        match &self.teller {
            Teller::Gemini(stream) => stream.last(event),
            Teller::Messages(_) | Teller::Chat | Teller::Responses(_) => event.to_vec(),
        }
    }
}

impl Hearing {
    fn hear(&mut self, event: &Event<'_>, said: &mut Said) -> Result<(), Garbled> {
        match self {
            Self::Chat => chat::hear(event, said),
            Self::Messages(stream) => stream.event(event, said),
        }
    }
}

impl Teller {
    fn tell(&mut self, heard: &Heard, out: &mut Output) {
        match self {
            Self::Messages(stream) => stream.tell(heard, out),
            Self::Responses(stream) => stream.tell(heard, out),
            Self::Gemini(stream) => stream.tell(heard, out),
            Self::Chat => match heard {
                Heard::Chunk(chunk) => out.data(chunk),
                Heard::Failed(refusal) => out.data(&refusal.to_chat()),
                Heard::Done => out.done(),
            },
        }
    }
}
