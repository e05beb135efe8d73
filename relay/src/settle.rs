//! The last step, once per request: what it held is given back, what it used is booked, its record is written. One task
//! does it for all requests, as many at once as have come together, and again until Redis has answered.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use hyper::header::HeaderValue;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep_until},
};

use crate::{
    admit::Admitted,
    allowance::Spent,
    books::{Answered, Bill, Books, Tells},
    call::Call,
    choice::Reason,
    cooldown::Cause,
    dialect::Dialect,
    ids::RequestId,
    models::written,
    pins::Mark,
    price::Estimate,
    read::{Answer, Facts},
    route::Work,
    settings::Current,
    store::{Debt, Period, Store},
    telemetry::{Counting, Traces, Trail, tell_ended},
    time::UnixMillis,
    usage::Usage,
};

/// Requests settled at once.
const TOGETHER: usize = 64;
/// Until what Redis did not take is sent again.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// So many requests may be left unsettled while Redis is away.
const MOST_LEFT: usize = 1_000_000;

const LONGEST_ERROR: usize = 64;

/// What came of a request that was admitted.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) request: RequestId,
    pub(crate) key: Box<str>,
    /// Whose key it is.
    pub(crate) user: Option<Box<str>>,
    pub(crate) group: Box<str>,
    pub(crate) account: Box<str>,
    /// Why that one.
    pub(crate) reason: Reason,
    /// The accounts that did not serve it before.
    pub(crate) failed: Vec<(Box<str>, Cause)>,
    /// As the caller called it, as far as that is written down.
    pub(crate) model: Option<String>,
    /// As the account calls it, where that is something else.
    pub(crate) served: Option<String>,
    pub(crate) work: Work,
    pub(crate) dialect: Dialect,
    pub(crate) answer: Answer,
    pub(crate) at: UnixMillis,
    /// Until everything that it needed was granted.
    pub(crate) wait: Duration,
    /// Of that, for a turn.
    pub(crate) turn_wait: Duration,
    /// Of a new connection to the account that answered.
    pub(crate) connect: Option<Duration>,
    /// Until the upstream's headers.
    pub(crate) first_byte: Option<Duration>,
    pub(crate) duration: Duration,
    /// The upstream's.
    pub(crate) status: Option<u16>,
    /// As told, and completed when the record is closed.
    pub(crate) usage: Usage,
    pub(crate) bill: Bill,
    pub(crate) outcome: Outcome,
    /// What went wrong, in the upstream's word or the relay's.
    pub(crate) error: Option<Box<str>>,
    /// What the answer has made.
    pub(crate) kept: Vec<Kept>,
    /// Of one that is followed.
    pub(crate) trail: Option<Box<Trail>>,
    estimate: Estimate,
    began: Instant,
}

/// How long a request has waited for an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waited {
    pub(crate) queued: Duration,
    pub(crate) turn: Duration,
}

/// What an answer has made, and over which connection Redis was told, if at all. What is settled over the same one comes
/// after that; otherwise it is told again.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) marks: Vec<Mark>,
    pub(crate) over: Option<u64>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The upstream answered with an error of its own.
    UpstreamRefused,
    UpstreamUnreachable,
    UpstreamTimeout,
    /// The upstream's answer broke off.
    UpstreamCut,
    /// An operator took back what it held.
    TakenBack,
    /// Nothing else happened before the permit ended: the caller left.
    CallerGone,
    /// Its relay was killed; another one has booked it.
    Interrupted,
}

impl Outcome {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::UpstreamRefused => "upstream_refused",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::UpstreamCut => "upstream_cut",
            Self::TakenBack => "taken_back",
            Self::CallerGone => "caller_gone",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Record {
    pub(crate) fn new(call: &Call, facts: &Facts, estimate: Estimate) -> Self {
        let began = call.patience.since;
        Self {
            request: call.id,
            key: call.caller.key.id.clone(),
            user: call.caller.key.rules.user.as_deref().map(Box::from),
            group: call.caller.key.group.clone(),
            account: Box::default(),
            reason: Reason::Only,
            failed: Vec::new(),
            model: facts.model.as_deref().map(|name| written(name).into()),
            served: None,
            work: call.work,
            dialect: call.dialect,
            answer: facts.answer,
            at: UnixMillis::now(),
            wait: Duration::ZERO,
            turn_wait: Duration::ZERO,
            connect: None,
            first_byte: None,
            duration: Duration::ZERO,
            status: None,
            usage: Usage::default(),
            bill: Bill::default(),
            outcome: Outcome::CallerGone,
            error: None,
            kept: Vec::new(),
            trail: call
                .origin
                .as_ref()
                .map(|origin| Box::new(Trail::new(origin))),
            estimate,
            began,
        }
    }

    /// An account was chosen, and the request waited for it since the one before failed.
    pub(crate) fn goes_to(&mut self, admitted: &Admitted, called: Option<String>, waited: Waited) {
        self.account.clone_from(&admitted.upstream.account.id);
        self.reason = admitted.reason;
        self.served = called;
        self.wait += waited.queued + waited.turn;
        self.turn_wait += waited.turn;
        if let Some(trail) = &mut self.trail {
            let account = &admitted.upstream.account;
            let has_turn = account.turn.is_some();
            trail.goes_to((&account.id, account.provider), has_turn, waited);
        }
    }

    pub(crate) fn failed(&mut self, account: &str, cause: Cause) {
        self.failed.push((account.into(), cause));
        if let Some(trail) = &mut self.trail {
            trail.failed(cause);
        }
    }

    /// What the account is told of the trace, if anything.
    pub(crate) fn told_upstream(&self) -> Option<HeaderValue> {
        self.trail.as_ref()?.told_upstream()
    }

    /// Over a new connection that took so long, or over one that was kept.
    pub(crate) fn headers_came(&mut self, status: u16, connect: Option<Duration>) {
        self.first_byte = Some(self.began.elapsed());
        self.status = Some(status);
        self.connect = connect;
        self.error = None;
        if let Some(trail) = &mut self.trail {
            trail.headers_came(status);
        }
    }

    /// The word is somebody else's: as much of it is kept as is one.
    pub(crate) fn went_wrong(&mut self, word: &str) {
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
        let word: String = word
            .bytes()
            .take_while(fits)
            .take(LONGEST_ERROR)
            .map(char::from)
            .collect();
        self.error = (!word.is_empty()).then(|| word.into());
    }

    /// What the answer says was used. One that was stored is told again, and was counted when it was made.
    pub(crate) fn used(&mut self, usage: Usage) {
        match self.work {
            Work::Stored(_) => {}
            Work::Generate | Work::Embed | Work::CountTokens => self.usage = usage,
            Work::ListModels | Work::ShowModel => self.usage = usage,
            Work::Usage | Work::Health => self.usage = usage,
        }
    }

    /// What of rates it has used, as far as that is known.
    pub(crate) fn spent(&self) -> Spent {
        match self.status {
            Some(200..=299) => self
                .usage
                .all()
                .map_or(Spent::Unknown, |all| Spent::Tokens {
                    all,
                    output: self.usage.output.unwrap_or(0),
                }),
            _ => Spent::Request,
        }
    }

    /// Nothing more comes: it is reckoned what it costs.
    pub(crate) fn close(&mut self, books: &Books) {
        self.duration = self.began.elapsed();
        let mut usage = std::mem::take(&mut self.usage);
        let answered = Answered {
            key: &self.key,
            model: self.called().unwrap_or_default(),
            work: self.work,
            at: self.at,
            status: self.status,
            outcome: self.outcome,
            tells: match self.dialect.tells_as_it_goes() {
                true => Tells::AsItGoes,
                false => Tells::AtItsEnd,
            },
            estimate: self.estimate,
        };
        self.bill = books.bill(answered, &mut usage);
        self.usage = usage;
    }

    /// The model, as the upstream was asked for it.
    fn called(&self) -> Option<&str> {
        self.served.as_deref().or(self.model.as_deref())
    }
}

/// Settles until told to finish, then what is left, and ends.
pub(crate) async fn run(
    (store, settings): (Store, Current),
    mut debts: mpsc::UnboundedReceiver<Debt>,
    (counting, traces): (Counting, Option<Arc<Traces>>),
    finish: Arc<Notify>,
) {
    let mut settler = Settler::new(store, settings, counting, traces);
    loop {
        let all_came = debts.is_closed() && debts.is_empty();
        if all_came && settler.left.is_empty() {
            return;
        }
        let mut new = Vec::new();
        tokio::select! {
            () = finish.notified() => debts.close(),
            _ = debts.recv_many(&mut new, TOGETHER), if !all_came => settler.settle(new).await,
            () = sleep_until(settler.due), if !settler.left.is_empty() => settler.settle_left().await,
        }
    }
}

struct Settler {
    store: Store,
    settings: Current,
    period: Period,
    counting: Counting,
    traces: Option<Arc<Traces>>,
    /// What Redis has not taken, oldest first.
    left: VecDeque<Debt>,
    /// When that is tried again, and how long after that.
    due: Instant,
    pause: Duration,
}

impl Settler {
    fn new(
        store: Store,
        settings: Current,
        counting: Counting,
        traces: Option<Arc<Traces>>,
    ) -> Self {
        Self {
            store,
            counting,
            traces,
            period: Period::new(settings.clone()),
            settings,
            left: VecDeque::new(),
            due: Instant::now(),
            pause: FIRST_PAUSE,
        }
    }

    /// What is left of others does not hold these up.
    async fn settle(&mut self, mut debts: Vec<Debt>) {
        let records = || debts.iter().filter_map(|debt| debt.record.as_deref());
        records().for_each(|record| self.counting.count(record));
        if self.settings.now().log_requests {
            records().for_each(tell_ended);
        }
        let ended = self.traces.as_ref().map(|traces| traces.ended(records()));
        self.store.up().await;
        self.attempt(&mut debts).await;
        if let Some((traces, ended)) = self.traces.as_ref().zip(ended) {
            for one in ended {
                let is_settled = !debts.iter().any(|debt| debt.member == one.request);
                traces.settled(one, is_settled);
            }
        }
        if self.left.is_empty() {
            self.pause = FIRST_PAUSE;
            self.due = Instant::now() + self.pause;
        }
        self.left.extend(debts);
        if self.left.len() > MOST_LEFT {
            let lost = self.left.len() - MOST_LEFT;
            self.left.drain(..lost);
            let meters = self.counting.meters();
            meters.settlements_lost.inc_by(lost as u64);
            tracing::error!(
                requests.lost = lost,
                "Redis takes no bookings: requests are not counted"
            );
        }
    }

    /// As far as Redis takes it.
    async fn settle_left(&mut self) {
        self.store.up().await;
        while !self.left.is_empty() {
            let mut debts: Vec<_> = self.left.drain(..TOGETHER.min(self.left.len())).collect();
            self.attempt(&mut debts).await;
            if !debts.is_empty() {
                debts
                    .into_iter()
                    .rev()
                    .for_each(|debt| self.left.push_front(debt));
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                break;
            }
        }
        self.due = Instant::now() + self.pause;
    }

    /// Leaves those that are to be settled again.
    async fn attempt(&mut self, debts: &mut Vec<Debt>) {
        if let Err(error) = self.store.settle(debts, &mut self.period).await {
            tracing::debug!(%error, requests = debts.len(), "a settlement is to be repeated");
        }
        debts.retain(|debt| !debt.is_settled());
        let left = self.left.len() + debts.len();
        let meters = self.counting.meters();
        meters
            .unsettled
            .set(i64::try_from(left).unwrap_or(i64::MAX));
    }
}
