//! A child process that never outlives the tests: it is killed when its value is dropped,
//! and by the kernel when the test program dies. Its output goes to a file, shown when the test fails.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, Mutex, mpsc};

use crate::eventually::eventually;

/// How much of the log a failed test shows.
const SHOWN_LINES: usize = 200;

#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    /// Starts the command with no input; standard output and error are appended to `log`.
    pub fn start(mut command: Command, log: &Path) -> io::Result<Self> {
        let out = OpenOptions::new().create(true).append(true).open(log)?;
        let err: File = out.try_clone()?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        die_with_parent(&mut command);
        Ok(Self {
            name: command.get_program().to_string_lossy().into_owned(),
            child: spawn(command)?,
            log: log.to_owned(),
        })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child
            .try_wait()
            .expect("a child of ours can be waited for")
    }

    /// SIGKILL, and wait until it is gone. Nothing when it has ended already.
    pub fn kill(&mut self) {
        if self.exit_status().is_none() {
            self.child.kill().expect("a child of ours can be killed");
            self.child
                .wait()
                .expect("a child of ours can be waited for");
        }
    }

    /// SIGTERM, and how it ended.
    ///
    /// # Panics
    /// When it does not end.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(rustix::process::Signal::TERM);
        let what = format!("{} ends after SIGTERM", self.name);
        eventually(&what, || {
            self.exit_status().ok_or_else(|| "still running".to_owned())
        })
    }

    /// Sends a signal, unless it has ended already.
    pub fn signal(&mut self, signal: rustix::process::Signal) {
        if self.exit_status().is_none() {
            let pid = rustix::process::Pid::from_child(&self.child);
            rustix::process::kill_process(pid, signal).expect("a child of ours can be signalled");
        }
    }

    /// All that it has printed until now.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
            eprintln!("--- log of {} ---\n{}\n---", self.name, last.join("\n"));
        }
    }
}

fn die_with_parent(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt as _;
        // SAFETY: between fork and exec the closure makes one system call and allocates nothing.
        unsafe {
            command.pre_exec(|| {
                let killed = Some(rustix::process::Signal::KILL);
                rustix::process::set_parent_process_death_signal(killed).map_err(io::Error::from)
            });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Starts the command from a thread that lives as long as the program: the kernel sends the death signal
/// when the *thread* that started a child ends, and the caller may be on one of tokio's that come and go.
fn spawn(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static ORDERS: LazyLock<Mutex<mpsc::Sender<Order>>> = LazyLock::new(|| {
        let (orders, received) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in received {
                // The caller waits for the answer, so it is there to take it.
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });

    let (answer, answered) = mpsc::channel();
    ORDERS
        .lock()
        .expect("sending an order does not panic")
        .send((command, answer))
        .expect("the starting thread ends with the program");
    answered
        .recv()
        .expect("the starting thread answers every order")
}
