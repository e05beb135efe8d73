//! Where an account may be, as its `base_url` says it. What a name leads to is checked again at each connection
//! (`forward/resolve.rs`).

use crate::forward::{Place, address_of, is_this_machine};

/// With the address that a caller asks for it must still be a valid one.
const LONGEST: usize = 8 << 10;

const SHAPE: &str = "must be https://host[:port][/path], without user, query or fragment";

/// What the operator allows beyond https:// and the public internet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed {
    pub(super) http: bool,
    pub(super) private: bool,
}

/// A credential must not travel in clear text beyond this machine, nor go to a private network, unless the operator
/// says so. A host that is this machine by its very name says so itself.
pub(super) fn check(text: &str, allowed: Allowed) -> Result<(), &'static str> {
    if text.len() > LONGEST {
        return Err("is too long");
    }
    let url: hyper::Uri = text.parse().map_err(|_| SHAPE)?;
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
        return Err(SHAPE);
    };
    if authority.as_str().contains('@') || url.query().is_some() || text.contains('#') {
        return Err(SHAPE);
    }
    let host = authority.host();
    let local = is_this_machine(host);
    match scheme {
        "https" => {}
        "http" if local || allowed.http => {}
        "http" => {
            return Err(
                "http:// would send the api_key in clear text: use https://, or allow_http = true",
            );
        }
        _ => return Err(SHAPE),
    }
    match address_of(host).map(Place::of) {
        Some(Place::Nowhere) => {
            Err("is at a link-local or reserved address, where no account can be")
        }
        Some(Place::Private) if !local && !allowed.private => {
            Err("is at a private address: that needs allow_private = true")
        }
        None if ends_as_number(host) => {
            Err("has a number for a host: write the address as a.b.c.d")
        }
        _ => Ok(()),
    }
}

/// Whether some programs take it for an address: `2130706433`, `0x7f.1`, `127.1`.
/// <https://url.spec.whatwg.org/#ends-in-a-number-checker>
fn ends_as_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or(host);
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(last) || hex.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str, http: bool, private: bool) -> Result<(), &'static str> {
        check(url, Allowed { http, private })
    }

    #[test]
    fn a_host_by_name_is_to_be_public_unless_the_operator_allows_more() {
        for (url, private) in [
            ("https://api.example.com", false),
            ("https://api.example.com:8443/v1", false),
            ("https://1.1.1.1", false),
            ("https://10.1.2.3", true),
            ("https://[fd00::1]", true),
            ("http://127.0.0.1:9", false),
            ("http://[::1]:80", false),
            ("http://localhost:8080/x", false),
        ] {
            assert_eq!(of(url, false, private), Ok(()), "{url}");
        }
    }

    #[test]
    fn addresses_inside_are_refused_in_whatever_form() {
        for url in [
            "https://10.0.0.1",
            "https://192.168.1.1:8443/v1",
            "https://[fd00::1]",
            "https://[::ffff:10.0.0.1]",
            "https://[::ffff:127.0.0.1]",
            "https://[64:ff9b::10.0.0.1]",
            "https://0.0.0.0",
            "https://[::]",
            "https://2130706433",
            "https://0x7f000001",
            "https://0X7F.1",
            "https://0177.0.0.1",
            "https://127.1",
            "https://127.0.0.1.",
            "https://0x",
        ] {
            assert!(of(url, true, false).is_err(), "{url}");
        }
    }

    #[test]
    fn nothing_opens_where_clouds_tell_secrets() {
        for url in [
            "https://169.254.169.254",
            "https://[fe80::1]",
            "https://[fd00:ec2::254]",
            "https://[::ffff:169.254.169.254]",
            "https://100.100.100.200",
        ] {
            assert!(of(url, true, true).is_err(), "{url}");
        }
    }

    #[test]
    fn what_is_no_plain_address_of_a_server_is_refused() {
        for bad in [
            "https://u:p@example.com",
            "https://example.com?x",
            "https://example.com#x",
            "example.com",
            "ftp://x",
            &format!("https://example.com/{}", "a".repeat(LONGEST)),
        ] {
            assert!(of(bad, true, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn clear_text_leaves_this_machine_only_where_that_is_allowed() {
        let why = of("http://example.com", false, false).unwrap_err();
        assert!(why.starts_with("http:// would send"), "{why}");
        assert_eq!(of("http://example.com", true, false), Ok(()));
    }
}
