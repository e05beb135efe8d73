//! A key that holds a HASH or nothing. Fields and values are any bytes.

use std::ops::Deref;

use redis_module::{
    CallOptionResp, CallOptionsBuilder, CallReply, CallResult, Context, RedisString, RedisValue,
    raw,
};

use super::key::{Access, Key, Kind};
use super::{Ctx, api, string};
use crate::error::Error;
use crate::{events, replicate};

#[derive(Debug)]
pub(crate) struct HashKey<'a>(Key<'a>);

impl<'a> Deref for HashKey<'a> {
    type Target = Key<'a>;

    fn deref(&self) -> &Key<'a> {
        &self.0
    }
}

impl<'a> HashKey<'a> {
    pub(crate) fn open(ctx: Ctx, name: &'a RedisString, access: Access) -> Result<Self, Error> {
        Key::open(ctx, name, access, Kind::Hash).map(Self)
    }

    pub(crate) fn get(&self, field: &[u8]) -> Option<RedisString> {
        self.get_named(&string(field))
    }

    /// As `get`, of a field that is a string of the server's already.
    pub(crate) fn get_named(&self, field: &RedisString) -> Option<RedisString> {
        if self.is_missing() {
            return None;
        }
        self.value(field)
    }

    /// The last of these fields that is there: its position and its value.
    pub(crate) fn rfind<const N: usize>(&self, fields: &[[u8; N]]) -> Option<(usize, RedisString)> {
        if self.is_missing() {
            return None;
        }
        let mut name = Name::<N>::new();
        fields.iter().enumerate().rev().find_map(|(at, field)| {
            name.write(field);
            Some((at, self.value(&name.0)?))
        })
    }

    /// The key is not missing.
    fn value(&self, field: &RedisString) -> Option<RedisString> {
        let mut value: *mut raw::RedisModuleString = std::ptr::null_mut();
        // SAFETY: the key holds a hash; the list of pairs ends with a null; the value is ours to free.
        unsafe {
            api!(RedisModule_HashGet)(
                self.raw,
                raw::REDISMODULE_HASH_NONE as i32,
                field.inner,
                &raw mut value,
                NO_MORE,
            );
        }
        (!value.is_null()).then(|| RedisString::from_redis_module_string(self.ctx, value))
    }

    /// `HSET key field value`
    pub(crate) fn set(&self, field: &[u8], value: &[u8]) {
        let (field, value) = (string(field), string(value));
        self.write(&field, &value);
        replicate::hset(self.ctx, self.name, &field, &value);
        self.written();
    }

    /// `HSET key field value [field value …]`
    pub(crate) fn set_all(&self, pairs: &[(&RedisString, RedisString)]) {
        for (field, value) in pairs {
            self.write(field, value);
        }
        let words = pairs.iter();
        let mut words: Vec<_> = words
            .flat_map(|(field, value)| [field.inner, value.inner])
            .collect();
        replicate::hset_all(self.ctx, self.name, &mut words);
        self.written();
    }

    fn write(&self, field: &RedisString, value: &RedisString) {
        // SAFETY: the key is open for writing and holds a hash or nothing; the list of pairs ends with a null.
        unsafe {
            api!(RedisModule_HashSet)(
                self.raw,
                raw::REDISMODULE_HASH_NONE as i32,
                field.inner,
                value.inner,
                NO_MORE,
            );
        }
    }

    fn written(&self) {
        events::core(self.ctx, events::Class::Hash, c"hset", self.name);
        self.touched();
    }

    /// `HDEL key field [field …]`, of those that are there.
    pub(crate) fn remove(&self, fields: &[&[u8]]) {
        if self.is_missing() {
            return;
        }
        let fields: Vec<RedisString> = fields.iter().map(|field| string(field)).collect();
        let mut removed: Vec<_> = fields
            .iter()
            .filter(|field| self.remove_one(field))
            .map(|field| field.inner)
            .collect();
        if !removed.is_empty() {
            replicate::hdel(self.ctx, self.name, &mut removed);
            events::core(self.ctx, events::Class::Hash, c"hdel", self.name);
            self.touched();
        }
    }

    fn remove_one(&self, field: &RedisString) -> bool {
        // SAFETY: as in `write`; the value that stands for removal is a constant of the API, never followed.
        let changed = unsafe {
            api!(RedisModule_HashSet)(
                self.raw,
                raw::REDISMODULE_HASH_NONE as i32,
                field.inner,
                DELETE,
                NO_MORE,
            )
        };
        changed == 1
    }

    /// At most `most` fields with their values, drawn at random; one may come twice.
    pub(crate) fn sample(&self, most: usize) -> Vec<Pair> {
        let count = format!("-{most}");
        let words = [self.name.as_slice(), count.as_bytes(), b"WITHVALUES"];
        let Ok(RedisValue::Array(flat)) = Context::new(self.ctx).call("HRANDFIELD", &words) else {
            return Vec::new();
        };
        pairs(&flat)
    }

    /// About `count` fields with their values, from where a walk stands, and where it goes on; 0 is its begin and its end.
    pub(crate) fn scan(&self, cursor: u64, count: usize) -> Result<(u64, Vec<Pair>), Error> {
        let (cursor, count) = (cursor.to_string(), count.to_string());
        let key = self.name.as_slice();
        let words = [key, cursor.as_bytes(), b"COUNT", count.as_bytes()];
        let options = CallOptionsBuilder::new()
            .errors_as_replies()
            .resp(CallOptionResp::Resp2)
            .build();
        let reply: CallResult<'_> = Context::new(self.ctx).call_ext("HSCAN", &options, &words);
        let reply = reply.map_err(|error| {
            Error::Server(String::from_utf8_lossy(error.as_bytes()).into_owned())
        })?;
        let CallReply::Array(parts) = &reply else {
            return Err(Error::Internal);
        };
        let (Some(Ok(CallReply::String(next))), Some(Ok(CallReply::Array(flat)))) =
            (parts.get(0), parts.get(1))
        else {
            return Err(Error::Internal);
        };
        let next = next.to_string().and_then(|next| next.parse().ok());
        // Made of the reply itself: the crate's values would look for UTF-8 in each word of it.
        let mut words = flat.iter().map_while(|word| match word {
            Ok(CallReply::String(word)) => Some(word.as_bytes().to_vec()),
            Ok(_) | Err(_) => None,
        });
        let pairs = std::iter::from_fn(|| Some((words.next()?, words.next()?)));
        Ok((next.ok_or(Error::Internal)?, pairs.collect()))
    }

    /// Its size in memory, estimated from a few entries.
    pub(crate) fn memory(&self) -> i64 {
        let words: [&[u8]; 2] = [b"USAGE", self.name.as_slice()];
        match Context::new(self.ctx).call("MEMORY", &words) {
            Ok(RedisValue::Integer(bytes)) => bytes,
            _ => 0,
        }
    }
}

/// The name of a field to look up, written over for the next one: making a string of the server's costs as much
/// as the look-up.
struct Name<const N: usize>(RedisString);

impl<const N: usize> Name<N> {
    fn new() -> Self {
        Self(string(&[0; N]))
    }

    fn write(&mut self, field: &[u8; N]) {
        let mut len = 0;
        // SAFETY: the string is ours alone, since a look-up keeps no reference to it; it is `N` bytes long.
        unsafe {
            let start = api!(RedisModule_StringPtrLen)(self.0.inner, &raw mut len);
            debug_assert_eq!(len, N);
            std::ptr::copy_nonoverlapping(field.as_ptr(), start.cast_mut().cast::<u8>(), N);
        }
    }
}

const NO_MORE: *mut raw::RedisModuleString = std::ptr::null_mut();
/// `REDISMODULE_HASH_DELETE`, a cast that the bindings leave out.
const DELETE: *mut raw::RedisModuleString = std::ptr::without_provenance_mut(1);

/// A field and its value.
type Pair = (Vec<u8>, Vec<u8>);

fn pairs(flat: &[RedisValue]) -> Vec<Pair> {
    flat.chunks_exact(2)
        .filter_map(|pair| Some((bytes(&pair[0])?, bytes(&pair[1])?)))
        .collect()
}

fn bytes(value: &RedisValue) -> Option<Vec<u8>> {
    match value {
        RedisValue::StringBuffer(bytes) => Some(bytes.clone()),
        RedisValue::SimpleString(text) | RedisValue::BulkString(text) => {
            Some(text.clone().into_bytes())
        }
        RedisValue::BulkRedisString(text) => Some(text.as_slice().to_vec()),
        _ => None,
    }
}
