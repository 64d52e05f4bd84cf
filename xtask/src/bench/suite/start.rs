//! From the first instruction of the program until it says that it is ready.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use backing::postgres::Postgres;

use super::six::Six;
use super::{FOLDER, RAPPORT};
use crate::bench::machine::median;
use crate::bench::process::{free_port, memory_of, ready, stop};
use crate::bench::table::Row;
use crate::run::Failure;

const REST: Duration = Duration::from_secs(3);

pub(super) fn rows(server: &Postgres, times: u32) -> Result<Vec<Row>, Failure> {
    let (mut first, mut again, mut apart, mut idle) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for time in 0..times {
        let url = server.ensure_database(&format!("suite_start_{time}"))?;
        let (child, seconds) = started(&["up", "--members", "0"], &url, time)?;
        first.push(seconds);
        stop(child)?;
        let (child, seconds) = started(&["serve", "all"], &url, time)?;
        again.push(seconds);
        if time == 0 {
            sleep(REST);
        }
        idle.push(memory_of(&child));
        stop(child)?;
        let six = Six::start(&url, &format!("start-apart-{time}"), "system")?;
        apart.push(six.seconds);
        six.stop()?;
    }
    let milliseconds = |seconds: Vec<f64>| format!("{:.0} ms", 1_000.0 * median(seconds.into_iter()));
    Ok(vec![
        Row::stated("memory of one process with all six services, idle", format!("{:.0} MiB", idle[0])),
        Row::stated(
            "start of all six services in one process, on migrated databases, until ready",
            milliseconds(again),
        ),
        Row::stated("start of the six processes, on migrated databases, until all are ready", milliseconds(apart)),
        Row::stated("the first start, with all migrations", milliseconds(first)),
    ])
}

fn started(words: &[&str], url: &str, time: u32) -> Result<(Child, f64), Failure> {
    let (listen, admin) = (format!("127.0.0.1:{}", free_port()?), free_port()?);
    let state = format!("{FOLDER}/state-start-{time}");
    let began = Instant::now();
    let child = Command::new(RAPPORT)
        .args(words)
        .args([
            "--database-url",
            url,
            "--listen",
            &listen,
            "--admin",
            &format!("127.0.0.1:{admin}"),
            "--state-dir",
            &state,
        ])
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn();
    let mut child = child.map_err(Failure::said)?;
    ready(admin, &mut child)?;
    Ok((child, began.elapsed().as_secs_f64()))
}
