//! Several rates at once, for a command of another family: all are charged or none.

use redis_module::RedisString;

use super::bucket::{Charge, Room};
use super::stored::Stored;
use crate::call::Call;
use crate::error::Error;
use crate::ffi::key::Access;
use crate::ffi::{context, string};

/// The first of them that cannot be taken now, and when it could. All are looked at: a key that holds something else
/// is an error before anything is charged.
pub(crate) fn refused(call: &Call<'_>, charges: &[Charge]) -> Result<Option<(usize, Room)>, Error> {
    let mut refused = None;
    for (index, charge) in charges.iter().enumerate() {
        let key = string(&charge.key);
        let room = open(call, charge, &key)?.room(charge.cost);
        if room != Room::Now && refused.is_none() {
            refused = Some((index, room));
        }
    }
    Ok(refused)
}

/// Charges all, after none was refused.
pub(crate) fn take(call: &Call<'_>, charges: &[Charge]) {
    for charge in charges {
        let key = string(&charge.key);
        if let Ok(mut bucket) = open(call, charge, &key) {
            bucket.charge(charge.cost);
        }
    }
}

/// Gives all back, in the databases where they were taken, as far as this server may write there.
pub(crate) fn give(call: &Call<'_>, charges: &[Charge]) {
    for charge in charges {
        context::select(call.ctx, charge.db);
        let key = string(&charge.key);
        if !context::serves(call.ctx, &key) {
            continue;
        }
        if let Ok(mut bucket) = open(call, charge, &key) {
            bucket.give(charge.cost);
        }
    }
}

fn open<'a>(call: &Call<'_>, charge: &Charge, key: &'a RedisString) -> Result<Stored<'a>, Error> {
    Stored::open(call, key, charge.rate, Access::Write)
}
