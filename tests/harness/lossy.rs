//! A way to a Redis that breaks at a bad moment: what was asked is done, and the connection breaks before that can be
//! heard; or it breaks with what was asked still on its way, which then comes late or never.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::redis::Redis;

const PIECE: usize = 1 << 18;

/// Ends with the test.
#[derive(Debug)]
pub struct Lossy {
    path: PathBuf,
    plan: Arc<Mutex<Plan>>,
    listener: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Plan {
    /// What gets lost next, by a word in the commands.
    words: Vec<(Vec<u8>, What)>,
    lost: usize,
    /// Who is late may go on.
    go_on: Arc<Notify>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Answers,
    Commands,
    /// Answers, of commands that are held up.
    Time,
}

impl Lossy {
    /// # Panics
    /// When its socket cannot be made.
    pub fn start(redis: &Redis) -> Self {
        let (path, server) = (redis.dir().join("lossy"), redis.socket());
        let listener = UnixListener::bind(&path).expect("the test's directory can be written to");
        let plan = Arc::new(Mutex::new(Plan::default()));
        let listener = tokio::spawn(listen(listener, server, Arc::clone(&plan)));
        Self {
            path,
            plan,
            listener,
        }
    }

    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.path.display())
    }

    /// The next answer to commands with this word in them gets lost.
    pub fn lose_answer_to(&self, word: &str) {
        self.lose(word, What::Answers);
    }

    /// The next commands with this word in them get lost themselves.
    pub fn lose_commands_with(&self, word: &str) {
        self.lose(word, What::Commands);
    }

    /// The next commands with this word in them come to Redis only when they are let through, long after their connection
    /// has broken.
    pub fn hold_up(&self, word: &str) {
        self.lose(word, What::Time);
    }

    pub fn let_through(&self) {
        lock(&self.plan).go_on.notify_one();
    }

    fn lose(&self, word: &str, what: What) {
        lock(&self.plan)
            .words
            .push((word.as_bytes().to_vec(), what));
    }

    /// How often something was lost.
    pub fn lost(&self) -> usize {
        lock(&self.plan).lost
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Plan {
    /// What of these commands gets lost, if anything.
    fn loses(&mut self, commands: &[u8]) -> Option<What> {
        let has = |(word, _): &(Vec<u8>, What)| {
            let mut places = commands.windows(word.len());
            places.any(|place| place == word.as_slice())
        };
        let at = self.words.iter().position(has)?;
        Some(self.words.remove(at).1)
    }
}

fn lock(plan: &Mutex<Plan>) -> std::sync::MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(listener: UnixListener, server: PathBuf, plan: Arc<Mutex<Plan>>) {
    while let Ok((client, _)) = listener.accept().await {
        let (server, plan) = (server.clone(), Arc::clone(&plan));
        tokio::spawn(async move { pass(client, &server, &plan).await });
    }
}

/// Until one side hangs up, or an answer is to be lost.
async fn pass(mut client: UnixStream, server: &Path, plan: &Mutex<Plan>) -> std::io::Result<()> {
    let mut server = UnixStream::connect(server).await?;
    let (mut asked, mut answered) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let commands = &asked[..read?];
                if commands.is_empty() {
                    return Ok(());
                }
                let loses = lock(plan).loses(commands);
                if loses == Some(What::Time) {
                    drop(client);
                    return come_late(server, commands, plan).await;
                }
                if loses != Some(What::Commands) {
                    server.write_all(commands).await?;
                }
                if loses == Some(What::Answers) {
                    // It answers when it has done all of it.
                    server.readable().await?;
                }
                if loses.is_some() {
                    // Lost is what can be seen to be.
                    drop(client);
                    lock(plan).lost += 1;
                    return Ok(());
                }
            }
            read = server.read(&mut answered) => {
                let answers = &answered[..read?];
                if answers.is_empty() {
                    return Ok(());
                }
                client.write_all(answers).await?;
            }
        }
    }
}

async fn come_late(
    mut server: UnixStream,
    commands: &[u8],
    plan: &Mutex<Plan>,
) -> std::io::Result<()> {
    let go_on = {
        let mut plan = lock(plan);
        plan.lost += 1;
        Arc::clone(&plan.go_on)
    };
    go_on.notified().await;
    server.write_all(commands).await?;
    server.readable().await
}
