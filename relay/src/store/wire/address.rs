//! Where a Redis is and how to be let in, from a URL: `redis://[user[:password]@]host[:port][/database]`, the same with
//! `rediss://` for TLS, or `unix:///path[?db=…&user=…&pass=…]`.

use std::{borrow::Cow, fmt, path::PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::{embedded::LONGEST_SOCKET_PATH, secret::Secret};

const PORT: u16 = 6379;

/// One server. Shown without what lets one in.
#[derive(Clone)]
pub(crate) struct Address {
    pub(super) place: Place,
    pub(super) login: Option<Login>,
    pub(super) database: u32,
}

#[derive(Debug, Clone)]
pub(super) enum Place {
    Tcp { host: Box<str>, port: u16 },
    Tls { host: Box<str>, port: u16 },
    Unix(PathBuf),
}

#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: Box<str>,
    pub(super) password: Secret,
}

impl Address {
    /// Why not is said without the URL, which may hold a password.
    pub(crate) fn of_url(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        match url.scheme() {
            "redis" | "rediss" => Self::of_host(&url),
            "unix" | "redis+unix" => Self::of_path(&url),
            _ => Err("it begins with none of redis://, rediss:// and unix://".into()),
        }
    }

    fn of_host(url: &Url) -> Result<Self, String> {
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or("it names no host")?;
        let host = host.trim_matches(['[', ']']).into();
        let port = url.port().unwrap_or(PORT);
        let place = match url.scheme() {
            "rediss" => Place::Tls { host, port },
            _ => Place::Tcp { host, port },
        };
        let login = login(
            decoded(url.username())?,
            url.password().map(decoded).transpose()?,
        );
        let database = url.path().trim_matches('/');
        Ok(Self {
            place,
            login,
            database: number(database)?,
        })
    }

    fn of_path(url: &Url) -> Result<Self, String> {
        let path = PathBuf::from(decoded(url.path())?.into_owned());
        let length = path.as_os_str().len();
        if length > LONGEST_SOCKET_PATH {
            return Err(format!(
                "the path of a unix socket has at most {LONGEST_SOCKET_PATH} bytes, this one has {length}: {}",
                path.display()
            ));
        }
        let asked = |name: &str| {
            let mut pairs = url.query_pairs();
            pairs.find_map(|(key, value)| (key == name).then_some(value))
        };
        Ok(Self {
            place: Place::Unix(path),
            login: login(asked("user").unwrap_or_default(), asked("pass")),
            database: number(&asked("db").unwrap_or_default())?,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp { host, port } => write!(f, "redis://{host}:{port}"),
            Place::Tls { host, port } => write!(f, "rediss://{host}:{port}"),
            Place::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn login(user: Cow<'_, str>, password: Option<Cow<'_, str>>) -> Option<Login> {
    let user = match &*user {
        "" => "default",
        user => user,
    };
    Some(Login {
        user: user.into(),
        password: Secret::new(password?),
    })
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
            .map_err(|_| format!("`{digits}` is not the number of a database")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        let address = Address::of_url(url).unwrap();
        let login = address.login.as_ref();
        let login = login.map(|login| format!("{}/{}", login.user, login.password.reveal()));
        format!("{address} {login:?} {}", address.database)
    }

    #[test]
    fn a_url_says_where_and_how_to_be_let_in() {
        for (url, expected) in [
            ("redis://host", "redis://host:6379 None 0"),
            ("redis://host:1/", "redis://host:1 None 0"),
            (
                "redis://:p%40ss@[::1]:7/2",
                "redis://::1:7 Some(\"default/p@ss\") 2",
            ),
            ("rediss://u:p@host", "rediss://host:6379 Some(\"u/p\") 0"),
            ("unix:///run/r.sock", "unix:///run/r.sock None 0"),
            (
                "redis+unix:///r%20s?db=3&user=u&pass=p%26",
                "unix:///r s Some(\"u/p&\") 3",
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
            &long,
        ] {
            let why = Address::of_url(url).unwrap_err();
            assert!(!why.contains("s3cr3t"), "{why}");
        }
    }
}
