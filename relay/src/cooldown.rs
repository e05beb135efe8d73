//! Cooldowns: an account that refuses rests, as a whole or for one model, as long as the upstream says; where it says
//! nothing, for a short time that grows from refusal to refusal, after which one request goes first. One that has nothing
//! left, by its own account, is passed over. Pure.

#[cfg(test)]
mod acts;
mod cause;
mod reset;
mod rest;
mod rests;
mod told;
mod window;
mod written;

pub(crate) use self::{
    cause::{Cause, Scope},
    reset::{stated, used_up},
    rest::{Basis, Rest},
    rests::{Rests, State},
    told::Told,
    written::{field, of_field},
};
