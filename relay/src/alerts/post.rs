//! The webhook: a POST of JSON, signed where there is a secret, tried a few times. It leads to no private network unless
//! that was said, whatever its name is pointed to.

use std::time::Duration;

use anyhow::Context as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, Url, header::CONTENT_TYPE};
use serde::Serialize;
use sha2::Sha256;
use tokio::time::sleep;

use super::facts::{Event, about};
use crate::{
    config::{Credential, Webhook},
    forward::Reach,
    ids::process_name,
    telemetry::client,
    time::UnixMillis,
};

const WITHIN: Duration = Duration::from_secs(5);
/// Before each further try.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
const SIGNATURE: &str = "x-weir-signature";

#[derive(Debug)]
pub(crate) struct Post {
    client: Client,
    url: Url,
    secret: Option<Credential>,
}

/// Why it was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untaken {
    #[error("it answered with status {0}")]
    Status(u16),
    /// Without the address: a path may be a secret.
    #[error("{0:#}")]
    Unsent(anyhow::Error),
    #[error("its secret cannot be read: {0}")]
    NoSecret(String),
}

#[derive(Serialize)]
struct Told<'a> {
    id: String,
    at_ms: u64,
    message: String,
    /// The process that tells it.
    relay: String,
    #[serde(flatten)]
    event: &'a Event,
}

impl Post {
    pub(crate) fn new(webhook: &Webhook) -> anyhow::Result<Self> {
        let url: Url = webhook.url.parse().context("the webhook is no URL")?;
        let host = url.host_str().unwrap_or_default();
        let reach = Reach::of(host, webhook.allow_private);
        Ok(Self {
            client: client(reach, WITHIN)?,
            url,
            secret: webhook.secret.clone(),
        })
    }

    /// Returns when it was taken, or after the last try.
    pub(crate) async fn send(&self, event: &Event, now: UnixMillis) -> Result<(), Untaken> {
        let told = Told {
            id: format!("{}:{}", about(event), now.0),
            at_ms: now.0,
            message: event.message(),
            relay: process_name(),
            event,
        };
        let body = serde_json::to_vec(&told).expect("it is made of texts and numbers");
        for pause in PAUSES {
            match self.attempt(&body, now).await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::debug!(%error, "the webhook is tried again"),
            }
            sleep(pause).await;
        }
        self.attempt(&body, now).await
    }

    async fn attempt(&self, body: &[u8], now: UnixMillis) -> Result<(), Untaken> {
        let request = self.client.post(self.url.clone());
        let mut request = request.header(CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.secret {
            let secret = secret.resolve().map_err(Untaken::NoSecret)?;
            request = request.header(SIGNATURE, signature(secret.reveal(), body, now));
        }
        let sent = request.body(body.to_vec()).send().await;
        let answer = sent.map_err(|error| Untaken::Unsent(error.without_url().into()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(Untaken::Status(status.as_u16())),
        }
    }
}

/// `t=<ms>,v1=<HMAC-SHA256 of "<ms>.<body>" in hexadecimal digits>`: what is sent again later has another one.
fn signature(secret: &str, body: &[u8], now: UnixMillis) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key may have any length");
    mac.update(format!("{}.", now.0).as_bytes());
    mac.update(body);
    let digest = hex::encode(mac.finalize().into_bytes());
    format!("t={},v1={digest}", now.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_can_be_made_by_others_too() {
        // printf '1000.{}' | openssl dgst -sha256 -hmac secret
        let expected = "t=1000,v1=026360fb6284f077f1148b1ae7c62679730497810a6a0321574de01e8b009e7a";
        assert_eq!(signature("secret", b"{}", UnixMillis(1_000)), expected);
    }
}
