//! The memory of each process: idle, and after a real shop's history was imported.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use backing::postgres::Postgres;

use super::six::{SERVICES, Six};
use super::{FOLDER, RAPPORT};
use crate::bench::load::load;
use crate::bench::process::{free_port, measured, memory_of, peak_of};
use crate::bench::table::Row;
use crate::run::{Failure, output};

/// The history ends a day before.
const CLOCK: &str = "manual:2011-12-10T00:00:00Z";
const REST: Duration = Duration::from_secs(5);
const MOST_IDLE_MIB: f64 = 60.0;

pub(super) fn rows(server: &Postgres, file: &Path) -> Result<Vec<Row>, Failure> {
    let url = server.ensure_database("suite_memory")?;
    let six = Six::start(&url, "memory", CLOCK)?;
    sleep(REST);
    let idle = six.each(memory_of);
    import(&six, file)?;
    sleep(REST);
    let (after, peak) = (six.each(memory_of), six.each(peak_of));
    six.stop()?;
    let mut rows = Vec::new();
    for (place, service) in SERVICES.iter().enumerate() {
        rows.push(Row {
            name: format!("memory of {service}: idle; after the import of 541,909 lines; at most"),
            ours: format!("{:.0} MiB; {:.0} MiB; {:.0} MiB", idle[place], after[place], peak[place]),
            peer: String::new(),
            ratio: None,
            goal: "idle at most 60 MiB",
            holds: Some(idle[place] <= MOST_IDLE_MIB),
        });
    }
    let sum = |each: &[f64]| each.iter().sum::<f64>();
    let all = format!("{:.0} MiB; {:.0} MiB; {:.0} MiB", sum(&idle), sum(&after), sum(&peak));
    rows.push(Row::stated("memory of all six together", all));
    Ok(rows)
}

/// Through one address, as a client does that knows nothing of six processes.
fn import(six: &Six, file: &Path) -> Result<(), Failure> {
    let address = format!("127.0.0.1:{}", free_port()?);
    let router = load(["route", &address]).args(&six.addresses).stdin(Stdio::null()).spawn();
    let mut router = Ended(router.map_err(Failure::said)?);
    let ask = |words: &[&str]| {
        let mut command = Command::new(RAPPORT);
        command.args(words).args(["--address", &address, "--state-dir", &six.state, "--tenant", "uci"]);
        command
    };
    listens(&address, &mut router)?;
    output(&mut ask(&["tenant", "open", "uci", "--zone", "Europe/London", "--currency", "GBP"]))?;
    output(&mut ask(&["programme", "put", "uci"]))?;
    let rejects = format!("{FOLDER}/rejects.csv");
    let words = ["import", "orders", &file.display().to_string(), "--map", "uci", "--historic", "--json"];
    let ran = measured(ask(&words).args(["--rejects", &rejects]))?;
    if ran.output.contains("\"differences\":[]") {
        return Ok(());
    }
    Err(Failure::said(format!("the import did not add up: {}", ran.output)))
}

/// A program that is killed where its owner goes.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn listens(address: &str, router: &mut Ended) -> Result<(), Failure> {
    for _ in 0..500 {
        if std::net::TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        if router.0.try_wait().map_err(Failure::said)?.is_some() {
            break;
        }
        sleep(Duration::from_millis(10));
    }
    Err(Failure::said("the router does not listen"))
}
