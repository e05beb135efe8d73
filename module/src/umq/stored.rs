//! STRING ↔ turn. Whatever the key holds is read as of now and checked each time: anybody may have written it.

use redis_module::RedisString;

use super::turn::Turn;
use crate::call::Call;
use crate::error::Error;
use crate::ffi::key::Access;
use crate::ffi::string_key::StringKey;
use crate::time::UnixMillis;

#[derive(Debug)]
pub(super) struct Stored<'a> {
    key: StringKey<'a>,
    text: Vec<u8>,
    now: UnixMillis,
}

impl<'a> Stored<'a> {
    pub(super) fn open(
        call: &Call<'_>,
        name: &'a RedisString,
        access: Access,
    ) -> Result<Self, Error> {
        let key = StringKey::open(call.ctx, name, access)?;
        let text = key.read();
        Ok(Self {
            key,
            text,
            now: call.now(),
        })
    }

    pub(super) fn turn(&self) -> Result<Turn<'_>, Error> {
        if self.key.is_missing() {
            return Ok(Turn::UNUSED);
        }
        Turn::parse(&self.text, self.now).ok_or(Error::WrongType)
    }

    /// Writes the turn, or removes one that says nothing. Unchanged text and time are not written again.
    pub(super) fn save(&self, turn: &Turn<'_>) {
        let Some(at) = turn.forget_at(self.now) else {
            self.key.delete();
            return;
        };
        let text = turn.write();
        if text != self.text {
            self.key.set(&text, at);
        }
    }
}
