//! Whether a request is signed as AWS has it (Signature Version 4), found out from what came: written against the
//! specification, not with the library that signs.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Older and younger ones are not taken.
const SKEW_MS: i64 = 5 * 60 * 1000;
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a header says of its signature.
#[derive(Debug)]
pub(super) struct Signed<'h> {
    pub(super) key: &'h str,
    scope: &'h str,
    headers: &'h str,
    signature: &'h str,
}

impl<'h> Signed<'h> {
    pub(super) fn of(authorization: &'h HeaderValue) -> Option<Self> {
        let text = authorization.to_str().ok()?.strip_prefix(ALGORITHM)?;
        let part = |name: &str| {
            let mut parts = text.split(',').map(str::trim);
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let (key, scope) = part("Credential")?.split_once('/')?;
        Some(Self {
            key,
            scope,
            headers: part("SignedHeaders")?,
            signature: part("Signature")?,
        })
    }

    /// Says in AWS's words why not.
    pub(super) fn check(
        &self,
        head: &Parts,
        body: &[u8],
        secret: &str,
        now_ms: u64,
    ) -> Result<(), String> {
        let date = header(head, "x-amz-date");
        let signed_at = DateTime::strptime("%Y%m%dT%H%M%SZ", &date)
            .and_then(|date| date.to_zoned(TimeZone::UTC))
            .map_err(|_| "Signature without a date".to_owned())?;
        let now = i64::try_from(now_ms).expect("the clock is within this era");
        let skew = now - Timestamp::from(signed_at).as_millisecond();
        if skew > SKEW_MS {
            return Err(format!(
                "Signature expired: {date} is now earlier than it may be"
            ));
        }
        if skew < -SKEW_MS {
            return Err(format!(
                "Signature not yet current: {date} is still later than it may be"
            ));
        }
        let covered: Vec<&str> = self.headers.split(';').collect();
        let must = head.headers.keys().map(|name| name.as_str());
        let mut must = must.filter(|name| *name == "host" || name.starts_with("x-amz-"));
        if must.any(|name| !covered.contains(&name)) {
            return Err("Signature does not cover all headers that it must".into());
        }
        match self.computed(head, body, secret, &date) == self.signature {
            true => Ok(()),
            false => Err(
                "The request signature we calculated does not match the signature you provided."
                    .into(),
            ),
        }
    }

    fn computed(&self, head: &Parts, body: &[u8], secret: &str, date: &str) -> String {
        let canonical = self.canonical(head, body);
        let digest = hex::encode(Sha256::digest(canonical));
        let to_sign = format!("{ALGORITHM}\n{date}\n{}\n{digest}", self.scope);
        let start = format!("AWS4{secret}").into_bytes();
        let key = self
            .scope
            .split('/')
            .fold(start, |key, part| hmac(&key, part.as_bytes()));
        hex::encode(hmac(&key, to_sign.as_bytes()))
    }

    /// The path is encoded once more than it came.
    fn canonical(&self, head: &Parts, body: &[u8]) -> String {
        let segments = head.uri.path().split('/');
        let path: Vec<String> = segments
            .map(|segment| utf8_percent_encode(segment, UNRESERVED).to_string())
            .collect();
        let mut pairs: Vec<&str> = head.uri.query().unwrap_or_default().split('&').collect();
        pairs.sort_unstable();
        let mut text = format!("{}\n{}\n{}\n", head.method, path.join("/"), pairs.join("&"));
        for name in self.headers.split(';') {
            writeln!(text, "{name}:{}", header(head, name))
                .expect("writing into memory cannot fail");
        }
        text + "\n" + self.headers + "\n" + &hex::encode(Sha256::digest(body))
    }
}

fn header(head: &Parts, name: &str) -> String {
    let values = head.headers.get_all(name).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    values.map(str::trim).collect::<Vec<_>>().join(",")
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    /// 2015-08-30T12:36:00Z.
    const AT: u64 = 1_440_938_160_000;
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn checked(secret: &str, body: &[u8], now: u64) -> Result<(), String> {
        // `get-vanilla` of AWS's test suite.
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
            SignedHeaders=host;x-amz-date, \
            Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        let request = Request::get("/")
            .header("host", "example.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z")
            .header("authorization", authorization);
        let head = request.body(()).unwrap().into_parts().0;
        let signed = Signed::of(&head.headers["authorization"]).unwrap();
        assert_eq!(signed.key, "AKIDEXAMPLE");
        signed.check(&head, body, secret, now)
    }

    #[test]
    fn the_signature_of_aws_s_own_example_is_right() {
        assert_eq!(checked(SECRET, b"", AT), Ok(()));
    }

    #[test]
    fn another_secret_body_or_time_is_not() {
        assert!(checked("x", b"", AT).is_err());
        assert!(checked(SECRET, b"x", AT).is_err());
        assert!(
            checked(SECRET, b"", AT + 301_000)
                .unwrap_err()
                .contains("expired")
        );
        assert!(
            checked(SECRET, b"", AT - 301_000)
                .unwrap_err()
                .contains("not yet")
        );
    }

    #[test]
    fn another_credential_is_no_signature() {
        assert!(Signed::of(&HeaderValue::from_static("Bearer x")).is_none());
    }
}
