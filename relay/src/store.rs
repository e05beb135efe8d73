//! The only place that knows Redis: `names` spells its keys, the other files its commands, one per concern.
//! `link` keeps the one multiplexed connection. Nothing here repeats a command: whoever asks decides what a lost answer means.

mod gates;
mod keys;
mod link;
pub(crate) mod names;
mod settlement;
mod turns;

use std::time::Duration;

use redis::{Cmd, Pipeline, Value};

pub(crate) use gates::{Load, Slot};
pub(crate) use keys::{Change, StoredKey};
pub use link::Store;
pub(crate) use link::Supervisor;
pub(crate) use settlement::{Debt, Period, Stamp, TurnDebt};
pub(crate) use turns::TurnReply;

/// How long a command may be without its answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Why Redis did not do what was asked. The store's fault; worth asking again a little later.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was done, or nothing that may not be done again.
    #[error("Redis is unreachable")]
    Down,
    /// It was sent; whether it was done is unknown.
    #[error("Redis did not answer: {0}")]
    Unanswered(redis::RedisError),
    #[error("Redis refused {command}: {error}")]
    Refused {
        command: &'static str,
        error: String,
    },
    #[error("Redis answered {command} in a form that is not the module's")]
    Form { command: &'static str },
    #[error(
        "this Redis has not loaded Weir's module: start it with `loadmodule /path/to/libweir.so`"
    )]
    NoModule,
    #[error("{0}")]
    Url(String),
}

impl Store {
    /// Sends the commands in one write and returns a reply for each, errors among them.
    async fn ask(&self, pipeline: &Pipeline) -> Result<Vec<Value>, StoreError> {
        if pipeline.is_empty() {
            return Ok(Vec::new());
        }
        let mut link = self.link()?;
        let replies = link
            .connection
            .send_packed_commands(pipeline, 0, pipeline.len())
            .await;
        let replies = replies.map_err(|error| self.unanswered(&link, error))?;
        if replies.iter().any(is_away) {
            self.condemn(&link);
        }
        Ok(replies)
    }

    async fn ask_one(&self, command: &Cmd) -> Result<Value, StoreError> {
        let mut link = self.link()?;
        let reply = link.connection.send_packed_command(command).await;
        let reply = reply.map_err(|error| self.unanswered(&link, error))?;
        if is_away(&reply) {
            self.condemn(&link);
        }
        Ok(reply)
    }
}

/// A server that is there but serves no writes now: it is loading, or another one is the master.
fn is_away(reply: &Value) -> bool {
    match reply {
        Value::ServerError(error) => matches!(
            error.code(),
            "READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN"
        ),
        _ => false,
    }
}

/// The elements of an array reply as numbers, an error reply as an error.
fn numbers<const N: usize>(command: &'static str, reply: &Value) -> Result<[i64; N], StoreError> {
    match reply {
        Value::Array(elements) => {
            let mut numbers = [0; N];
            if elements.len() < N {
                return Err(StoreError::Form { command });
            }
            for (number, element) in numbers.iter_mut().zip(elements) {
                let Value::Int(value) = element else {
                    return Err(StoreError::Form { command });
                };
                *number = *value;
            }
            Ok(numbers)
        }
        other => Err(not_an_array(command, other)),
    }
}

fn not_an_array(command: &'static str, reply: &Value) -> StoreError {
    match reply {
        Value::ServerError(error) => StoreError::Refused {
            command,
            error: error.to_string(),
        },
        _ => StoreError::Form { command },
    }
}
