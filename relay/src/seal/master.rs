//! Where the master keys are: in a file, or in a variable of the environment. A file that the relay made itself, or is to
//! put a new key into, is its owner's alone.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{KEY_BYTES, Ring, RingError};
use crate::config::{self, Config, Credential, RedisAt};

const OWNERS: u32 = 0o600;
const OF_OTHERS: u32 = 0o077;

/// A place of master keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Master {
    Env(String),
    File(PathBuf),
    /// Beside the data of the relay's own Redis; made at first need.
    Own(PathBuf),
    /// There is none: the Redis is somebody else's, and nothing was said.
    Nowhere,
}

/// Why there are no master keys. The operator's fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MasterError {
    #[error(
        "stored secrets need a master key: say where it is in weir.toml ([secrets] master_key = \"file:PATH\"; \
         `openssl rand -hex 32` makes one)"
    )]
    Nowhere,
    #[error("the master key is to be in the environment variable {0}, which is not set")]
    Unset(String),
    #[error("cannot use the master key at {path}: {cause}")]
    Unusable { path: PathBuf, cause: io::Error },
    #[error("the master key at {path} can be read by others: chmod 600 it")]
    Open { path: PathBuf },
    #[error("the master key at {place} is of no use: {why}")]
    Malformed { place: String, why: RingError },
    #[error(
        "the master keys are in the environment variable {0}: put a new one before the others there, and run this again"
    )]
    NotOurs(String),
}

impl Master {
    pub(crate) fn of(config: &Config) -> Self {
        match (&config.master_key, &config.redis) {
            (Some(Credential::Env(name)), _) => Self::Env(name.clone()),
            (Some(Credential::File(path)), _) => Self::File(path.clone()),
            (Some(Credential::Literal(_)) | None, RedisAt::Given(_)) => Self::Nowhere,
            (Some(Credential::Literal(_)) | None, RedisAt::Own { .. }) => {
                Self::Own(config.data_dir.join("master.key"))
            }
        }
    }

    /// The keys that are there.
    pub(crate) fn read(&self) -> Result<Ring, MasterError> {
        let (text, place) = match self {
            Self::Nowhere => return Err(MasterError::Nowhere),
            Self::Env(name) => {
                let text = config::variable(name).map(Zeroizing::new);
                let text = text.ok_or_else(|| MasterError::Unset(name.clone()))?;
                (text, name.clone())
            }
            Self::File(path) => (text_of(path)?, path.display().to_string()),
            Self::Own(path) => {
                check_private(path)?;
                (text_of(path)?, path.display().to_string())
            }
        };
        Ring::read(&text).map_err(|why| MasterError::Malformed { place, why })
    }

    /// The keys, also where a first one has to be made for that.
    pub(crate) fn read_or_make(&self) -> Result<Ring, MasterError> {
        match self {
            Self::Own(path) if !path.exists() => {
                write_new(path, &Zeroizing::new(new_line()))?;
                tracing::info!(path = %path.display(), "a master key for stored secrets is made");
            }
            Self::Own(_) | Self::File(_) | Self::Env(_) | Self::Nowhere => {}
        }
        self.read()
    }

    /// Puts a new key before those that are there.
    pub(crate) fn renew(&self) -> Result<Ring, MasterError> {
        let path = match self {
            Self::Nowhere => return Err(MasterError::Nowhere),
            Self::Env(name) => return Err(MasterError::NotOurs(name.clone())),
            Self::File(path) | Self::Own(path) => path,
        };
        let before = text_of(path)?;
        let line = Zeroizing::new(new_line());
        let text = Zeroizing::new([line.as_str(), &before].concat());
        let beside = path.with_extension("new");
        // Left over where a renewal was interrupted before it could have been used.
        drop(fs::remove_file(&beside));
        write_new(&beside, &text)?;
        let renamed = fs::rename(&beside, path).and_then(|()| sync_directory(path));
        renamed.map_err(|cause| unusable(path, cause))?;
        self.read()
    }
}

fn unusable(path: &Path, cause: io::Error) -> MasterError {
    MasterError::Unusable {
        path: path.to_owned(),
        cause,
    }
}

/// Of a file that others gave, they decide who may read it.
fn check_private(path: &Path) -> Result<(), MasterError> {
    let found = fs::metadata(path).map_err(|cause| unusable(path, cause))?;
    match found.permissions().mode() & OF_OTHERS {
        0 => Ok(()),
        _ => Err(MasterError::Open {
            path: path.to_owned(),
        }),
    }
}

fn text_of(path: &Path) -> Result<Zeroizing<String>, MasterError> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    text.map_err(|cause| unusable(path, cause))
}

/// It is on the disk before anything can be sealed with it.
fn write_new(path: &Path, text: &str) -> Result<(), MasterError> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(OWNERS).open(path);
    let written = file.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        sync_directory(path)
    });
    written.map_err(|cause| unusable(path, cause))
}

fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = std::path::absolute(path)?;
    match directory.parent() {
        Some(directory) => fs::File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

fn new_line() -> String {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(&mut key[..]).expect("the operating system gives random bytes");
    let digits = Zeroizing::new(hex::encode(&key[..]));
    format!("{}\n", &*digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_key_is_made_at_need_and_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let own = Master::Own(path.clone());
        assert!(matches!(own.read(), Err(MasterError::Unusable { .. })));
        let made = own.read_or_make().expect("it is made").first();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, OWNERS);
        assert_eq!(own.read_or_make().expect("it is read").first(), made);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let why = own.read().err().expect("others can read it").to_string();
        assert!(why.contains("chmod 600"), "{why}");
    }

    #[test]
    fn a_renewed_file_has_the_new_key_first_and_keeps_the_old_ones() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let own = Master::Own(path.clone());
        let old = own.read_or_make().expect("it is made").first();
        // As an interrupted renewal leaves it.
        fs::write(path.with_extension("new"), "nonsense").unwrap();
        let renewed = own.renew().expect("it is renewed");
        assert_ne!(renewed.first(), old);
        let ids: Vec<_> = renewed.0.iter().map(|key| key.id).collect();
        assert_eq!(ids, [renewed.first(), old]);
        assert!(!path.with_extension("new").exists());
    }

    #[test]
    fn a_key_that_is_nowhere_is_asked_for() {
        let why = |master: Master| master.read_or_make().err().map(|error| error.to_string());
        assert!(why(Master::Nowhere).is_some_and(|why| why.contains("[secrets] master_key")));
        let file = why(Master::File("/nowhere/master.key".into()));
        assert!(file.is_some_and(|why| why.contains("/nowhere/master.key")));
    }
}
