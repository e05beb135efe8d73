//! A program in a terminal of its own, whose size changes as that of a window does.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::Result;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::eventually::eventually;

/// Ends with the value.
#[derive(Debug)]
pub struct Terminal {
    program: Child,
    window: File,
    drawn: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// With so many columns and rows. `setsid` makes it the program's own, which is how it hears of a new size.
    ///
    /// # Panics
    /// When there is no terminal, or the program does not start.
    pub fn start(words: &[&str], (columns, rows): (u16, u16)) -> Self {
        Self::try_start(words, (columns, rows)).expect("a program starts in a terminal")
    }

    fn try_start(words: &[&str], size: (u16, u16)) -> Result<Self> {
        let window = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&window)?;
        unlockpt(&window)?;
        resize(&window, size)?;
        let inner: OwnedFd = ioctl_tiocgptpeer(&window, OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        let program = Command::new("setsid")
            .arg("--ctty")
            .args(words)
            .env("TERM", "xterm-256color")
            .stdin(inner.try_clone()?)
            .stdout(inner)
            .stderr(Stdio::inherit())
            .spawn()?;
        let window = File::from(window);
        let drawn = Arc::<Mutex<Vec<u8>>>::default();
        let (mut from, into) = (window.try_clone()?, Arc::clone(&drawn));
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // Nobody is in the terminal any more: that is an error here.
            while let Ok(count @ 1..) = from.read(&mut piece) {
                let mut drawn = into.lock().unwrap_or_else(PoisonError::into_inner);
                drawn.extend_from_slice(&piece[..count]);
            }
        });
        Ok(Self {
            program,
            window,
            drawn,
            reader: Some(reader),
        })
    }

    /// # Panics
    /// When the terminal has no size.
    pub fn resize(&self, columns: u16, rows: u16) {
        resize(&self.window, (columns, rows)).expect("a terminal has a size");
    }

    /// # Panics
    /// When nobody can be typed to.
    pub fn type_in(&mut self, keys: &str) {
        let typed = self.window.write_all(keys.as_bytes());
        typed.expect("a terminal takes what is typed");
    }

    /// What was drawn since it was asked before, once that holds these words. What follows them is not asked for again.
    ///
    /// # Panics
    /// When they are not drawn.
    #[track_caller]
    pub fn until(&self, words: &str) -> String {
        let drawn = eventually("it is drawn", || {
            let drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
            let text = String::from_utf8_lossy(&drawn).into_owned();
            match text.contains(words) {
                true => Ok(text),
                false => Err(text.escape_debug().to_string()),
            }
        });
        let mut seen = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clear();
        drawn
    }

    /// How it ended.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        eventually("it ends", || {
            let ended = self.program.try_wait().expect("it is ours");
            ended.ok_or_else(|| "it runs".to_owned())
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.program.kill());
        drop(self.program.wait());
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
    }
}

fn resize(window: impl std::os::fd::AsFd, (columns, rows): (u16, u16)) -> Result<()> {
    let size = Winsize {
        ws_col: columns,
        ws_row: rows,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(tcsetwinsize(window, size)?)
}
