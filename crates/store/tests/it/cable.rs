//! A cable to the database that breaks around a commit.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use testkit::Database;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What a broken cable keeps.
#[derive(Clone, Copy, Debug)]
pub enum Lost {
    /// The commit never reaches the database.
    Commit,
    /// It does, and the answer never comes.
    Answer,
}

/// What is between a service and its database.
pub struct Cable {
    url: String,
    breaks: Arc<Mutex<VecDeque<Lost>>>,
}

impl Cable {
    pub async fn lay(database: &Database) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let here = listener.local_addr().expect("it is bound").to_string();
        let (user, rest) = database.url().split_once('@').expect("a user is named");
        let (there, name) = rest.split_once('/').expect("a database is named");
        let (url, there) = (format!("{user}@{here}/{name}"), there.to_owned());
        let breaks = Arc::new(Mutex::default());
        let next = Arc::clone(&breaks);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if let Ok(server) = TcpStream::connect(&there).await {
                    connect(client, server, Arc::clone(&next));
                }
            }
        });
        Self { url, breaks }
    }

    /// The database's URL at this end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it breaks at the next commits, in these ways.
    pub fn breaks_at_commits(&self, ways: impl IntoIterator<Item = Lost>) {
        self.breaks.lock().expect("whole").extend(ways);
    }

    /// Whether it has broken as often as it was to.
    pub fn has_broken(&self) -> bool {
        self.breaks.lock().expect("whole").is_empty()
    }
}

fn connect(client: TcpStream, server: TcpStream, breaks: Arc<Mutex<VecDeque<Lost>>>) {
    let ((asks, answered), (answers, asked)) = (client.into_split(), server.into_split());
    let silent = Arc::new(AtomicBool::new(false));
    tokio::spawn(back(answers, answered, Arc::clone(&silent)));
    tokio::spawn(forth(asks, asked, breaks, silent));
}

/// Passes answers on, until they are not to be heard any more. Ending closes its end of the line.
async fn back(mut answers: OwnedReadHalf, mut answered: OwnedWriteHalf, silent: Arc<AtomicBool>) {
    let mut said = vec![0; 64 << 10];
    while let Ok(length @ 1..) = answers.read(&mut said).await {
        if silent.load(Ordering::SeqCst) || answered.write_all(&said[..length]).await.is_err() {
            return;
        }
    }
}

async fn forth(
    mut asks: OwnedReadHalf,
    mut asked: OwnedWriteHalf,
    breaks: Arc<Mutex<VecDeque<Lost>>>,
    silent: Arc<AtomicBool>,
) {
    let mut said = vec![0; 64 << 10];
    while let Ok(length @ 1..) = asks.read(&mut said).await {
        let commits = said[..length].windows(6).any(|word| word == b"COMMIT");
        let lost = commits.then(|| breaks.lock().expect("whole").pop_front()).flatten();
        silent.store(lost.is_some(), Ordering::SeqCst);
        if matches!(lost, Some(Lost::Commit)) || asked.write_all(&said[..length]).await.is_err() {
            return;
        }
    }
}
