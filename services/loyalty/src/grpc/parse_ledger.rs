//! Calls about the whole ledger, read.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::Shard;
use proto::loyalty::v1;
use tonic::{Request, Status};
use wire::{Caller, Violations};

use crate::account::chain::{Link, Seal};

/// Seals that one call may bring.
const MOST_SEALS: usize = 10_000;

pub(super) fn seals(call: &Request<v1::ListSealsRequest>) -> Result<(), Status> {
    Caller::of(call.extensions())?.require_operator()
}

pub(super) fn audit(call: Request<v1::AuditLedgerRequest>) -> Result<(Vec<Shard>, Arc<[Seal]>), Status> {
    Caller::of(call.extensions())?.require_operator()?;
    let asked = call.into_inner();
    let mut bad = Violations::new();
    let mut shards = BTreeSet::new();
    for (place, number) in asked.shards.iter().enumerate() {
        match Shard::from_number(i64::from(*number)) {
            Some(shard) => drop(shards.insert(shard)),
            None => bad.add(format!("shards[{place}]"), "must be from 0 to 255"),
        }
    }
    let mut known = Vec::new();
    if bad.count("known", asked.known.len(), 0..=MOST_SEALS) {
        for (place, told) in asked.known.iter().enumerate() {
            known.extend(seal(&mut bad, &format!("known[{place}]"), told));
        }
    }
    bad.finish()?;
    if asked.shards.is_empty() {
        shards.extend(Shard::all());
    }
    Ok((shards.into_iter().collect(), known.into()))
}

fn seal(bad: &mut Violations, field: &str, told: &v1::Seal) -> Option<Seal> {
    let shard = Shard::from_number(i64::from(told.shard));
    if shard.is_none() {
        bad.add(format!("{field}.shard"), "must be from 0 to 255");
    }
    let link = digest(&told.link);
    if link.is_none() {
        bad.add(format!("{field}.link"), "must be 64 hexadecimal digits");
    }
    let entries = bad.number(&format!("{field}.entries"), told.entries, 0..=i64::MAX);
    let batch = bad.number(&format!("{field}.batch"), told.batch, -1..=i64::MAX);
    let recorded_at = bad.instant(&format!("{field}.record_time"), told.record_time.as_ref());
    Some(Seal {
        shard: shard?,
        entries: entries?,
        batch: batch?,
        link: link?,
        recorded_at: recorded_at.unwrap_or_default(),
    })
}

fn digest(text: &str) -> Option<Link> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0_u8; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(Link(bytes))
}
