//! Where a Redis is and how to be let in, from a URL: `redis://[[user]:password@]host[:port][/database]`, the same with
//! `rediss://` for TLS, or `unix:///path[?db=…&user=…&pass=…]`.

use std::{borrow::Cow, fmt, path::PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::{config::Credential, embedded::LONGEST_SOCKET_PATH, secret::Secret};

const PORT: u16 = 6379;
const SHAPE: &str = "must be redis://host:port, rediss://host:port or unix:///path/to/socket";

/// One server. Shown without what lets one in.
#[derive(Clone)]
pub struct Address {
    pub(crate) place: Place,
    pub(crate) access: Access,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Tcp { host: Box<str>, port: u16 },
    Unix(PathBuf),
}

/// How one is let in.
#[derive(Debug, Clone, Default)]
pub struct Access {
    pub(crate) login: Option<Login>,
    /// None: in clear text.
    pub(crate) tls: Option<Tls>,
    pub(crate) database: u32,
}

#[derive(Debug, Clone)]
pub struct Login {
    pub(crate) user: Box<str>,
    pub(crate) password: Credential,
}

#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Who vouches for the server, in a file of PEM; none = those whom this system trusts.
    pub(crate) ca: Option<PathBuf>,
}

impl Address {
    /// Why not is said without the URL, which may hold a password.
    pub fn of_url(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| SHAPE)?;
        match url.scheme() {
            "redis" | "rediss" => of_host(&url),
            "unix" | "redis+unix" => of_path(&url),
            _ => Err(SHAPE.into()),
        }
    }

    pub(crate) fn of_socket(path: PathBuf) -> Self {
        Self {
            place: Place::Unix(path),
            access: Access::default(),
        }
    }

    /// `host:port`, or the host alone where the port is the usual one.
    pub(crate) fn of_server(text: &str, usual: u16, access: Access) -> Result<Self, &'static str> {
        const SHAPE: &str = "must be host:port";
        let url = Url::parse(&format!("redis://{text}")).map_err(|_| SHAPE)?;
        let more = [url.username(), url.path(), url.query().unwrap_or_default()];
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() || more.iter().any(|part| !part.is_empty()) {
            return Err(SHAPE);
        }
        let port = url.port().unwrap_or(usual);
        Ok(access.at(host.trim_matches(['[', ']']), port))
    }
}

impl Access {
    /// A server that lets one in so.
    pub(crate) fn at(self, host: &str, port: u16) -> Address {
        Address {
            place: Place::Tcp {
                host: host.into(),
                port,
            },
            access: self,
        }
    }
}

impl Login {
    pub(crate) fn new(user: Option<&str>, password: Credential) -> Self {
        Self {
            user: user.unwrap_or("default").into(),
            password,
        }
    }

    fn of_text(user: &str, password: &str) -> Self {
        let user = Some(user).filter(|user| !user.is_empty());
        Self::new(user, Credential::Literal(Secret::new(password)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.access.tls {
            None => "redis",
            Some(_) => "rediss",
        };
        match &self.place {
            Place::Tcp { host, port } => write!(f, "{scheme}://{host}:{port}"),
            Place::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn of_host(url: &Url) -> Result<Address, String> {
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or(SHAPE)?.trim_matches(['[', ']']);
    let user = decoded(url.username())?;
    let password = url.password().map(decoded).transpose()?;
    let access = Access {
        login: password.map(|password| Login::of_text(&user, &password)),
        tls: (url.scheme() == "rediss").then(Tls::default),
        database: number(url.path().trim_matches('/'))?,
    };
    Ok(access.at(host, url.port().unwrap_or(PORT)))
}

fn of_path(url: &Url) -> Result<Address, String> {
    let path = PathBuf::from(decoded(url.path())?.into_owned());
    let length = path.as_os_str().len();
    if length > LONGEST_SOCKET_PATH {
        return Err(format!(
            "the path of a unix socket has at most {LONGEST_SOCKET_PATH} bytes, this one has {length}"
        ));
    }
    let asked = |name: &str| {
        let mut pairs = url.query_pairs();
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    };
    let user = asked("user").unwrap_or_default();
    let mut address = Address::of_socket(path);
    address.access.login = asked("pass").map(|password| Login::of_text(&user, &password));
    address.access.database = number(&asked("db").unwrap_or_default())?;
    Ok(address)
}

fn decoded(text: &str) -> Result<Cow<'_, str>, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map_err(|_| "what is encoded in it is not UTF-8".into())
}

fn number(database: &str) -> Result<u32, String> {
    match database {
        "" => Ok(0),
        digits => digits
            .parse()
            .map_err(|_| "what follows the host must be the number of a database".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        let Address { place, access } = Address::of_url(url).unwrap();
        let login = access.login.as_ref().map(|login| {
            let password = login.password.resolve().unwrap();
            format!("{}/{}", login.user, password.reveal())
        });
        let login = login.unwrap_or_default();
        let database = access.database;
        format!("{} {login} {database}", Address { place, access })
    }

    #[test]
    fn a_url_says_where_and_how_to_be_let_in() {
        for (url, expected) in [
            ("redis://host", "redis://host:6379  0"),
            ("redis://host:1/", "redis://host:1  0"),
            ("redis://:p%40s@[::1]:7/2", "redis://::1:7 default/p@s 2"),
            ("rediss://u:p@host", "rediss://host:6379 u/p 0"),
            ("unix:///run/r.sock", "unix:///run/r.sock  0"),
            (
                "redis+unix:///r%20s?db=3&user=u&pass=p%26",
                "unix:///r s u/p& 3",
            ),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }

    #[test]
    fn a_url_that_says_nothing_of_use_is_refused_without_showing_it() {
        let long = format!("unix:///{}", "x".repeat(LONGEST_SOCKET_PATH));
        for url in [
            "",
            "host:1",
            "http://host",
            "redis://",
            "redis://:s3cr3t@host/x",
            "rediss://user:s3/c@s3cr3t@host?s3cr3t",
            &long,
        ] {
            let why = Address::of_url(url).unwrap_err();
            assert!(!why.contains("s3cr3t"), "{why}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("redis://:s3cr3t@host:6379/2", "redis://host:6379"),
            ("rediss://user:s3cr3t@host", "rediss://host:6379"),
            (
                "unix:///run/a@b.sock?pass=s3cr3t&db=1",
                "unix:///run/a@b.sock",
            ),
        ] {
            let address = Address::of_url(url).unwrap();
            assert_eq!(format!("{address:?}"), shown);
            assert!(!format!("{:?}", address.access).contains("s3cr3t"));
        }
    }

    #[test]
    fn a_server_is_a_host_and_a_port() {
        let of = |text| Address::of_server(text, 26379, Access::default());
        for (text, shown) in [
            ("host", "redis://host:26379"),
            ("10.0.0.1:7", "redis://10.0.0.1:7"),
            ("[::1]:7", "redis://::1:7"),
        ] {
            assert_eq!(of(text).unwrap().to_string(), shown);
        }
        for text in [
            "",
            ":1",
            "host:x",
            "user@host:1",
            "host:1/2",
            "redis://host",
        ] {
            assert!(of(text).is_err(), "{text}");
        }
    }
}
