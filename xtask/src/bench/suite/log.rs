//! Events through the log with three consumers, against the same rows inserted by pgbench, in turn.

use std::process::Command;

use backing::postgres::Postgres;

use super::following::number;
use super::{FOLDER, LOAD, programs};
use crate::bench::machine::median;
use crate::bench::table::Row;
use crate::run::{Failure, output};

const SECONDS: &str = "3";
/// Events of one transaction.
const PER: [u32; 2] = [1, 100];

/// The table of the log, and a source of positions; what hears it has no counterpart here.
const TABLE: &str = "\
CREATE TABLE event (shard smallint NOT NULL, position bigint NOT NULL, tenant uuid NOT NULL, subject text NOT NULL, \
    type text NOT NULL, occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL, payload bytea NOT NULL, \
    PRIMARY KEY (shard, position));
CREATE SEQUENCE place CACHE 1000;
";

pub(super) fn rows(server: &Postgres, pairs: u32) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for per in PER {
        let (mut ours, mut peer) = (Vec::new(), Vec::new());
        for pair in 0..pairs {
            ours.push(through_the_log(server, per, pair)?);
            peer.push(by_pgbench(server, per, pair)?);
        }
        let (ours, peer) = (median(ours.into_iter()), median(peer.into_iter()));
        rows.push(Row {
            name: format!(
                "events a second through the log until three consumers have heard them, {per} a transaction, 64 writers"
            ),
            ours: format!("{ours:.0}"),
            peer: format!("{peer:.0}, the same rows inserted by pgbench, 64 clients"),
            ratio: Some(ours / peer),
            goal: "stated",
            holds: None,
        });
    }
    Ok(rows)
}

fn through_the_log(server: &Postgres, per: u32, pair: u32) -> Result<f64, Failure> {
    let url = server.ensure_database(&format!("log_{per}_{pair}"))?;
    let told = output(Command::new(LOAD).args(["log", &url, &per.to_string(), SECONDS]))?;
    Ok(number(&told, "events", 0)? / number(&told, "events", 2)?)
}

fn by_pgbench(server: &Postgres, per: u32, pair: u32) -> Result<f64, Failure> {
    let url = server.ensure_database(&format!("inserts_{per}_{pair}"))?;
    let programs = programs()?;
    output(programs.command("psql").args(["-q", "-v", "ON_ERROR_STOP=1", "-c", TABLE, &url]))?;
    let script = format!("{FOLDER}/inserts.sql");
    std::fs::write(&script, insert(per)).map_err(Failure::said)?;
    let words = ["-n", "-M", "prepared", "-c", "64", "-j", "2", "-T", SECONDS, "-f", &script, &url];
    let told = output(programs.command("pgbench").args(words)).map_err(missing)?;
    let line = told.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate: Option<f64> = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    rate.map(|rate| rate * f64::from(per)).ok_or_else(|| Failure::said(format!("pgbench tells no rate: {told}")))
}

/// As many bytes as an event of ours has, of one member, so in one shard.
fn insert(per: u32) -> String {
    format!(
        "\\set shard random(0, 255)\n\
         INSERT INTO event (shard, position, tenant, subject, type, occurred_at, recorded_at, payload)\n\
         SELECT :shard, nextval('place'), '01890a5d-ac96-774b-bcce-b302099a8057', 'member_01h455vb4pex5vsknk084sn02q',\n\
         'rapport.registry.events.v1.MemberUpdated', now(), now(), convert_to(repeat('x', 303), 'UTF8')\n\
         FROM generate_series(1, {per});\n"
    )
}

fn missing(failure: Failure) -> Failure {
    match failure {
        Failure::Interrupted => Failure::Interrupted,
        Failure::Said(text) => Failure::said(format!(
            "{text}\n  pgbench comes with PostgreSQL's server (Debian: postgresql, or postgresql-contrib of older ones)"
        )),
    }
}
