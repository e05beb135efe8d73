//! Signature Version 4: proves who asks, for exactly this request and a few minutes.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>

use std::{
    fmt,
    time::{Duration, UNIX_EPOCH},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use bytes::Bytes;
use hyper::{Request, header::AUTHORIZATION};

use crate::{secret::Secret, time::UnixMillis};

/// Keys of AWS's, and the region that they are used in.
pub(crate) struct Signer {
    keys: Credentials,
    region: Box<str>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// Fails where a key could not stand in a header.
    pub(crate) fn new(
        access_key_id: &Secret,
        secret_access_key: &Secret,
        session_token: Option<&Secret>,
        region: &str,
    ) -> Result<Self, String> {
        let shown = [Some(access_key_id), session_token];
        let fits = |secret: &Secret| secret.reveal().bytes().all(|byte| byte.is_ascii_graphic());
        if !shown.into_iter().flatten().all(fits) {
            return Err("its AWS keys have characters that no header can hold".into());
        }
        let token = session_token.map(|token| token.reveal().to_owned());
        let (id, secret) = (access_key_id.reveal(), secret_access_key.reveal());
        Ok(Self {
            keys: Credentials::new(id, secret, token, None, "weir"),
            region: region.into(),
        })
    }

    /// Signs all that the request has by now.
    pub(crate) fn sign(&self, request: &mut Request<Bytes>, now: UnixMillis) {
        let identity = self.keys.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("bedrock")
            .time(UNIX_EPOCH + Duration::from_millis(now.0))
            .settings(SigningSettings::default())
            .build()
            .expect("all that it needs is given")
            .into();
        let headers = request.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.uri().to_string(),
            headers,
            SignableBody::Bytes(request.body()),
        );
        let signed = signable.and_then(|signable| sign(signable, &params));
        let (instructions, _) = signed
            .expect("the address is a whole one, and the headers are text")
            .into_parts();
        instructions.apply_to_request_http1x(request);
        // For some minutes a signature is as good as a key.
        if let Some(signature) = request.headers_mut().get_mut(AUTHORIZATION) {
            signature.set_sensitive(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    /// Whether the signature is right, the simulated upstream says (`mock/bedrock/signature.rs`).
    #[test]
    fn a_request_is_signed_for_its_time_region_and_session() {
        let (id, key) = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let signer = Signer::new(&secret(id), &secret(key), Some(&secret("t")), "us-east-1");
        let signer = signer.unwrap();
        let mut request = Request::post("https://example.amazonaws.com/model/a%3A0/invoke")
            .body(Bytes::from_static(b"{}"))
            .unwrap();
        signer.sign(&mut request, UnixMillis(1_440_938_160_000));
        let header = |name| request.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-amz-date"), "20150830T123600Z");
        assert_eq!(header("x-amz-security-token"), "t");
        let start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, \
            SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=";
        assert!(header("authorization").starts_with(start));
        let shown = format!("{signer:?} {request:?}");
        assert!(
            !shown.contains(key) && !shown.contains("Signature="),
            "{shown}"
        );
    }

    #[test]
    fn keys_that_no_header_can_hold_are_refused() {
        let signer = |id, token| Signer::new(&secret(id), &secret("s"), Some(&secret(token)), "r");
        assert!(signer("a\nb", "t").is_err() && signer("a", "ü").is_err());
        assert!(signer("a", "t").is_ok());
    }
}
