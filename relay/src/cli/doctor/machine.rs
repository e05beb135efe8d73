//! What this machine gives a relay: open files, and files that only it can read.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use rustix::process::{Resource, getrlimit};

use super::Finding;
use crate::{
    config::{Config, RedisAt},
    seal::{Master, MasterError},
};

const OF_OTHERS: u32 = 0o007;
const OF_GROUP_AND_OTHERS: u32 = 0o077;
/// What a relay opens beside two connections for each request.
const BESIDE: u64 = 100;

pub(super) fn look(config: &Config, toml: &Path) -> Vec<Finding> {
    let mut findings = vec![open_files(config)];
    if holds_secrets(config) {
        findings.push(private(toml, OF_OTHERS, "it holds credentials"));
    }
    for files in config.tls.iter().chain(&config.operators.tls) {
        findings.push(private(&files.key, OF_OTHERS, "it is a private key"));
    }
    if let RedisAt::Own { .. } = config.redis
        && config.data_dir.exists()
    {
        let why = "it holds all state";
        findings.push(private(&config.data_dir, OF_GROUP_AND_OTHERS, why));
    }
    findings.extend(master_key(&Master::of(config)));
    findings
}

fn open_files(config: &Config) -> Finding {
    let most = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let wanted = 2 * config.connections.max as u64 + BESIDE;
    let what = "open files";
    match most >= wanted {
        true => Finding::ok(what, format!("{most} for {wanted}")),
        false => Finding::warn(
            what,
            format!("{most}, and connections.max may take {wanted}"),
            format!(
                "LimitNOFILE={wanted} in the unit, `ulimit -Hn {wanted}`, or a smaller connections.max"
            ),
        ),
    }
}

/// Whether a credential stands in the file itself.
fn holds_secrets(config: &Config) -> bool {
    let mut accounts = config.accounts.iter();
    accounts.any(|account| account.secrets().next().is_some())
}

/// `others` are the rights that nobody else is to have.
fn private(path: &Path, others: u32, why: &str) -> Finding {
    let what = format!("rights of {}", path.display());
    match fs::metadata(path) {
        Err(error) => Finding::fail(what, error.to_string(), "let the relay's user read it"),
        Ok(of) if of.permissions().mode() & others != 0 => Finding::warn(
            what,
            format!("{:o}", of.permissions().mode() & 0o777),
            format!("chmod o= it, or go= where nobody else needs it: {why}"),
        ),
        Ok(of) => Finding::ok(what, format!("{:o}", of.permissions().mode() & 0o777)),
    }
}

/// None where it is made at first need.
fn master_key(master: &Master) -> Option<Finding> {
    let what = "master key";
    match master.read() {
        Ok(_) => Some(Finding::ok(what, "it can be read")),
        Err(MasterError::Nowhere) => Some(Finding::warn(
            what,
            "none is given, so accounts can only be declared",
            "openssl rand -hex 32 > FILE; master_key = \"file:FILE\" in [secrets]",
        )),
        Err(error) => {
            let made_later = matches!(master, Master::Own(path) if !path.exists());
            let advice = "stored accounts cannot be used without it";
            (!made_later).then(|| Finding::fail(what, error.to_string(), advice))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Level, *};

    #[test]
    fn a_file_with_credentials_that_others_can_read_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let toml = dir.path().join("weir.toml");
        fs::write(&toml, "").unwrap();
        let text = "[accounts.a]\nkind = \"gemini\"\napi_key = \"sk\"";
        let config = Config {
            data_dir: dir.path().join("none"),
            ..Config::from_toml(text).unwrap()
        };
        let rights = |mode: u32| {
            fs::set_permissions(&toml, fs::Permissions::from_mode(mode)).unwrap();
            let findings = look(&config, &toml).into_iter();
            let mut findings = findings.filter(|it| it.what.starts_with("rights of"));
            findings.next().unwrap().level
        };
        assert_eq!((rights(0o644), rights(0o640)), (Level::Warn, Level::Ok));
    }
}
