//! `[redis]`: one server, a master that sentinels know, a Cluster, or a Redis of the relay's own.

use toml::Spanned;

use super::{Source, credential};
use crate::config::{
    Access, Address, ConfigError, Login, RedisAt, Servers, Tls,
    shape::{List, Redis},
};

const SENTINEL_PORT: u16 = 26379;
const CLUSTER_PORT: u16 = 6379;

pub(super) fn redis_from(source: &Source<'_>, redis: Redis) -> Result<RedisAt, ConfigError> {
    check(source, &redis)?;
    let access = access(source, &redis)?;
    if let Some(url) = &redis.url {
        let address = Address::of_url(url.get_ref());
        let mut address = address.map_err(|why| source.error(url.span().start, why))?;
        address.access.login = access.login.or(address.access.login);
        if let Some(tls) = &mut address.access.tls {
            tls.ca = redis.ca.map(Spanned::into_inner);
        }
        return Ok(RedisAt::Given(Servers::One(address)));
    }
    if let Some(cluster) = &redis.cluster {
        let servers = servers(source, cluster, CLUSTER_PORT, &access)?;
        return Ok(RedisAt::Given(Servers::Cluster(servers)));
    }
    if let (Some(sentinels), Some(master)) = (&redis.sentinels, &redis.master) {
        let (user, password) = (&redis.sentinel_username, &redis.sentinel_password);
        let to_sentinels = Access {
            login: login(source, user, password)?,
            ..access.clone()
        };
        return Ok(RedisAt::Given(Servers::Sentinel {
            sentinels: servers(source, sentinels, SENTINEL_PORT, &to_sentinels)?,
            master: master.get_ref().as_str().into(),
            access,
        }));
    }
    Ok(RedisAt::Own {
        server: redis.server.unwrap_or_else(|| "redis-server".into()),
        when_public: redis.embedded.is_some(),
    })
}

/// What cannot stand together, and what cannot stand alone.
fn check(source: &Source<'_>, redis: &Redis) -> Result<(), ConfigError> {
    let url = redis.url.as_ref().map(|url| ("url", url.span()));
    let sentinels = redis.sentinels.as_ref();
    let sentinels = sentinels.map(|list| ("sentinels", list.span()));
    let cluster = redis.cluster.as_ref();
    let cluster = cluster.map(|list| ("cluster", list.span()));
    let given: Vec<_> = [url, sentinels, cluster].into_iter().flatten().collect();
    if let [(first, _), (_, other), ..] = &given[..] {
        let why = format!("cannot stand beside `{first}`");
        return Err(source.error(other.start, why));
    }
    if let Some(embedded) = &redis.embedded {
        let why = match (embedded.get_ref(), given.first()) {
            (true, Some((first, _))) => format!("cannot be true beside `{first}`"),
            (false, None) => "cannot be false without a `url`".to_owned(),
            (true, None) | (false, Some(_)) => return Ok(()),
        };
        return Err(source.error(embedded.span().start, why));
    }
    match (&redis.sentinels, &redis.master) {
        (Some(sentinels), None) => Err(source.error(
            sentinels.span().start,
            "needs `master`, the name by which they know it",
        )),
        (None, Some(master)) => Err(source.error(master.span().start, "needs `sentinels`")),
        (Some(_), Some(_)) | (None, None) => Ok(()),
    }
}

fn access(source: &Source<'_>, redis: &Redis) -> Result<Access, ConfigError> {
    let by_url = redis.url.as_ref();
    let is_tls = match (by_url, &redis.tls) {
        (Some(_), Some(tls)) => {
            let why = "a `url` says so itself: rediss://host:port";
            return Err(source.error(tls.span().start, why));
        }
        (Some(url), None) => url.get_ref().starts_with("rediss:"),
        (None, tls) => tls.as_ref().is_some_and(|tls| *tls.get_ref()),
    };
    if let (false, Some(ca)) = (is_tls, &redis.ca) {
        return Err(source.error(ca.span().start, "is of no use without TLS"));
    }
    Ok(Access {
        login: login(source, &redis.username, &redis.password)?,
        tls: is_tls.then(|| Tls {
            ca: redis.ca.as_ref().map(|ca| ca.get_ref().clone()),
        }),
        database: 0,
    })
}

fn login(
    source: &Source<'_>,
    user: &Option<Spanned<String>>,
    password: &Option<Spanned<String>>,
) -> Result<Option<Login>, ConfigError> {
    match (user, password) {
        (None, None) => Ok(None),
        (Some(user), None) => Err(source.error(user.span().start, "needs a password")),
        (user, Some(password)) => {
            let at = password.span().start;
            let password = credential(password.get_ref()).map_err(|why| source.error(at, why))?;
            let user = user.as_ref().map(|user| user.get_ref().as_str());
            Ok(Some(Login::new(user, password)))
        }
    }
}

fn servers(
    source: &Source<'_>,
    list: &Spanned<List>,
    port: u16,
    access: &Access,
) -> Result<Vec<Address>, ConfigError> {
    if list.get_ref().is_empty() {
        return Err(source.error(list.span().start, "names no server"));
    }
    let server = |text: &Spanned<String>| {
        Address::of_server(text.get_ref(), port, access.clone())
            .map_err(|why| source.error(text.span().start, why))
    };
    list.get_ref().iter().map(server).collect()
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn shown(redis: &str) -> String {
        let config = Config::from_toml(&format!("[redis]\n{redis}"));
        config.map_or_else(
            |error| error.to_string(),
            |config| format!("{:?}", config.redis),
        )
    }

    #[test]
    fn there_are_four_ways_to_a_redis() {
        for (redis, expected) in [
            ("", "Own { server: \"redis-server\", when_public: false }"),
            ("url = \"redis://host\"", "Given(redis://host:6379)"),
            (
                "sentinels = [\"a\", \"b:1\"]\nmaster = \"m\"\nusername = \"u\"\npassword = \"p\"",
                "Given(`m` of the sentinels redis://a:26379, redis://b:1)",
            ),
            (
                "cluster = [\"a:1\"]\ntls = true\nca = \"ca.pem\"\npassword = \"env:P\"",
                "Given(the Cluster of rediss://a:1)",
            ),
        ] {
            assert_eq!(shown(redis), expected);
        }
    }

    #[test]
    fn what_cannot_be_names_its_line() {
        for (redis, expected) in [
            (
                "url = \"http://x\"",
                "line 2: url: must be redis://host:port, rediss://host:port or unix:///path/to/socket",
            ),
            (
                "url = \"redis://x\"\nembedded = true",
                "line 3: embedded: cannot be true beside `url`",
            ),
            (
                "embedded = false",
                "line 2: embedded: cannot be false without a `url`",
            ),
            (
                "url = \"redis://x\"\ncluster = [\"x\"]",
                "line 3: cluster: cannot stand beside `url`",
            ),
            (
                "sentinels = [\"x\"]",
                "line 2: sentinels: needs `master`, the name by which they know it",
            ),
            ("master = \"x\"", "line 2: master: needs `sentinels`"),
            ("cluster = []", "line 2: cluster: names no server"),
            (
                "cluster = [\n  \"a:1\",\n  \"b:x\"]",
                "line 4: must be host:port",
            ),
            ("username = \"x\"", "line 2: username: needs a password"),
            (
                "url = \"redis://x\"\nca = \"x\"",
                "line 3: ca: is of no use without TLS",
            ),
            (
                "url = \"redis://x\"\ntls = true",
                "line 3: tls: a `url` says so itself: rediss://host:port",
            ),
            (
                "password = \"env:\"",
                "line 2: password: must be env:NAME, file:PATH, or the text itself",
            ),
        ] {
            assert_eq!(shown(redis), format!("weir.toml {expected}"));
        }
    }
}
