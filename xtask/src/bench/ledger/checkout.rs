//! What a checkout waits for, and what a print shop does.

use std::time::Instant;

use super::callers::MEMBERS;
use super::grounds::Grounds;
use crate::bench::table::Row;
use crate::bench::{load, pgbench};
use crate::run::{Failure, tell};

const QUOTES: &str = "2000";
const WITHIN_MS: f64 = 2.0;
const CODES: u32 = 1_000_000;

/// As many random codes as ours, checked for what is unique among them and nothing else, in one statement.
const PEER: &str = "\
CREATE TABLE code (tenant uuid, shard smallint, code text, campaign text, request uuid, number integer, made_at timestamptz, \
    PRIMARY KEY (tenant, shard, code));
INSERT INTO code SELECT '00000000-0000-0000-0000-000000000001', number % 256, \
    upper(substr(md5(random()::text || number), 1, 12)), 'printed', '00000000-0000-0000-0000-000000000002', number, now() \
    FROM generate_series(1, :codes) AS number;
";

/// Quotes under a hundred rules.
pub(super) fn quotes(grounds: &mut Grounds<'_>) -> Result<Vec<Row>, Failure> {
    let told = grounds.ours_tells(MEMBERS, &["quote", QUOTES])?;
    let times = |name: &str| Ok::<_, Failure>((load::number(&told, name, 1)?, load::number(&told, name, 2)?));
    let ((door, door_nearly_all), (wire, wire_nearly_all)) = (times("door")?, times("wire")?);
    tell("measured", &format!("a quote under 100 rules: p50 {door:.2} ms, p99 {door_nearly_all:.2} ms"));
    Ok(vec![
        Row {
            name: format!("checkout: QuoteOrder of five lines with 100 live rules, in process ({QUOTES} times)"),
            ours: format!("p50 {door:.2} ms, p99 {door_nearly_all:.2} ms"),
            peer: String::new(),
            ratio: None,
            goal: "p99 at most 2 ms",
            holds: Some(door_nearly_all <= WITHIN_MS),
        },
        Row::stated(
            format!("checkout: the same over the wire ({QUOTES} times)"),
            format!("p50 {wire:.2} ms, p99 {wire_nearly_all:.2} ms"),
        ),
    ])
}

/// A million codes of one campaign, streamed to whoever asked.
pub(super) fn codes(grounds: &mut Grounds<'_>) -> Result<Vec<Row>, Failure> {
    let url = grounds.empty("codes")?;
    let told = load::told(["ledger", "codes", &url, &CODES.to_string()])?;
    let ours = load::number(&told, "made", 1)?;
    let url = grounds.empty("codes_peer")?;
    let began = Instant::now();
    pgbench::told(&url, &[&PEER.replace(":codes", &CODES.to_string())])?;
    let peer = began.elapsed().as_secs_f64();
    tell("measured", &format!("{CODES} codes: {ours:.1} s, the peer {peer:.1} s"));
    Ok(vec![Row {
        name: "coupons: 1,000,000 codes of a campaign, made, kept and streamed to the caller".to_owned(),
        ours: format!("{ours:.1} s"),
        peer: format!("{peer:.1} s, as many random codes by one INSERT, told to nobody"),
        ratio: Some(ours / peer),
        goal: "stated",
        holds: None,
    }])
}
