//! What a grant costs as members grow.

use super::grounds::{Asked, Drawn, Grounds};
use crate::bench::machine::median;
use crate::bench::table::Row;
use crate::run::{Failure, tell};

const MEMBERS: [u32; 2] = [10_000, 100_000];
/// Making them takes minutes, so they are measured where growth alone is asked for.
const MANY: u32 = 1_000_000;
const MOST_GROWTH: f64 = 1.15;

const WAYS: [(&str, Asked); 2] = [
    ("one a call, 64 callers", Asked { way: "call", drawn: Drawn::Zipf, callers: 64, per: 1 }),
    ("by the batch call, 4 callers with 250 a call", Asked { way: "batch", drawn: Drawn::Zipf, callers: 4, per: 250 }),
];

pub(super) fn rows(grounds: &mut Grounds<'_>, pairs: u32, alone: bool) -> Result<Vec<Row>, Failure> {
    let sizes: Vec<u32> = MEMBERS.into_iter().chain(alone.then_some(MANY)).collect();
    let mut rows = Vec::new();
    for (name, asked) in WAYS {
        rows.extend(grown(grounds, name, asked, &sizes, pairs)?);
    }
    if !alone {
        rows.push(Row::stated("points: the same with 1,000,000 members", "left to `--only growth`".to_owned()));
    }
    Ok(rows)
}

/// All sizes in turn, so that a machine that grows slower does so for all of them.
fn grown(grounds: &mut Grounds<'_>, name: &str, asked: Asked, sizes: &[u32], pairs: u32) -> Result<Vec<Row>, Failure> {
    let mut costs: Vec<Vec<f64>> = vec![Vec::new(); sizes.len()];
    for _ in 0..pairs {
        for (costs, members) in costs.iter_mut().zip(sizes) {
            costs.push(1_000_000.0 / grounds.ours(*members, asked)?);
        }
    }
    let costs: Vec<f64> = costs.into_iter().map(|costs| median(costs.into_iter())).collect();
    let mut rows = Vec::new();
    for (place, (members, cost)) in sizes.iter().zip(&costs).enumerate() {
        tell("measured", &format!("{name}, {members} members: {cost:.1} µs a grant"));
        let fewer = place.checked_sub(1).map(|before| (sizes[before], costs[before]));
        let ratio = fewer.map(|(_, before)| cost / before);
        let is_wanted = *members == MANY;
        rows.push(Row {
            name: format!("points: cost of a grant with {members} members, {name}"),
            ours: format!("{cost:.1} µs"),
            peer: fewer.map_or_else(String::new, |(fewer, cost)| format!("{cost:.1} µs with {fewer}")),
            ratio,
            goal: if is_wanted { "at most 1.15 x" } else { "stated" },
            holds: ratio.filter(|_| is_wanted).map(|ratio| ratio <= MOST_GROWTH),
        });
    }
    Ok(rows)
}
