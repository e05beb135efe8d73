//! A `redis-server` of the relay's own: module loaded, private socket, data on disk, started again when it dies, and
//! never left behind. A lock file, which the server holds as well, keeps a second one away from the same data.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use rustix::{
    io::{FdFlags, fcntl_setfd},
    process::{Pid, Signal, getppid, kill_process, set_parent_process_death_signal},
};
use tokio::{
    net::UnixStream,
    process::{Child, Command},
    sync::Notify,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::config::{Address, Servers};

/// The kernel's bound on the path of a unix socket.
pub(crate) const LONGEST_SOCKET_PATH: usize = 107;
const MODULE: &str = "libweir.so";
const UP_WITHIN: Duration = Duration::from_secs(30);
const DOWN_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A running server. Dropped without `stop`, it is killed.
#[derive(Debug)]
pub(crate) struct Embedded {
    socket: PathBuf,
    stop: Arc<Notify>,
    keeper: JoinHandle<()>,
}

/// Why there is no server. The operator's fault.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error("cannot use the data directory {path}: {cause}")]
    Directory { path: PathBuf, cause: io::Error },
    #[error("{path} is in use by another weir, which keeps its Redis there")]
    InUse { path: PathBuf },
    #[error(
        "data_dir is too deep for a unix socket: {path} has {length} bytes, at most {LONGEST_SOCKET_PATH} are possible; choose a shorter data_dir"
    )]
    TooDeep { path: PathBuf, length: usize },
    #[error(
        "Weir's module is not at {path}: build it, or say where it is ([module] path in weir.toml, WEIR_MODULE_PATH)"
    )]
    NoModule { path: PathBuf },
    #[error(
        "cannot start {program:?}: {cause}; install redis-server, or name a running Redis ([redis] url in weir.toml, WEIR_REDIS_URL)"
    )]
    Program { program: PathBuf, cause: io::Error },
    #[error("redis-server did not come up; the end of {log}:\n{tail}")]
    Died { log: PathBuf, tail: String },
}

/// How a server is started, each time anew.
#[derive(Debug)]
struct Launch {
    program: PathBuf,
    arguments: Vec<OsString>,
    directory: PathBuf,
    socket: PathBuf,
    lock: File,
}

/// Where the server of this data directory listens.
pub(crate) fn socket(data_dir: &Path) -> io::Result<PathBuf> {
    Ok(std::path::absolute(data_dir)?
        .join("redis")
        .join("redis.sock"))
}

/// How the server of this data directory is reached.
pub(crate) fn servers(socket: PathBuf) -> Servers {
    Servers::One(Address::of_socket(socket))
}

impl Embedded {
    pub(crate) async fn start(
        program: &Path,
        module: Option<&Path>,
        data_dir: &Path,
    ) -> Result<Self, EmbeddedError> {
        let refused = |cause| EmbeddedError::Directory {
            path: data_dir.to_owned(),
            cause,
        };
        let socket = socket(data_dir).map_err(refused)?;
        let directory = socket
            .parent()
            .expect("the socket lies in a directory")
            .to_owned();
        let length = socket.as_os_str().len();
        if length > LONGEST_SOCKET_PATH {
            return Err(EmbeddedError::TooDeep {
                path: socket,
                length,
            });
        }
        let module = find_module(module)?;
        make_private(&directory).map_err(refused)?;
        let lock = lock(&directory)?;
        let launch = Launch {
            program: program.to_owned(),
            arguments: arguments(&directory, &socket, &module),
            directory,
            socket: socket.clone(),
            lock,
        };
        let child = launch.run().await?;
        tracing::info!(redis.socket = %socket.display(), "a Redis of the relay's own is up");
        let stop = Arc::new(Notify::new());
        let keeper = tokio::spawn(keep(launch, child, Arc::clone(&stop)));
        Ok(Self {
            socket,
            stop,
            keeper,
        })
    }

    pub(crate) fn servers(&self) -> Servers {
        servers(self.socket.clone())
    }

    /// Lets the server write what it has to, and ends it.
    pub(crate) async fn stop(mut self) {
        self.stop.notify_one();
        drop((&mut self.keeper).await);
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Launch {
    /// Starts the server and waits until it listens.
    async fn run(&self) -> Result<Child, EmbeddedError> {
        let mut child = self.spawn().map_err(|cause| EmbeddedError::Program {
            program: self.program.clone(),
            cause,
        })?;
        let deadline = Instant::now() + UP_WITHIN;
        while UnixStream::connect(&self.socket).await.is_err() {
            if !matches!(child.try_wait(), Ok(None)) || Instant::now() > deadline {
                let log = self.directory.join("redis.log");
                return Err(EmbeddedError::Died {
                    tail: tail(&log),
                    log,
                });
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(child)
    }

    fn spawn(&self) -> io::Result<Child> {
        match fs::remove_file(&self.socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command.current_dir(&self.directory);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Ctrl-C in a terminal is for the relay, which then stops its server in order.
        command.process_group(0).kill_on_drop(true);
        let parent = rustix::process::getpid();
        let lock = self.lock.try_clone()?;
        // SAFETY: between fork and exec the closure only makes system calls; it allocates nothing and takes no lock.
        unsafe {
            command.pre_exec(move || {
                // A server that outlives the relay still ends by removing its socket: until then nobody else may listen.
                fcntl_setfd(&lock, FdFlags::empty())?;
                set_parent_process_death_signal(Some(Signal::TERM))?;
                // The relay may have died before the kernel was told.
                if getppid() == Some(parent) {
                    Ok(())
                } else {
                    Err(io::ErrorKind::Other.into())
                }
            });
        }
        command.spawn()
    }
}

/// Waits beside the server: starts it again when it dies, ends it when told.
async fn keep(launch: Launch, mut child: Child, stop: Arc<Notify>) {
    loop {
        tokio::select! {
            () = stop.notified() => return end(child).await,
            status = child.wait() => {
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                tracing::error!(status, "the relay's Redis died and is started again");
            }
        }
        tokio::select! {
            () = stop.notified() => return,
            started = start_again(&launch) => child = started,
        }
    }
}

async fn start_again(launch: &Launch) -> Child {
    let mut pause = FIRST_PAUSE;
    loop {
        sleep(pause).await;
        match launch.run().await {
            Ok(child) => return child,
            Err(error) => tracing::error!(%error, "the relay's Redis does not start"),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn end(mut child: Child) {
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if let Some(pid) = pid
        && let Err(error) = kill_process(pid, Signal::TERM)
    {
        tracing::warn!(%error, "the relay's Redis could not be told to stop");
    }
    if timeout(DOWN_WITHIN, child.wait()).await.is_err() {
        tracing::warn!("the relay's Redis did not stop in time and is killed");
    }
}

fn find_module(configured: Option<&Path>) -> Result<PathBuf, EmbeddedError> {
    let beside = || {
        let program = std::env::current_exe().unwrap_or_default();
        program.parent().unwrap_or(Path::new("")).join(MODULE)
    };
    let path = configured.map_or_else(beside, Path::to_owned);
    match std::path::absolute(&path) {
        Ok(absolute) if absolute.is_file() => Ok(absolute),
        _ => Err(EmbeddedError::NoModule { path }),
    }
}

fn make_private(directory: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
}

/// Held by this relay and by each server it starts, until the last of them has ended.
fn lock(directory: &Path) -> Result<File, EmbeddedError> {
    let path = directory.join("lock");
    let refused = |cause| EmbeddedError::Directory {
        path: path.clone(),
        cause,
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedError::InUse {
            path: directory.to_owned(),
        }),
        Err(TryLockError::Error(cause)) => Err(refused(cause)),
    }
}

fn arguments(directory: &Path, socket: &Path, module: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    let mut set = |name: &str, value: &OsStr| {
        arguments.push(format!("--{name}").into());
        arguments.push(value.to_owned());
    };
    set("port", "0".as_ref());
    set("unixsocket", socket.as_os_str());
    set("unixsocketperm", "700".as_ref());
    set("dir", directory.as_os_str());
    set("logfile", "redis.log".as_ref());
    set("daemonize", "no".as_ref());
    set("appendonly", "yes".as_ref());
    set("save", "".as_ref());
    set("maxmemory-policy", "noeviction".as_ref());
    for lazyfree in [
        "lazy-expire",
        "lazy-eviction",
        "lazy-server-del",
        "lazy-user-del",
    ] {
        set(&format!("lazyfree-{lazyfree}"), "yes".as_ref());
    }
    set("loadmodule", module.as_os_str());
    arguments
}

fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_outlives_its_relay_keeps_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let launch = Launch {
            program: "sleep".into(),
            arguments: vec!["600".into()],
            directory: directory.path().to_owned(),
            socket: directory.path().join("redis.sock"),
            lock: lock(directory.path()).unwrap(),
        };
        let mut server = launch.spawn().unwrap();
        drop(launch);
        assert!(matches!(
            lock(directory.path()),
            Err(EmbeddedError::InUse { .. })
        ));
        server.kill().await.unwrap();
        lock(directory.path()).unwrap();
    }
}
