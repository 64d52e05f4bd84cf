//! The crate's promises, kept with real servers in throw-away folders.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use backing::Stopped;
use backing::postgres::{self, Durability, Programs};
use backing::redis;

/// A folder that disappears with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("backing-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn pid(&self) -> String {
        let text = std::fs::read_to_string(self.0.join("data/postmaster.pid")).unwrap();
        text.lines().next().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn ask(url: &str, sql: &str) -> String {
    let programs = Programs::all().remove(0);
    let output = programs.command("psql").args(["-X", "-A", "-t", "-c", sql, url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn kill(pid: &str) {
    assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
}

/// Whether the process ended. What is left of it until its parent asks for its exit status has no command line.
fn is_gone(pid: &str) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).map_or(true, |line| line.is_empty())
}

#[test]
fn postgres_keeps_its_data_and_its_port_from_run_to_run() {
    let folder = Folder::new("kept");
    let told = Mutex::new(Vec::new());
    let tell = |what: &str, how: &str| told.lock().unwrap().push(format!("{what}: {how}"));

    let first = postgres::private_telling(&folder.0, Durability::Kept, &tell).unwrap();
    let shop = first.ensure_database("shop").unwrap();
    ask(&shop, "CREATE TABLE member (name text); INSERT INTO member VALUES ('王淑芬')");
    let port = first.port();
    assert_eq!(first.stop().unwrap(), Stopped::Stopped);

    let second = postgres::private_telling(&folder.0, Durability::Kept, &tell).unwrap();
    assert_eq!(second.port(), port);
    assert_eq!(second.ensure_database("shop").unwrap(), shop);
    assert_eq!(ask(&shop, "SELECT name FROM member"), "王淑芬");
    assert_eq!(ask(&shop, "SHOW fsync"), "on");

    let told = told.into_inner().unwrap();
    let version = format!("PostgreSQL {}: ", second.version());
    assert!(told[0].starts_with(&version) && told[0].contains("found, new private cluster in"), "{told:?}");
    assert!(told[1].contains("found, private cluster in") && told[1].ends_with(&format!("(port {port})")), "{told:?}");
}

#[test]
fn postgres_killed_under_us_comes_back_with_its_data() {
    let folder = Folder::new("killed");
    let first = postgres::private(&folder.0, Durability::Kept).unwrap();
    ask(&first.url(), "CREATE TABLE kept AS SELECT 1 AS one");
    kill(&folder.pid());
    // The first holder still lives, as another process of ours would.
    let second = postgres::private(&folder.0, Durability::Kept).unwrap();
    assert_eq!(ask(&second.url(), "SELECT one FROM kept"), "1");
    assert_eq!(first.stop().unwrap(), Stopped::StillUsed);
    assert_eq!(second.stop().unwrap(), Stopped::Stopped);
}

#[test]
fn a_server_that_is_crashed_on_purpose_comes_back_where_it_was() {
    let folder = Folder::new("crashed");
    let first = postgres::private(&folder.0.join("pg"), Durability::Kept).unwrap();
    ask(&first.url(), "CREATE TABLE kept AS SELECT 1 AS one");
    assert_eq!(first.crash().unwrap(), Stopped::Stopped);
    assert_eq!(first.crash().unwrap(), Stopped::NotRunning);
    let second = postgres::private(&folder.0.join("pg"), Durability::Kept).unwrap();
    assert_eq!((second.url(), ask(&second.url(), "SELECT one FROM kept")), (first.url(), "1".to_owned()));

    let first = redis::private(&folder.0.join("redis")).unwrap();
    assert_eq!(first.crash().unwrap(), Stopped::Stopped);
    assert_eq!(first.crash().unwrap(), Stopped::NotRunning);
    let second = redis::private(&folder.0.join("redis")).unwrap();
    assert_eq!(second.keys().unwrap(), 0);
    assert_eq!(second.url(), first.url(), "whoever used it finds it again");
}

#[test]
fn a_pid_that_now_belongs_to_another_program_is_seen_as_stale() {
    let folder = Folder::new("recycled");
    let first = postgres::private(&folder.0, Durability::Thrown).unwrap();
    first.stop().unwrap();
    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    let forged = format!("{}\n{}\n1\n1\n\n127.0.0.1\n\nready\n", other.id(), folder.0.join("data").display());
    std::fs::write(folder.0.join("data/postmaster.pid"), forged).unwrap();
    let second = postgres::private(&folder.0, Durability::Thrown).unwrap();
    assert_eq!(ask(&second.url(), "SELECT 1"), "1");
    assert!(other.try_wait().unwrap().is_none(), "the other program was left alone");
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_folder_is_one_place_however_its_path_is_written() {
    let folder = Folder::new("roundabout");
    std::fs::create_dir_all(&folder.0).unwrap();
    let name = folder.0.file_name().unwrap();
    let roundabout = folder.0.join("..").join(name);
    let first = postgres::private(&roundabout, Durability::Thrown).unwrap();
    let pid = folder.pid();
    let second = postgres::private(&folder.0, Durability::Thrown).unwrap();
    let third = postgres::private(&roundabout, Durability::Thrown).unwrap();
    assert_eq!([first.url(), second.url()], [third.url(), third.url()]);
    assert_eq!(folder.pid(), pid, "the running server was recognised and not taken for another program");
    for (server, stopped) in [(first, Stopped::StillUsed), (second, Stopped::StillUsed), (third, Stopped::Stopped)] {
        assert_eq!(server.stop().unwrap(), stopped);
    }
}

#[test]
fn an_interrupted_creation_is_begun_again() {
    let folder = Folder::new("half");
    std::fs::create_dir_all(folder.0.join("data/base")).unwrap();
    std::fs::write(folder.0.join("data/PG_VERSION"), "15\n").unwrap();
    let server = postgres::private(&folder.0, Durability::Thrown).unwrap();
    assert_eq!(ask(&server.url(), "SHOW fsync"), "off");
}

#[test]
fn postgres_opened_many_times_at_once_is_one_server_and_the_last_stops_it() {
    let folder = Folder::new("at-once");
    let servers: Vec<_> = thread::scope(|scope| {
        let opened: Vec<_> =
            (0..6).map(|_| scope.spawn(|| postgres::private(&folder.0, Durability::Thrown).unwrap())).collect();
        opened.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let pid = folder.pid();
    assert!(servers.iter().all(|one| one.url() == servers[0].url()));
    assert_eq!(postgres::discard(&folder.0).unwrap(), Stopped::StillUsed);
    let mut stopped: Vec<_> = servers.into_iter().map(|one| one.stop().unwrap()).collect();
    assert_eq!(stopped.pop(), Some(Stopped::Stopped));
    assert!(stopped.iter().all(|one| *one == Stopped::StillUsed));
    assert!(is_gone(&pid));
}

#[test]
fn postgres_left_running_is_taken_over_and_discarded() {
    let folder = Folder::new("left");
    let first = postgres::private(&folder.0, Durability::Thrown).unwrap();
    let pid = folder.pid();
    first.leave_running();
    let second = postgres::private(&folder.0, Durability::Thrown).unwrap();
    assert_eq!(folder.pid(), pid, "the same server");
    second.leave_running();
    assert_eq!(postgres::stop(&folder.0).unwrap(), Stopped::Stopped);
    assert_eq!(postgres::discard(&folder.0).unwrap(), Stopped::NotRunning);
    assert!(!folder.0.join("data").exists());
    assert!(is_gone(&pid));
}

#[test]
fn a_taken_port_is_given_up_for_a_free_one() {
    let folder = Folder::new("taken");
    let first = postgres::private(&folder.0, Durability::Thrown).unwrap();
    let port = first.port();
    first.stop().unwrap();
    let _other = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let second = postgres::private(&folder.0, Durability::Thrown).unwrap();
    assert_ne!(second.port(), port);
    assert_eq!(ask(&second.url(), "SELECT 1"), "1");
}

#[test]
fn a_wrong_password_is_refused() {
    for durability in [Durability::Kept, Durability::Thrown] {
        let folder = Folder::new(&format!("refused-{durability:?}"));
        let server = postgres::private(&folder.0, durability).unwrap();
        let wrong = format!("postgres://postgres:wrong@127.0.0.1:{}/postgres", server.port());
        let output = Programs::all().remove(0).command("psql").args(["-X", "-c", "SELECT 1", &wrong]).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stderr).contains("password authentication failed"), "{output:?}");
    }
}

#[test]
fn redis_is_shared_comes_back_after_a_kill_and_stops_with_the_last() {
    let folder = Folder::new("redis");
    let servers: Vec<_> = thread::scope(|scope| {
        let opened: Vec<_> = (0..4).map(|_| scope.spawn(|| redis::private(&folder.0).unwrap())).collect();
        opened.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(servers.iter().all(|one| one.url() == servers[0].url()));
    let port = servers[0].port();
    let pid = std::fs::read_to_string(folder.0.join("data/redis.pid")).unwrap();
    kill(pid.trim());
    thread::sleep(Duration::from_millis(100));
    let after = redis::private(&folder.0).unwrap();
    assert_eq!(after.port(), port, "the port stays");
    let mut stopped: Vec<_> = servers.into_iter().map(|one| one.stop().unwrap()).collect();
    assert!(stopped.iter().all(|one| *one == Stopped::StillUsed));
    stopped.push(after.stop().unwrap());
    assert_eq!(stopped.pop(), Some(Stopped::Stopped));
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn redis_never_mistakes_another_server_for_its_own() {
    let (ours, theirs) = (Folder::new("redis-ours"), Folder::new("redis-theirs"));
    let other = redis::private(&theirs.0).unwrap();
    let first = redis::private(&ours.0).unwrap();
    first.stop().unwrap();
    std::fs::write(ours.0.join("port"), other.port().to_string()).unwrap();
    let second = redis::private(&ours.0).unwrap();
    assert_ne!(second.port(), other.port());
    second.stop().unwrap();
    assert_eq!(other.stop().unwrap(), Stopped::Stopped, "it was still there to be stopped");
}
