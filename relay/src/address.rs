//! Where a request comes from: who is connected, or whom a proxy that is trusted says that it speaks for. Pure.

use std::net::IpAddr;

use hyper::header::{FORWARDED, HeaderMap};
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// From the nearest hop on, the first that is not a trusted proxy. What cannot be read is as far as one can see.
pub(crate) fn of_caller(connected: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |hop: &IpAddr| trusted.iter().any(|net| net.contains(hop));
    let mut nearest = connected.to_canonical();
    if trusted.is_empty() {
        return nearest;
    }
    for said in hops(headers).rev() {
        if !is_trusted(&nearest) {
            break;
        }
        match said.and_then(address) {
            Some(hop) => nearest = hop,
            None => break,
        }
    }
    nearest
}

/// By what one who sends is told from others: who has one IPv6 address has all of its network.
pub(crate) fn of_one(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(network.into())
        }
        v4 => v4,
    }
}

/// What proxies have said, the nearest last; none of what is no text. `X-Forwarded-For` before `Forwarded`: a proxy that
/// knows only one of them passes on what callers say in the other, and most know this one.
fn hops(headers: &HeaderMap) -> impl DoubleEndedIterator<Item = Option<&str>> {
    let is_known = headers.contains_key(X_FORWARDED_FOR);
    let name = if is_known {
        X_FORWARDED_FOR
    } else {
        FORWARDED.as_str()
    };
    let values = headers.get_all(name).iter();
    let hops: Vec<Option<&str>> = values
        .flat_map(|value| match value.to_str() {
            Ok(text) => text.split(',').map(Some).collect::<Vec<_>>(),
            Err(_) => vec![None],
        })
        .collect();
    hops.into_iter()
}

/// `1.2.3.4`, `1.2.3.4:5`, `[::1]:5`, `::1`, or the same after `for=`.
fn address(hop: &str) -> Option<IpAddr> {
    let mut parts = hop.split(';').map(str::trim);
    let word = parts
        .clone()
        .find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.eq_ignore_ascii_case("for").then_some(value)
        })
        .or_else(|| parts.next().filter(|part| !part.contains('=')))?;
    let word = word.trim_matches('"');
    let bare = match word.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => match word.matches(':').count() {
            1 => word.split(':').next()?,
            _ => word,
        },
    };
    let address: IpAddr = bare.parse().ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn seen(connected: &str, headers: &[(&'static str, &str)], trusted: &[&str]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        of_caller(connected.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn what_a_caller_says_of_itself_is_not_believed() {
        let says = [("x-forwarded-for", "9.9.9.9"), ("forwarded", "for=8.8.8.8")];
        assert_eq!(seen("1.2.3.4", &says, &[]), "1.2.3.4");
        assert_eq!(seen("1.2.3.4", &says, &["10.0.0.0/8"]), "1.2.3.4");
        assert_eq!(seen("::ffff:1.2.3.4", &[], &[]), "1.2.3.4");
    }

    #[test]
    fn the_nearest_hop_that_is_not_trusted_is_the_caller() {
        let trusted = ["10.0.0.0/8", "::1/128"];
        for (headers, expected) in [
            (&[][..], "10.0.0.1"),
            (&[("x-forwarded-for", "9.9.9.9")], "9.9.9.9"),
            (
                &[("x-forwarded-for", "6.6.6.6, 9.9.9.9, 10.3.3.3")],
                "9.9.9.9",
            ),
            (
                &[
                    ("x-forwarded-for", "6.6.6.6"),
                    ("x-forwarded-for", "9.9.9.9:80"),
                ],
                "9.9.9.9",
            ),
            (&[("x-forwarded-for", "9.9.9.9, unknown")], "10.0.0.1"),
            (&[("x-forwarded-for", "10.9.9.9")], "10.9.9.9"),
            (
                &[(
                    "forwarded",
                    "for=6.6.6.6, proto=http;For=\"[2001:db8::1]:80\";by=10.0.0.2",
                )],
                "2001:db8::1",
            ),
            (&[("forwarded", "for=_hidden")], "10.0.0.1"),
            (&[("forwarded", "proto=https")], "10.0.0.1"),
            (
                &[("forwarded", "for=6.6.6.6"), ("x-forwarded-for", "9.9.9.9")],
                "9.9.9.9",
            ),
        ] {
            assert_eq!(seen("10.0.0.1", headers, &trusted), expected, "{headers:?}");
        }
    }
}
