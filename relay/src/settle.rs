//! The last step, once per request: what it held is given back, what it used is booked, its record is written. One task
//! does it for all requests, as many at once as have come together.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep},
};

use crate::{
    admit::Admitted,
    ids::RequestId,
    read::Facts,
    store::{Debt, Period, Store, StoreError},
    time::UnixMillis,
    usage::Usage,
};

/// Requests settled at once.
const TOGETHER: usize = 64;
const PAUSE: Duration = Duration::from_millis(50);

/// What came of a request that was admitted.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) request: RequestId,
    pub(crate) key: Box<str>,
    pub(crate) account: Box<str>,
    pub(crate) model: Option<String>,
    pub(crate) at: UnixMillis,
    /// Until everything that it needed was granted.
    pub(crate) wait: Duration,
    /// Until the upstream's headers.
    pub(crate) first_byte: Option<Duration>,
    pub(crate) duration: Duration,
    /// The upstream's.
    pub(crate) status: Option<u16>,
    pub(crate) usage: Usage,
    pub(crate) outcome: Outcome,
    began: Instant,
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
    /// Nothing else happened before the permit ended: the caller left.
    CallerGone,
}

impl Outcome {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::UpstreamRefused => "upstream_refused",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::UpstreamCut => "upstream_cut",
            Self::CallerGone => "caller_gone",
        }
    }
}

impl Record {
    pub(crate) fn new(admitted: &Admitted, key: &str, facts: &mut Facts, began: Instant) -> Self {
        Self {
            request: admitted.permit.id(),
            key: key.into(),
            account: admitted.upstream.account.id.clone(),
            model: facts.model.take(),
            at: UnixMillis::now(),
            wait: began.elapsed(),
            first_byte: None,
            duration: Duration::ZERO,
            status: None,
            usage: Usage::default(),
            outcome: Outcome::CallerGone,
            began,
        }
    }

    pub(crate) fn headers_came(&mut self, status: u16) {
        self.first_byte = Some(self.began.elapsed());
        self.status = Some(status);
    }

    pub(crate) fn close(&mut self) {
        self.duration = self.began.elapsed();
    }
}

/// Settles until told to finish, then what is left, and ends.
pub(crate) async fn run(
    store: Store,
    mut debts: mpsc::UnboundedReceiver<Debt>,
    finish: Arc<Notify>,
) {
    let mut batch = Vec::with_capacity(TOGETHER);
    let mut period = Period::default();
    loop {
        tokio::select! {
            () = finish.notified() => debts.close(),
            count = debts.recv_many(&mut batch, TOGETHER) => {
                if count == 0 {
                    return;
                }
                settle(&store, &mut batch, &mut period).await;
                batch.clear();
            }
        }
    }
}

/// Giving back is repeated until Redis has answered; doing it twice is doing it once. Booking twice is not, so what may
/// have been booked is not booked again.
async fn settle(store: &Store, batch: &mut [Debt], period: &mut Period) {
    loop {
        store.up().await;
        match store.settle(batch, period).await {
            Ok(()) => return,
            Err(StoreError::Down) => {}
            Err(error) => {
                let records = batch
                    .iter_mut()
                    .filter_map(|debt| debt.record.take())
                    .count();
                tracing::warn!(%error, records, "slots are given back again; whether these requests were booked is unknown");
            }
        }
        sleep(PAUSE).await;
    }
}
