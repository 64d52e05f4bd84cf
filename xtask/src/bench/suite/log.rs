//! Events through the log with three consumers, against the same rows inserted by pgbench, in turn.

use backing::postgres::Postgres;

use super::FOLDER;
use crate::bench::machine::median;
use crate::bench::table::Row;
use crate::bench::{load, pgbench};
use crate::run::Failure;

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
    let told = load::told(["log", &url, &per.to_string(), SECONDS])?;
    Ok(load::number(&told, "events", 0)? / load::number(&told, "events", 2)?)
}

fn by_pgbench(server: &Postgres, per: u32, pair: u32) -> Result<f64, Failure> {
    let url = server.ensure_database(&format!("inserts_{per}_{pair}"))?;
    pgbench::told(&url, &[TABLE])?;
    let script = format!("{FOLDER}/inserts.sql");
    std::fs::write(&script, insert(per)).map_err(Failure::said)?;
    Ok(pgbench::ran(&url, &script, 64, SECONDS)?.a_second * f64::from(per))
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
