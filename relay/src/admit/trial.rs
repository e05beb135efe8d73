//! The first request to an account whose guessed rest has ended goes alone, whichever relay it came to. Only then does an
//! admission ask Redis a second time.

use std::sync::Arc;

use super::Admitted;
use crate::{
    app::App,
    call::Call,
    cooldown::{Scope, State, field},
    gate::Gate,
    permit::Permit,
    resting::Heard,
    store::{StoreError, Tried, ask_trial, names},
    time::UnixMillis,
};

/// How the account is that a request was admitted to: on trial only where the request has the trial.
pub(super) async fn enter(
    app: &App,
    call: &Call,
    admitted: &mut Admitted,
    permit: &mut Permit,
) -> State {
    let upstream = Arc::clone(&admitted.upstream);
    let account = &*upstream.account.id;
    let state = app.resting.enter(account, call.model(), UnixMillis::now());
    let State::OnTrial(scope) = state else {
        return state;
    };
    let model = call.model().filter(|_| scope == Scope::Model);
    let field = field(account, model);
    let gate = Arc::new(Gate::new(names::trial_gate(&field), 1));
    let Ok(tried) = ask(app, &field, &gate, permit).await else {
        // Somebody else may have it. What was asked for is given back with what is asked for next.
        permit.outdated();
        return app.resting.state(account, call.model(), UnixMillis::now());
    };
    let now = UnixMillis::now();
    let heard = app
        .resting
        .heard((account, model), tried.written.as_deref(), now);
    match (tried.is_granted, heard) {
        (true, Heard::IsOnTrial) => {
            admitted.trial = Some(gate);
            state
        }
        (true, Heard::IsWell | Heard::Rests) => {
            permit.give_back(&gate);
            app.resting.state(account, call.model(), now)
        }
        (false, _) => app.resting.state(account, call.model(), now),
    }
}

async fn ask(
    app: &App,
    field: &str,
    gate: &Arc<Gate>,
    permit: &mut Permit,
) -> Result<Tried, StoreError> {
    permit.ask([Arc::clone(gate)]);
    let connection = app.store.connection()?;
    let tried = ask_trial(&connection, gate, permit.id(), app.lease, field).await?;
    permit.granted(tried.is_granted.then(|| Arc::clone(gate)));
    Ok(tried)
}
