//! The program as a process, in a home of its own.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use testkit::Database;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rapport");

/// A state folder and a database of its own.
pub struct Home {
    pub folder: PathBuf,
    pub database: Database,
}

/// A running suite; killed when dropped.
pub struct Suite {
    pub process: Child,
    pub address: String,
    pub admin: String,
}

impl Home {
    pub async fn empty(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("rapport-process-{name}-{}", std::process::id()));
        Self { folder, database: Database::for_suite(&[]).await }
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RAPPORT_")) {
            command.env_remove(name);
        }
        command.env_remove("REDIS_URL").env("DATABASE_URL", self.database.url());
        command.env("RAPPORT_STATE_DIR", &self.folder).args(words);
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program runs")
    }

    /// Starts the suite and waits for its line.
    pub fn serve(&self, words: &[&str]) -> Suite {
        let anywhere = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
        let mut process = self
            .command(&[words, &anywhere].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let ready = lines.map_while(Result::ok).find(|line| line.trim_start().starts_with("ready"));
        let ready = ready.expect("it says that it is ready");
        let after = |word: &str| {
            let mut words = ready.split_whitespace().skip_while(|one| *one != word);
            words.nth(1).expect("an address").to_owned()
        };
        Suite { address: after("grpc"), admin: after("admin"), process }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

impl Suite {
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.process.id().to_string()]).status();
        assert!(sent.expect("kill is everywhere").success());
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn get(address: &str, path: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).expect("the admin port answers");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("it takes a question");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}
