//! Everything that is needed before an account may see a request: a slot of it, its turn, and what its rates ask for. Where
//! the turn is long in coming and another account could take the message now, that one does; and where a rate is used up, or
//! the account is closed meanwhile.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::{
    admit::{Admitted, Refused, admit, admit_at_once},
    app::App,
    attempts::Attempts,
    books::Expected,
    call::Call,
    charge::{Short, charge},
    choice::Reason,
    error::Error,
    gate::Turn,
    intend,
    meanwhile::catch_up,
    permit::Permit,
    read::Asked,
    settle::{Record, Waited},
    store::Saying,
    time::UnixMillis,
    turn::{Taken, take_turn, wants_turn},
};

/// By then Redis has said whether the turn is free.
const ANSWERED_WITHIN: Duration = Duration::from_millis(100);

/// Who wants to enter where.
struct Entry<'a> {
    app: &'a App,
    call: &'a Call,
    asked: &'a Asked,
    /// The accounts that have had the request already.
    attempts: &'a Attempts,
}

pub(crate) async fn enter(
    app: &App,
    call: &mut Call,
    (asked, expected): (&Asked, &Expected),
    attempts: &Attempts,
    permit: &mut Permit,
) -> Result<Admitted, Error> {
    let mut attempts = attempts.clone();
    let mut short: Option<Short> = None;
    loop {
        let held = hold(app, call, (asked, expected), &attempts, permit).await;
        let (admitted, waited, saying) = match held {
            Ok(held) => held,
            Err(error) => return Err(or_short(error, short)),
        };
        let charged = charge(app, call, asked, &admitted, permit).await;
        let Some(found) = charged.map_err(Refused::Store)? else {
            let called = call.renamed(&asked.facts, &admitted.upstream.account);
            let estimate = saying.intent.estimate;
            let record = permit.record(|| Record::new(call, &asked.facts, estimate));
            record.goes_to(&admitted, called, waited);
            return Ok(admitted);
        };
        short = Some(found.or(short));
        attempts.failed(admitted.place);
        leave(&admitted, permit);
    }
}

/// Another account is to have it.
fn leave(admitted: &Admitted, permit: &mut Permit) {
    permit.release_turn();
    admitted.slots().for_each(|gate| permit.give_back(gate));
}

/// Where no account is left, those that had too little are why.
fn or_short(error: Error, short: Option<Short>) -> Error {
    match (error, short) {
        (Error::Refused(Refused::NoModel | Refused::AccountsRest { .. }), Some(short)) => {
            Refused::from(short).into()
        }
        (error, _) => error,
    }
}

/// A slot and the turn, how long they were waited for, and what was said of that.
async fn hold(
    app: &App,
    call: &mut Call,
    (asked, expected): (&Asked, &Expected),
    attempts: &Attempts,
    permit: &mut Permit,
) -> Result<(Admitted, Waited, Saying), Error> {
    let began = Instant::now();
    loop {
        catch_up(app, call, asked, attempts).await?;
        let mut saying = intend::saying(call, asked, expected, permit.purses());
        let by_admission = (&saying, intend::when_admitted(call, asked));
        let admitted = admit(app, call, attempts, by_admission, permit).await?;
        let Some(admitted) = admitted else {
            continue;
        };
        let queued = began.elapsed();
        let entry = Entry {
            app,
            call,
            asked,
            attempts,
        };
        let Some(mut admitted) = entry.take_turn(admitted, &mut saying, permit).await? else {
            continue;
        };
        admitted.upstream = app.roster.newest(admitted.upstream);
        app.store.say(&saying).await.map_err(Refused::Store)?;
        let waited = Waited {
            queued,
            turn: began.elapsed() - queued,
        };
        return Ok((admitted, waited, saying));
    }
}

impl Entry<'_> {
    /// The turn of the account that the request was admitted to, or of another one. None: the account was closed, and
    /// nothing of it is held any more.
    async fn take_turn(
        &self,
        admitted: Admitted,
        saying: &mut Saying,
        permit: &mut Permit,
    ) -> Result<Option<Admitted>, Error> {
        let others = self.others(&admitted);
        if others.is_empty() {
            return self.stay(admitted, saying, permit).await;
        }
        let (app, call, facts) = (self.app, self.call, &self.asked.facts);
        let account = &admitted.upstream.account;
        saying.goes_to(&account.id, UnixMillis::now());
        let taking = take_turn(app, call, facts, account, saying, permit);
        let patience = app.settings().affinity_patience;
        let refusal = match timeout(patience.max(ANSWERED_WITHIN), taking).await {
            Ok(Ok(taken)) => return Ok(self.entered(admitted, taken, permit)),
            Ok(Err(refusal)) if refusal.is_busy() => Some(refusal),
            Ok(Err(error)) => return Err(error.into()),
            // It stands in line, and keeps its place there when it asks again.
            Err(_) => None,
        };
        let other = self.elsewhere(&others, permit).await?;
        let admitted = match (other, refusal) {
            (Some(other), _) => {
                leave(&admitted, permit);
                other
            }
            (None, Some(refusal)) => return Err(refusal.into()),
            (None, None) => admitted,
        };
        self.stay(admitted, saying, permit).await
    }

    /// The turn of this account, whoever else might serve.
    async fn stay(
        &self,
        admitted: Admitted,
        saying: &mut Saying,
        permit: &mut Permit,
    ) -> Result<Option<Admitted>, Error> {
        let account = &admitted.upstream.account;
        saying.goes_to(&account.id, UnixMillis::now());
        let facts = &self.asked.facts;
        let taken = take_turn(self.app, self.call, facts, account, saying, permit).await?;
        Ok(self.entered(admitted, taken, permit))
    }

    fn entered(&self, admitted: Admitted, taken: Taken, permit: &mut Permit) -> Option<Admitted> {
        match taken {
            Taken::Done => Some(admitted),
            Taken::Closed => {
                // It may be open again when the request asks again.
                permit.give_back_first(admitted.slots(), &self.app.store);
                None
            }
        }
    }

    /// The places of the accounts that may serve as well; none where no turn is to be waited for.
    fn others(&self, admitted: &Admitted) -> Vec<usize> {
        let has_turn = admitted.upstream.account.turn.is_some();
        if !has_turn || !wants_turn(self.call, &self.asked.facts) || !self.call.may_move() {
            return Vec::new();
        }
        let now = UnixMillis::now();
        let others = self.call.eligible(self.app, self.attempts, now);
        let mut others = others.unwrap_or_default();
        others.retain(|place| *place != admitted.place);
        others
    }

    /// One of these that has room and whose turn is free, looked for once. The place in line is kept until it is found.
    async fn elsewhere(
        &self,
        others: &[usize],
        permit: &mut Permit,
    ) -> Result<Option<Admitted>, Refused> {
        let upstreams = &self.call.caller.group.upstreams;
        let turn = |place: &usize| upstreams[*place].account.turn.as_deref();
        let turns: Vec<&Turn> = others.iter().filter_map(turn).collect();
        let free = self.app.store.free_turns(&turns).await;
        let mut free = free
            .inspect_err(|error| tracing::debug!(%error, "turns were not looked at"))
            .unwrap_or_default()
            .into_iter();
        let is_free = |place: &usize| turn(place).is_none() || free.next() == Some(true);
        let places: Vec<usize> = others.iter().copied().filter(is_free).collect();
        if places.is_empty() {
            return Ok(None);
        }
        let admitted = admit_at_once(self.app, self.call, &places, self.attempts, permit).await?;
        Ok(admitted.map(|admitted| Admitted {
            reason: Reason::Spilled,
            ..admitted
        }))
    }
}
