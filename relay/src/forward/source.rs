//! The body of an answer as its account's API has it: the upstream's bytes, or what they say in other words. The bytes of
//! those that speak the API themselves pass untouched, and nobody is asked about them.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming};
use tokio::time::timeout;

use crate::provider::bedrock;

const REFUSAL_KEPT: usize = 64 << 10;
const REFUSAL_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) enum Source {
    AsItIs(Incoming),
    /// None once it is given.
    Known(Option<Bytes>),
    Reworded(Box<Reworded>),
}

/// A body that is said in other words, piece by piece.
#[derive(Debug)]
pub(crate) struct Reworded {
    /// None once it has ended.
    upstream: Option<Incoming>,
    rewording: bedrock::Rewording,
}

/// Why nothing more comes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error(transparent)]
    Transport(#[from] hyper::Error),
    #[error("what came is not what the provider sends: {0}")]
    Garbled(#[from] bedrock::Garbled),
}

impl Source {
    pub(crate) fn reworded(upstream: Incoming, rewording: bedrock::Rewording) -> Self {
        Self::Reworded(Box::new(Reworded {
            upstream: Some(upstream),
            rewording,
        }))
    }
}

/// What a refusal says, as far as it comes and is worth reading.
pub(super) async fn beginning(mut refusal: Incoming) -> Vec<u8> {
    let mut said = Vec::new();
    let all = async {
        while let (Some(Ok(frame)), true) = (refusal.frame().await, said.len() < REFUSAL_KEPT) {
            said.extend_from_slice(frame.data_ref().map_or(&[], |piece| piece));
        }
    };
    // What has come by then is what there is.
    drop(timeout(REFUSAL_WITHIN, all).await);
    said
}

impl Reworded {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, SourceError>>> {
        while let Some(upstream) = &mut self.upstream {
            let said = match ready!(Pin::new(upstream).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => self.rewording.push(&piece),
                    Err(_trailers) => continue,
                },
                Some(Err(error)) => {
                    self.upstream = None;
                    return Poll::Ready(Some(Err(error.into())));
                }
                None => {
                    self.upstream = None;
                    self.rewording.end()
                }
            };
            match said {
                Ok(said) if said.is_empty() => {}
                Ok(said) => return Poll::Ready(Some(Ok(said))),
                Err(garbled) => {
                    self.upstream = None;
                    return Poll::Ready(Some(Err(garbled.into())));
                }
            }
        }
        Poll::Ready(None)
    }
}

impl Body for Source {
    type Data = Bytes;
    type Error = SourceError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SourceError>>> {
        match self.get_mut() {
            Self::AsItIs(upstream) => Pin::new(upstream)
                .poll_frame(context)
                .map_err(SourceError::Transport),
            Self::Known(known) => Poll::Ready(known.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Reworded(reworded) => reworded
                .poll(context)
                .map(|said| said.map(|said| said.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::AsItIs(upstream) => upstream.is_end_stream(),
            Self::Known(known) => known.is_none(),
            Self::Reworded(reworded) => reworded.upstream.is_none(),
        }
    }
}
