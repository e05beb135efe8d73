//! Where an address is: on the public internet, in somebody's own network, or where no account can be. A name that is
//! public today may lead inside tomorrow, so this is asked of what it leads to, at each connection.
//! <https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Public,
    /// This machine, or a network that is not reached from everywhere.
    Private,
    /// Link-local, where clouds tell machines their secrets; multicast, reserved, or an example.
    Nowhere,
}

/// How far the connections of an account may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Public,
    /// The operator says that the account is in a network of their own.
    Private,
}

/// The address that a host of a URL is, if it is one.
pub(crate) fn address_of(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// Whether a host of a URL is this machine by its very name.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || address_of(host).is_some_and(|address| address.is_loopback())
}

impl Reach {
    pub(crate) fn of(host: &str, allow_private: bool) -> Self {
        match allow_private || is_this_machine(host) {
            true => Self::Private,
            false => Self::Public,
        }
    }

    pub(crate) fn reaches(self, address: IpAddr) -> bool {
        match (Place::of(address), self) {
            (Place::Public, _) | (Place::Private, Self::Private) => true,
            (Place::Private, Self::Public) | (Place::Nowhere, _) => false,
        }
    }
}

impl Place {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            // Clouds tell secrets here too.
            [100, 100, 100, 200] => Self::Nowhere,
            [10, ..] | [127, ..] | [192, 168, ..] => Self::Private,
            [100, second, ..] if second & 0xc0 == 64 => Self::Private,
            [172, second, ..] if second & 0xf0 == 16 => Self::Private,
            [198, second, ..] if second & 0xfe == 18 => Self::Private,
            [0, ..] | [169, 254, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [224..=255, ..] => {
                Self::Nowhere
            }
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Self::Nowhere,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if let Some(address) = inner(address) {
            return Self::of_v4(address);
        }
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Private,
            // Clouds tell secrets here too.
            [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => Self::Nowhere,
            [first, ..] if first & 0xfe00 == 0xfc00 => Self::Private,
            [0x64, 0xff9b, 1, ..] => Self::Private,
            // Of what is not given out for the internet as a whole nothing else is public.
            [first, ..] if first & 0xe000 != 0x2000 => Self::Nowhere,
            [0x2001, 0..0x200, ..] | [0x2001, 0xdb8, ..] => Self::Nowhere,
            [0x3fff, second, ..] if second < 0x1000 => Self::Nowhere,
            _ => Self::Public,
        }
    }
}

/// The older address that one of these forms leads to: mapped, translated, or tunnelled.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(of(high, low))
        }
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(address: &str) -> Place {
        Place::of(address.parse().unwrap())
    }

    #[test]
    fn what_everybody_reaches_is_public() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2001:200::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert_eq!(place(address), Place::Public, "{address}");
        }
    }

    #[test]
    fn networks_of_ones_own_are_private_in_whatever_form() {
        for address in [
            "127.0.0.1",
            "127.255.255.255",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "::1",
            "fc00::1",
            "fdff::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "64:ff9b::10.1.2.3",
            "2002:c0a8:101::1",
        ] {
            assert_eq!(place(address), Place::Private, "{address}");
        }
    }

    #[test]
    fn where_secrets_are_told_and_nobody_is_is_nowhere() {
        for address in [
            "0.0.0.0",
            "169.254.169.254",
            "100.100.100.200",
            "192.0.0.192",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "::127.0.0.1",
        ] {
            assert_eq!(place(address), Place::Nowhere, "{address}");
        }
    }

    #[test]
    fn an_account_reaches_inside_only_where_the_operator_says_so() {
        let reaches = |reach: Reach, address: &str| reach.reaches(address.parse().unwrap());
        assert!(reaches(Reach::Public, "1.1.1.1") && reaches(Reach::Private, "1.1.1.1"));
        assert!(!reaches(Reach::Public, "10.0.0.1") && reaches(Reach::Private, "10.0.0.1"));
        assert!(!reaches(Reach::Private, "169.254.169.254"));
    }
}
