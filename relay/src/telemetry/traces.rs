//! Traces on their way to a collector. Requests hand theirs over and never wait: a queue that is full takes no more. One
//! task sends what has come together, and at the end what is left.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::HeaderMap;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanExporter as _},
};
use prometheus_client::metrics::counter::Counter;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{
    meters::Meters,
    outbound::client,
    spans::{Now, of_record, of_refusal, of_settlement},
    trail::{Origin, Trail},
};
use crate::{
    config::Telemetry, dialect::Dialect, forward::Reach, ids::RequestId, settle::Record,
    time::UnixMillis,
};

/// So many requests may wait to be told of.
const MOST_WAITING: usize = 2_048;
/// So many are told of at once.
const TOGETHER: usize = 128;
const SENT_WITHIN: Duration = Duration::from_secs(10);
const FLUSHED_WITHIN: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(crate) struct Traces {
    ratio: f64,
    propagates: bool,
    queue: mpsc::Sender<Vec<SpanData>>,
    lost: Counter,
    finish: Arc<Notify>,
    /// Until it is told to finish.
    task: Mutex<Option<JoinHandle<()>>>,
}

/// A request's spans, of which the last is missing.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) request: RequestId,
    trail: Box<Trail>,
    spans: Vec<SpanData>,
    at: Now,
}

impl Traces {
    /// None where nobody is to be told.
    pub(crate) fn start(config: &Telemetry, meters: &Meters) -> Option<Arc<Self>> {
        let exporter = match exporter(config)? {
            Ok(exporter) => exporter,
            Err(why) => {
                tracing::error!(%why, "traces cannot be sent");
                return None;
            }
        };
        let (queue, waiting) = mpsc::channel(MOST_WAITING);
        let (finish, lost) = (Arc::new(Notify::new()), meters.traces_lost.clone());
        let task = tokio::spawn(send(exporter, waiting, Arc::clone(&finish), lost.clone()));
        Some(Arc::new(Self {
            ratio: config.sample_ratio,
            propagates: config.propagate,
            queue,
            lost,
            finish,
            task: Mutex::new(Some(task)),
        }))
    }

    /// Whether a request is followed. A caller's word on that does not count: it is the operator who pays for it.
    pub(crate) fn follow(&self, headers: &HeaderMap) -> Option<Arc<Origin>> {
        let origin = Origin::of(headers, self.propagates);
        origin.is_within(self.ratio).then(|| Arc::new(origin))
    }

    /// A request was refused; it is told here unless its record will be.
    pub(crate) fn refused(&self, origin: &Origin, dialect: Dialect, code: &'static str) {
        if !origin.is_recorded() {
            self.tell(vec![of_refusal(origin, dialect, code, now())]);
        }
    }

    /// Those of these records that are followed.
    pub(crate) fn ended<'a>(&self, records: impl Iterator<Item = &'a Record>) -> Vec<Ended> {
        let ended = |record: &Record| {
            let trail = record.trail.clone()?;
            let now = now();
            Some(Ended {
                request: record.request,
                spans: of_record(record, &trail, now),
                trail,
                at: now,
            })
        };
        records.filter_map(ended).collect()
    }

    pub(crate) fn settled(&self, ended: Ended, is_settled: bool) {
        let mut spans = ended.spans;
        let settlement = of_settlement(&ended.trail, ended.at, Instant::now(), is_settled);
        spans.push(settlement);
        self.tell(spans);
    }

    fn tell(&self, spans: Vec<SpanData>) {
        if self.queue.try_send(spans).is_err() {
            self.lost.inc();
        }
    }

    /// Sends what is left.
    pub(crate) async fn finish(&self) {
        self.finish.notify_one();
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut task) = task else { return };
        if timeout(FLUSHED_WITHIN, &mut task).await.is_err() {
            tracing::warn!("the last traces were not taken in time");
            task.abort();
        }
    }
}

fn now() -> Now {
    Now {
        wall: UnixMillis::now(),
        instant: Instant::now(),
    }
}

fn exporter(config: &Telemetry) -> Option<anyhow::Result<SpanExporter>> {
    let endpoint = config.endpoint.as_ref()?;
    let built = || {
        let mut headers = HashMap::new();
        for (name, value) in &config.headers {
            let value = value.resolve().map_err(anyhow::Error::msg)?;
            headers.insert(name.clone(), value.reveal().to_owned());
        }
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_headers(headers)
            .with_http_client(client(Reach::Private, SENT_WITHIN)?)
            .build()?;
        let resource = Resource::builder_empty().with_service_name(config.service_name.clone());
        exporter.set_resource(&resource.build());
        Ok(exporter)
    };
    Some(built())
}

async fn send(
    exporter: SpanExporter,
    mut waiting: mpsc::Receiver<Vec<SpanData>>,
    finish: Arc<Notify>,
    lost: Counter,
) {
    let mut is_well = true;
    loop {
        let mut traces = Vec::new();
        let requests = tokio::select! {
            () = finish.notified() => {
                waiting.close();
                continue;
            }
            came = waiting.recv_many(&mut traces, TOGETHER) => came as u64,
        };
        if requests == 0 {
            return;
        }
        let told = exporter
            .export(traces.into_iter().flatten().collect())
            .await;
        if let Err(error) = &told {
            lost.inc_by(requests);
            if is_well {
                tracing::warn!(%error, "traces are not taken: those of now are lost");
            }
        }
        is_well = told.is_ok();
    }
}
