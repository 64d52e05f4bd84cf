//! Grants a second: by many callers and by one, one a call and many, over gRPC and at the door.

use super::grounds::{Asked, Drawn, Grounds};
use crate::bench::machine::median;
use crate::bench::table::Row;
use crate::run::{Failure, tell};

pub(super) const MEMBERS: u32 = 100_000;
/// The peer's clients, but for the row of one caller.
const CLIENTS: u32 = 64;

/// Ours, and what is wanted of the ratio: its words and its number.
type Wanted = (&'static str, Asked, &'static str, Option<f64>);

const fn by(way: &'static str, drawn: Drawn, callers: u32, per: u32) -> Asked {
    Asked { way, drawn, callers, per }
}

const ROWS: [Wanted; 12] = [
    ("one a call, 64 callers", by("call", Drawn::Zipf, 64, 1), "at least 3.5 x", Some(3.5)),
    ("one a call, 256 callers", by("call", Drawn::Zipf, 256, 1), "at least 5 x", Some(5.0)),
    ("by the batch call, 4 callers with 250 a call", by("batch", Drawn::Zipf, 4, 250), "at least 10 x", Some(10.0)),
    ("over 4 streams with 250 a message", by("stream", Drawn::Zipf, 4, 250), "stated", None),
    ("one a call, 64 callers, one hot member", by("call", Drawn::Hot, 64, 1), "at least 12 x", Some(12.0)),
    ("one a call, one caller", by("call", Drawn::Zipf, 1, 1), "at least 0.9 x", Some(0.9)),
    ("in process, one at a time, 64 callers", by("door", Drawn::Zipf, 64, 1), "stated", None),
    ("in process, one at a time, 256 callers", by("door", Drawn::Zipf, 256, 1), "stated", None),
    ("in process, 4 callers with 250 at once", by("door", Drawn::Zipf, 4, 250), "stated", None),
    ("in process, one at a time, 64 callers, one hot member", by("door", Drawn::Hot, 64, 1), "stated", None),
    ("in process, one hot member, 4 callers with 250 at once", by("door", Drawn::Hot, 4, 250), "stated", None),
    ("in process, one at a time, one caller", by("door", Drawn::Zipf, 1, 1), "stated", None),
];

pub(super) fn rows(grounds: &mut Grounds<'_>, pairs: u32) -> Result<Vec<Row>, Failure> {
    ROWS.iter().map(|wanted| row(grounds, wanted, pairs)).collect()
}

fn row(grounds: &mut Grounds<'_>, (name, asked, goal, at_least): &Wanted, pairs: u32) -> Result<Row, Failure> {
    let clients = if asked.callers == 1 { 1 } else { CLIENTS };
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..pairs {
        ours.push(grounds.ours(MEMBERS, *asked)?);
        peer.push(grounds.peer(MEMBERS, asked.drawn, clients)?);
    }
    let (ours, peer) = (median(ours.into_iter()), median(peer.into_iter()));
    tell("measured", &format!("{name}: {ours:.0} a second, the peer {peer:.0}"));
    let who = match clients {
        1 => "one client",
        _ => "64 clients",
    };
    Ok(Row {
        name: format!("points: grants a second, {name}"),
        ours: format!("{ours:.0}"),
        peer: format!("{peer:.0}, the textbook transaction by pgbench, {who}"),
        ratio: Some(ours / peer),
        goal,
        holds: at_least.map(|at_least| ours / peer >= at_least),
    })
}
