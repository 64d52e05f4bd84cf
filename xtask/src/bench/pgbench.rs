//! PostgreSQL's own programs: statements by psql, and the peer's transactions by pgbench.

use backing::postgres::Programs;

use crate::run::{Failure, output};

/// How a run of pgbench went.
pub(super) struct Ran {
    /// Transactions a second, without the time to connect.
    pub(super) a_second: f64,
    /// Transactions in all.
    pub(super) transactions: u64,
}

pub(super) fn programs() -> Result<Programs, Failure> {
    Programs::all().into_iter().next().ok_or_else(|| Failure::said("there is no PostgreSQL"))
}

/// Statements, one after the other, each on its own; answers what they tell, without heads, columns behind each other with
/// `|` between.
pub(super) fn told(url: &str, statements: &[&str]) -> Result<String, Failure> {
    let mut psql = programs()?.command("psql");
    psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]);
    psql.args(statements.iter().flat_map(|statement| ["-c", statement]));
    output(psql.arg(url))
}

/// A script with prepared statements, by so many clients for so long.
pub(super) fn ran(url: &str, script: &str, clients: u32, seconds: &str) -> Result<Ran, Failure> {
    let (clients, threads) = (clients.to_string(), clients.min(2).to_string());
    let words = ["-n", "-M", "prepared", "-c", &clients, "-j", &threads, "-T", seconds, "-f", script, url];
    let told = output(programs()?.command("pgbench").args(words)).map_err(missing)?;
    read(&told).ok_or_else(|| Failure::said(format!("pgbench tells no rate: {told}")))
}

fn read(told: &str) -> Option<Ran> {
    let behind = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
    let a_second = behind("tps = ")?.parse().ok()?;
    let transactions = behind("number of transactions actually processed: ")?.split('/').next()?.parse().ok()?;
    Some(Ran { a_second, transactions })
}

fn missing(failure: Failure) -> Failure {
    match failure {
        Failure::Interrupted => Failure::Interrupted,
        Failure::Said(text) => Failure::said(format!(
            "{text}\n  pgbench comes with PostgreSQL's server (Debian: postgresql, or postgresql-contrib of older ones)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pgbench_tells_is_read() {
        let told = "scaling factor: 1\nnumber of transactions actually processed: 8123\nnumber of failed transactions: 0 \
                    (0.000%)\nlatency average = 4.1 ms\ntps = 2043.25 (without initial connection time)";
        let ran = read(told).unwrap();
        assert_eq!((ran.transactions, ran.a_second.to_string().as_str()), (8_123, "2043.25"));
        assert_eq!(read("number of transactions actually processed: 12/12\ntps = 1").unwrap().transactions, 12);
        assert!(read("tps = 1").is_none());
    }
}
