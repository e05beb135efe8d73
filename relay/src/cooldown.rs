//! Cooldowns: an account that refuses rests, as a whole or for one model, as long as the upstream says; where it says
//! nothing, for a short time that grows from refusal to refusal, after which one request goes first. Pure.

#[cfg(test)]
mod acts;
mod cause;
mod reset;
mod rests;
mod told;
mod written;

pub(crate) use self::{
    cause::{Cause, Scope},
    reset::stated,
    rests::{Basis, Rest, Rests, State},
    told::Told,
    written::{field, of_field},
};
