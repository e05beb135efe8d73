//! The second step: what is asked? The body stays the caller's bytes; one pass over them finds the few things
//! that the relay decides by. `scan.rs` is that pass.

mod buffers;
mod scan;
mod splice;

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap,
    body::{Body as _, Incoming},
};
use memchr::{memchr_iter, memrchr};
use tokio::time::timeout;

pub(crate) use buffers::{Buffers, Share};
pub(crate) use splice::Splice;

use scan::{most_output, scan};

use crate::{
    account::Account,
    affinity::{self, Conversation, Form, Session},
    dialect::Dialect,
    json::{Fault, Outline, Unfit},
    pins::{Pins, Storing},
    route::{Named, Route, Work},
    stream::UsageChunk,
    translate::{TellsUsage, Translation},
    usage::Tokens,
};

/// Between two pieces of a request's body.
const PIECE_WITHIN: Duration = Duration::from_secs(30);
/// For the rest of a body that is refused.
const DISCARDED_WITHIN: Duration = Duration::from_secs(10);
/// A longer body is read beside the threads that serve everybody.
const READ_IN_PLACE: usize = 1 << 20;

/// A request as it came, and what it says of itself.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) body: Bytes,
    /// Its part of all buffered bytes, as long as the body is needed.
    pub(crate) _share: Share,
    pub(crate) facts: Facts,
}

/// What the relay decides by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) model: Option<String>,
    pub(crate) answer: Answer,
    pub(crate) last: LastMessage,
    /// The most that it asks for.
    pub(crate) max_output: Option<Tokens>,
    /// What only one account can read, and whether that is to grow.
    pub(crate) pins: Pins,
    pub(crate) storing: Storing,
    /// By what the conversation is known again, where there is one.
    pub(crate) conversation: Option<Conversation>,
    /// The change by which a stream tells its usage, where its caller did not ask for that.
    pub(crate) usage_asked: Option<Splice>,
}

impl Asked {
    /// What a body of the relay's own asks for; none where it does not fit its route.
    pub(crate) fn of(route: Route<'_>, body: Bytes) -> Option<Self> {
        let facts = facts(&body, route.work, route.dialect, None).ok()?;
        Some(Self {
            facts: facts.named(route.named),
            _share: Arc::new(Buffers::new(0)).share(),
            body,
        })
    }

    /// The change by which an account is asked for the usage of a stream, where it is to be asked.
    pub(crate) fn usage_asked_of(&self, account: &Account) -> Option<&Splice> {
        self.facts
            .usage_asked
            .as_ref()
            .filter(|_| account.asks_usage)
    }

    /// What becomes of the event that then comes. Where it is translated, that decides.
    pub(crate) fn usage_chunk_of(
        &self,
        account: &Account,
        translation: Option<Translation>,
    ) -> UsageChunk {
        match (self.usage_asked_of(account), translation) {
            (Some(_), None) => UsageChunk::IsDropped,
            _ => UsageChunk::Passes,
        }
    }

    /// Whether the caller wants a stream to tell its usage.
    pub(crate) fn tells_usage(&self) -> TellsUsage {
        match self.facts.usage_asked {
            Some(_) => TellsUsage::No,
            None => TellsUsage::Yes,
        }
    }
}

impl Facts {
    /// With what the path says.
    fn named(self, named: Option<Named<'_>>) -> Self {
        match named {
            None => self,
            Some(Named::Model { model, answer }) => Self {
                model: Some(model.to_owned()),
                answer,
                ..self
            },
            Some(Named::Response { id, answer }) => Self {
                pins: Pins::stored(id),
                answer,
                ..self
            },
        }
    }
}

/// How the answer is to come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Answer {
    #[default]
    Whole,
    Stream,
}

/// Who wrote the last message that is not the system's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LastMessage {
    /// A user, and it is not the result of a tool.
    UsersOwn,
    #[default]
    Other,
}

/// Why a body is not taken. The caller's fault, except when all buffers are full.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the body is larger than {limit} bytes, which is the most that this relay takes")]
    TooLarge { limit: usize },
    #[error("this relay is holding as many request bytes as it may; try again")]
    BuffersFull,
    #[error("the body is not valid: {fault} at line {line} column {column}")]
    Invalid {
        fault: String,
        line: usize,
        column: usize,
    },
    #[error("the body did not come within {} s", PIECE_WITHIN.as_secs())]
    Slow,
    #[error("the body broke off")]
    BrokeOff,
}

pub(crate) async fn read(
    buffers: &Arc<Buffers>,
    route: Route<'_>,
    headers: &HeaderMap,
    incoming: &mut Incoming,
    limit: usize,
) -> Result<Asked, Unreadable> {
    if !route.work.has_body() {
        let (body, share, facts) = (Bytes::new(), buffers.share(), Facts::default());
        return Ok(Asked {
            body,
            _share: share,
            facts: facts.named(route.named),
        });
    }
    let (body, share) = collect(buffers, incoming, limit).await?;
    let Route { work, dialect, .. } = route;
    let session = affinity::session(headers);
    let facts = if body.len() <= READ_IN_PLACE {
        facts(&body, work, dialect, session)
    } else {
        let body = body.clone();
        let read = tokio::task::spawn_blocking(move || facts(&body, work, dialect, session));
        read.await
            .expect("the scan does not panic and is not cancelled")
    };
    let facts = facts.map_err(|unfit| invalid(&body, unfit))?;
    Ok(Asked {
        facts: facts.named(route.named),
        body,
        _share: share,
    })
}

fn facts(
    body: &[u8],
    work: Work,
    dialect: Dialect,
    session: Option<Session>,
) -> Result<Facts, Unfit> {
    let outline = Outline::of(body)?;
    let facts = scan(body, &outline, work, dialect)?;
    let form = match (work, dialect) {
        (Work::Embed | Work::CountTokens | Work::ListModels, _) => return Ok(facts),
        (Work::ShowModel | Work::Stored(_) | Work::Usage | Work::Health, _) => return Ok(facts),
        (Work::Generate, Dialect::Anthropic) => Form::Messages,
        (Work::Generate, Dialect::Chat) => Form::Chat,
        (Work::Generate, Dialect::Responses) => Form::Responses,
        (Work::Generate, Dialect::Gemini | Dialect::GeminiArray) => Form::Contents,
    };
    Ok(Facts {
        conversation: affinity::read(form, session, &outline),
        max_output: most_output(&outline, dialect),
        ..facts
    })
}

/// Quotes nothing of the body.
fn invalid(body: &[u8], Unfit { fault, at }: Unfit) -> Unreadable {
    let before = &body[..at];
    let line_start = memrchr(b'\n', before).map_or(0, |end| end + 1);
    Unreadable::Invalid {
        fault: match fault {
            Fault::NotJson => "this is not JSON".to_owned(),
            Fault::EndsEarly => "it ends too early".to_owned(),
            Fault::Twice(field) => format!("`{field}` stands twice"),
            Fault::Type => "a field has another type than it should".to_owned(),
            Fault::TooMany => "it has more fields or elements than any API takes".to_owned(),
        },
        line: memchr_iter(b'\n', before).count() + 1,
        column: at - line_start + 1,
    }
}

/// Takes what is left of a body that nobody wants, up to a limit: a caller that is still sending when the connection
/// closes would never see why.
pub(crate) async fn discard(incoming: &mut Incoming, limit: usize) {
    let discarding = async {
        let mut left = limit;
        while let Ok(Some(piece)) = next_piece(incoming).await {
            match left.checked_sub(piece.len()) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // Whoever is too slow has to do without the answer.
    drop(timeout(DISCARDED_WITHIN, discarding).await);
}

async fn collect(
    buffers: &Arc<Buffers>,
    incoming: &mut Incoming,
    limit: usize,
) -> Result<(Bytes, Share), Unreadable> {
    let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(Unreadable::TooLarge { limit });
    }
    let mut share = buffers.share();
    let mut whole = Pieces::None;
    while let Some(piece) = next_piece(incoming).await? {
        if whole.len() + piece.len() > limit {
            return Err(Unreadable::TooLarge { limit });
        }
        share
            .grow(piece.len())
            .map_err(|_| Unreadable::BuffersFull)?;
        whole = whole.with(piece, announced);
    }
    Ok((whole.into_bytes(), share))
}

async fn next_piece(incoming: &mut Incoming) -> Result<Option<Bytes>, Unreadable> {
    loop {
        match timeout(PIECE_WITHIN, incoming.frame()).await {
            Err(_) => return Err(Unreadable::Slow),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(Unreadable::BrokeOff),
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => return Ok(Some(data)),
                Err(_trailers) => continue,
            },
        }
    }
}

/// A body so far. One that comes in one piece is never copied.
enum Pieces {
    None,
    One(Bytes),
    Many(BytesMut),
}

impl Pieces {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(piece) => piece.len(),
            Self::Many(pieces) => pieces.len(),
        }
    }

    fn with(self, piece: Bytes, announced: usize) -> Self {
        match self {
            Self::None => Self::One(piece),
            Self::One(first) => {
                let mut pieces = BytesMut::with_capacity(announced.max(first.len() + piece.len()));
                pieces.extend_from_slice(&first);
                pieces.extend_from_slice(&piece);
                Self::Many(pieces)
            }
            Self::Many(mut pieces) => {
                pieces.extend_from_slice(&piece);
                Self::Many(pieces)
            }
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::One(piece) => piece,
            Self::Many(pieces) => pieces.freeze(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_bad_body_does_not_quote_it() {
        let read = |body: &[u8]| facts(body, Work::Generate, Dialect::Anthropic, None);
        for (body, expected) in [
            (
                r#"{"messages":"secret"}"#,
                "a field has another type than it should at line 1 column 13",
            ),
            (
                r#"{"stream":true,"stream":false}"#,
                "`stream` stands twice at line 1 column 16",
            ),
            (
                "{\n\"model\": secret",
                "this is not JSON at line 2 column 10",
            ),
            (
                r#"{"model":"secret""#,
                "it ends too early at line 1 column 18",
            ),
        ] {
            let error = invalid(body.as_bytes(), read(body.as_bytes()).unwrap_err());
            assert_eq!(
                error.to_string(),
                format!("the body is not valid: {expected}")
            );
            assert!(!format!("{error:?}").contains("secret"));
        }
    }
}
