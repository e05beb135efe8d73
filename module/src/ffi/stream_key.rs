//! A key that holds a STREAM or nothing. The server gives an entry its id: the time, or the one after the last.

use std::ffi::{c_int, c_long, c_longlong};
use std::ops::Deref;

use redis_module::{RedisString, raw};

use super::key::{Access, Key, Kind};
use super::{Ctx, api};
use crate::error::{Error, Escaped};
use crate::{events, replicate};

#[derive(Debug)]
pub(crate) struct StreamKey<'a>(Key<'a>);

impl<'a> Deref for StreamKey<'a> {
    type Target = Key<'a>;

    fn deref(&self) -> &Key<'a> {
        &self.0
    }
}

impl<'a> StreamKey<'a> {
    pub(crate) fn open(ctx: Ctx, name: &'a RedisString, access: Access) -> Result<Self, Error> {
        Key::open(ctx, name, access, Kind::Stream).map(Self)
    }

    /// `XADD key * field value [field value …]`. `Err`: the last id is the last that there can be; nothing was done.
    /// `words` are fields, each with its value behind it.
    pub(crate) fn append<'w>(
        &self,
        words: impl ExactSizeIterator<Item = &'w RedisString>,
    ) -> Result<(), Error> {
        let mut words: Vec<_> = words.map(|word| word.inner).collect();
        let mut id = raw::RedisModuleStreamID { ms: 0, seq: 0 };
        // SAFETY: the key is open for writing and holds a stream or nothing; there are two words per field, each a live
        // string, of which the server keeps copies.
        let added = unsafe {
            api!(RedisModule_StreamAdd)(
                self.raw,
                raw::REDISMODULE_STREAM_ADD_AUTOID as c_int,
                &raw mut id,
                words.as_mut_ptr(),
                (words.len() / 2) as c_long,
            )
        };
        if added != raw::REDISMODULE_OK as c_int {
            return Err(Error::LastId(Escaped::new(self.name.as_slice())));
        }
        replicate::xadd(self.ctx, self.name, &id, &mut words);
        events::core(self.ctx, events::Class::Stream, c"xadd", self.name);
        self.touched();
        Ok(())
    }

    /// `XTRIM key MAXLEN ~ most`, which replicas are told as the length that is left: their streams may be cut elsewhere.
    pub(crate) fn trim(&self, most: i64) {
        // The server would look for the first entry to find that out.
        if i64::try_from(self.len()).is_ok_and(|len| len <= most) {
            return;
        }
        // SAFETY: the key is open for writing and holds a stream, to which `append` has just added.
        let removed = unsafe {
            api!(RedisModule_StreamTrimByLength)(
                self.raw,
                raw::REDISMODULE_STREAM_TRIM_APPROX as c_int,
                most as c_longlong,
            )
        };
        if removed > 0 {
            replicate::xtrim(self.ctx, self.name, self.len());
            events::core(self.ctx, events::Class::Stream, c"xtrim", self.name);
            self.touched();
        }
    }
}
