//! What follows when an account did not serve a request. It rests; and as long as nothing of an answer has gone to the
//! caller, another one is asked, within bounds. Where nobody serves, the caller gets the last upstream's answer as it is.

use tokio::time::Instant;

use crate::{
    admit::Admitted,
    app::App,
    attempts::Attempts,
    call::Call,
    error::Error,
    forward::{Heard, Sent, UpstreamError},
    permit::Permit,
    route::{Act, Work},
    time::UnixMillis,
};

/// A request's way from account to account.
#[derive(Debug)]
pub(crate) struct Failover {
    pub(crate) attempts: Attempts,
    began: Instant,
    /// The last answer that did not serve, and who gave it.
    last: Option<(Admitted, Heard)>,
    /// Why there was none, the last time that there was none.
    error: Option<UpstreamError>,
}

/// What to do next.
pub(crate) enum Next {
    /// Give the caller this answer.
    Answer(Admitted, Heard),
    /// There is none to give.
    Fail(UpstreamError),
    TryAnother,
}

impl Failover {
    pub(crate) fn new(app: &App) -> Self {
        app.budget.earn();
        Self {
            attempts: Attempts::default(),
            began: Instant::now(),
            last: None,
            error: None,
        }
    }

    pub(crate) fn weigh(
        &mut self,
        app: &App,
        call: &Call,
        mut admitted: Admitted,
        sent: Sent,
        permit: &mut Permit,
    ) -> Next {
        let trial = admitted.trial.take();
        let next = self.judge(app, call, admitted, sent, permit);
        // After what came of it: whoever tries next is to know that.
        if let Some(gate) = trial.filter(|gate| permit.part_with(gate)) {
            app.resting.tried(gate, permit.id());
        }
        next
    }

    fn judge(
        &mut self,
        app: &App,
        call: &Call,
        admitted: Admitted,
        sent: Sent,
        permit: &mut Permit,
    ) -> Next {
        let (account, now) = (&admitted.upstream.account, UnixMillis::now());
        if let (Err(_), None) = (&sent.came, sent.fault) {
            return self.pass_over(app, call, admitted, sent, permit);
        }
        let Some(fault) = sent.fault else {
            app.resting.succeeded(&account.id, call.model(), now);
            let heard = sent.came.as_ref().ok().filter(|heard| heard.is_success());
            let used_up = heard.and_then(|heard| heard.used_up(now));
            if let (Some(model), Some(span)) = (call.model(), used_up) {
                app.resting.foreseen(&account.id, model, span, now);
            }
            if let Some(chain) = call.chain.as_ref().filter(|_| heard.is_some()) {
                app.store
                    .remember(&call.caller.group.affinity, chain, &account.gate);
            }
            if call.work == Work::Stored(Act::Delete) && heard.is_some() {
                let deleted = call.pins.marks();
                app.store.unpin(&call.caller.key.id, &deleted);
            }
            return self.end(admitted, sent);
        };
        let resting = &app.resting;
        if resting.refused(account, call.model(), fault.cause, fault.stated, now) {
            app.meters.rests(&account.id, fault.cause);
        }
        self.attempts.failed(admitted.place);
        permit.note(|record| record.failed(&account.id, fault.cause));
        if !self.may_go_on(app, call, now) {
            return self.end(admitted, sent);
        }
        permit.give_back(&account.gate);
        match sent.came {
            Ok(heard) => self.last = Some((admitted, heard)),
            Err(error) => self.error = Some(error),
        }
        Next::TryAnother
    }

    /// The account has no words for what was asked. Another one may, and nothing speaks against this one.
    fn pass_over(
        &mut self,
        app: &App,
        call: &Call,
        admitted: Admitted,
        sent: Sent,
        permit: &mut Permit,
    ) -> Next {
        self.attempts.failed(admitted.place);
        match sent.came {
            Err(error) if self.may_go_on(app, call, UnixMillis::now()) => {
                permit.give_back(&admitted.upstream.account.gate);
                self.error = Some(error);
                Next::TryAnother
            }
            _ => self.end(admitted, sent),
        }
    }

    /// What to answer where no further account could be had, because of `error`.
    pub(crate) fn last_answer(self, error: Error) -> Result<(Admitted, Heard), Error> {
        self.last
            .ok_or_else(|| self.error.map_or(error, Error::from))
    }

    fn may_go_on(&self, app: &App, call: &Call, now: UnixMillis) -> bool {
        let bounds = app.settings().failover;
        let others = || call.eligible(app, &self.attempts, now).is_ok();
        let in_bounds =
            self.attempts.are_within(bounds.max_attempts) && self.began.elapsed() <= bounds.within;
        call.may_move() && in_bounds && others() && app.budget.spend()
    }

    fn end(&mut self, admitted: Admitted, sent: Sent) -> Next {
        match (sent.came, self.last.take()) {
            (Ok(heard), _) => Next::Answer(admitted, heard),
            (Err(_), Some((admitted, heard))) => Next::Answer(admitted, heard),
            (Err(error), None) => Next::Fail(error),
        }
    }
}
