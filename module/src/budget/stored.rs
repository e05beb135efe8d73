//! HASH ↔ budget. Field `spent` is what was booked, `reserved` the sums of the live reservations, and a member's record
//! stands under `@<member>`. Whatever it holds is read as of now and checked: anybody may have written it. Records that
//! are over are as good as gone; new ones sweep some of them.

use redis_module::RedisString;
use xxhash_rust::xxh3::xxh3_64;

use super::ledger::{Ledger, key_end};
use super::record::{Record, Reservation};
use super::sums::FURTHEST;
use crate::args::Word;
use crate::call::Call;
use crate::error::Error;
use crate::ffi::hash_key::HashKey;
use crate::ffi::key::Access;
use crate::ffi::string;
use crate::stats;
use crate::time::UnixMillis;

const SPENT: &[u8] = b"spent";
const RESERVED: &[u8] = b"reserved";
/// Before the name of a member, so that none is called as one of the others.
const MEMBER: u8 = b'@';
/// One new record in so many brings a sweep …
const EVERY: u64 = 16;
/// … which looks at so many, wherever in the hash they stand: so about a third of the records may be over.
const SWEPT: usize = 48;

#[derive(Debug)]
pub(super) struct Stored<'a> {
    call: &'a Call<'a>,
    key: HashKey<'a>,
    spent: RedisString,
    reserved: RedisString,
    pub(super) ledger: Ledger,
}

/// What was spent, and until when it is known that it was booked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settlement {
    pub(super) actual: u64,
    pub(super) remembered: UnixMillis,
}

/// The field of a member's record.
#[derive(Debug)]
pub(super) struct Field(RedisString);

impl Field {
    pub(super) fn of(member: Word<'_>) -> Self {
        let mut name = Vec::with_capacity(1 + member.bytes.len());
        name.push(MEMBER);
        name.extend_from_slice(member.bytes);
        Self(string(&name))
    }
}

impl<'a> Stored<'a> {
    pub(super) fn open(
        call: &'a Call<'a>,
        name: &'a RedisString,
        access: Access,
    ) -> Result<Self, Error> {
        let key = HashKey::open(call.ctx, name, access)?;
        let (spent, reserved) = (string(SPENT), string(RESERVED));
        let ledger = if key.is_missing() {
            Ledger::default()
        } else {
            let booked = key.get_named(&spent).ok_or(Error::WrongType)?;
            let sums = key.get_named(&reserved);
            let sums = sums.as_ref().map_or(&[][..], RedisString::as_slice);
            Ledger::parse(booked.as_slice(), sums, call.now()).ok_or(Error::WrongType)?
        };
        Ok(Self {
            call,
            key,
            spent,
            reserved,
            ledger,
        })
    }

    /// `None`: there is none. One that is over may be there still.
    pub(super) fn record(&self, field: &Field) -> Result<Option<Record>, Error> {
        let Some(text) = self.key.get_named(&field.0) else {
            return Ok(None);
        };
        let record = Record::parse(text.as_slice(), self.call.now());
        record.map(Some).ok_or(Error::WrongType)
    }

    /// Puts a reservation in the place of the record that was there.
    pub(super) fn reserve(
        &mut self,
        field: &Field,
        before: Option<Record>,
        new: Reservation,
        until: Option<UnixMillis>,
    ) {
        let is_new = self.key.is_missing();
        self.ledger.reserve(before, new);
        let mut pairs = vec![
            (&self.reserved, string(&self.ledger.reserved.write())),
            (&field.0, string(&new.write())),
        ];
        if is_new {
            pairs.push((&self.spent, decimal(self.ledger.spent)));
        }
        self.write(&pairs, new.end, until);
        self.sweep_beside(field, before);
    }

    /// Gives members, each with the reservation that it has, others in their place.
    pub(super) fn renew(&mut self, renewals: &[(Field, Reservation, Reservation)]) {
        let mut pairs = Vec::with_capacity(1 + renewals.len());
        for (field, held, new) in renewals {
            self.ledger.reserve(Some(Record::Reserved(*held)), *new);
            pairs.push((&field.0, string(&new.write())));
        }
        pairs.push((&self.reserved, string(&self.ledger.reserved.write())));
        let ends = renewals.iter().map(|(_, _, new)| new.end);
        if let Some(end) = ends.max() {
            self.write(&pairs, end, None);
        }
    }

    /// Books what was spent, and remembers that it was. Replies whether it had been reserved.
    pub(super) fn settle(
        &mut self,
        field: &Field,
        before: Option<Record>,
        settlement: Settlement,
        until: Option<UnixMillis>,
    ) -> bool {
        let was_reserved = self.ledger.release(before);
        self.ledger.book(settlement.actual);
        let remembered = settlement.remembered;
        let mut pairs = vec![
            (&self.spent, decimal(self.ledger.spent)),
            (&field.0, decimal(remembered.get())),
        ];
        if was_reserved {
            pairs.push((&self.reserved, string(&self.ledger.reserved.write())));
        }
        self.write(&pairs, remembered, until);
        self.sweep_beside(field, before);
        was_reserved
    }

    /// Sees that the key outlives what ends then, and counts until it must.
    fn write(
        &self,
        pairs: &[(&RedisString, RedisString)],
        end: UnixMillis,
        until: Option<UnixMillis>,
    ) {
        let (now, is_new) = (self.call.now(), self.key.is_missing());
        self.key.set_all(pairs);
        let set_to = self.key.expires_at();
        // Of a key that others have given no end, nobody knows when its last record is over.
        let unknown = !is_new && set_to.is_none();
        let latest = unknown.then(|| now.plus(FURTHEST));
        if let Some(at) = key_end(set_to, until, end, now, latest) {
            self.key.expire_at(at);
        }
    }

    /// Removes some of the records that are over, at times. Whether and from where on is drawn from the name of a member
    /// that had no record before.
    fn sweep_beside(&self, field: &Field, before: Option<Record>) {
        let draw = xxh3_64(field.0.as_slice());
        if before.is_none() && draw.is_multiple_of(EVERY) {
            self.sweep(draw / EVERY);
        }
    }

    fn sweep(&self, from: u64) {
        let Ok((_, looked_at)) = self.key.scan(from, SWEPT) else {
            return;
        };
        let now = self.call.now();
        let is_over = |text: &[u8]| Record::parse(text, now) == Some(Record::Over);
        let over = looked_at.iter();
        let over = over.filter(|(field, text)| field.first() == Some(&MEMBER) && is_over(text));
        let over: Vec<&[u8]> = over.map(|(field, _)| field.as_slice()).collect();
        self.key.remove(&over);
        stats::BUDGET_ENDED.add_many(over.len());
    }
}

fn decimal(value: i64) -> RedisString {
    string(itoa::Buffer::new().format(value).as_bytes())
}
