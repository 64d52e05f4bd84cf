//! Calls about the programme, read.

use jiff::Timestamp;
use kernel::TenantId;
use proto::loyalty::v1 as wire_v1;
use store::{RequestKey, StoreError};
use terms::NewTerms;
use tonic::{Request, Status};
use wire::{Freshness, Keys, Violations, digests, open};

use super::parse_ladders::read_ladders;
use super::parse_occasions;
use super::parse_promise::{Promise, Said, read_promise, read_wallets};
use super::parse_rules::read_rules;
use crate::programme::terms::{Programme, Zone};

/// Which terms to look at.
pub(super) struct WhichTerms {
    pub tenant: TenantId,
    pub version: Option<i32>,
    pub at: Option<Timestamp>,
    pub freshness: Freshness,
}

pub(super) fn which_terms(keys: &Keys, call: Request<wire_v1::GetProgrammeRequest>) -> Result<WhichTerms, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    bad.number("version", i64::from(ask.version), 0..=i64::from(i32::MAX));
    let at = bad.instant("at", ask.at.as_ref());
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let version = Some(ask.version).filter(|version| *version > 0);
    Ok(WhichTerms { tenant: envelope.tenant, version, at, freshness: bad.settle(freshness)? })
}

/// Reads new terms off the threads that serve others: conditions of rules take a while to be read.
pub(super) async fn new_terms(
    keys: Keys,
    call: Request<wire_v1::PutProgrammeRequest>,
) -> Result<NewTerms<Programme>, Status> {
    let read = tokio::task::spawn_blocking(move || read_new_terms(&keys, call));
    read.await.unwrap_or_else(|error| Err(wire::failure(StoreError::unreadable(error))))
}

fn read_new_terms(keys: &Keys, call: Request<wire_v1::PutProgrammeRequest>) -> Result<NewTerms<Programme>, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let read = match &ask.programme {
        Some(programme) => {
            // Both are read, whatever the first comes to: every wrong field is told at once.
            let (effective, terms) = (effective(&mut bad, programme), read_programme(&mut bad, programme));
            effective.zip(terms)
        }
        None => {
            bad.add("programme", "is required");
            None
        }
    };
    let read = id.zip(read).map(|(id, (effective_at, terms))| NewTerms {
        tenant: envelope.tenant,
        key: RequestKey { rpc: "PutProgramme", id, digests: digests(keys, &ask) },
        effective_at: kernel::to_microsecond(effective_at),
        terms,
        validate_only: ask.validate_only,
    });
    bad.settle(read)
}

fn effective(bad: &mut Violations, programme: &wire_v1::Programme) -> Option<Timestamp> {
    if programme.effective_time.is_none() {
        bad.add("programme.effective_time", "is required");
    }
    bad.instant("programme.effective_time", programme.effective_time.as_ref())
}

pub(super) fn read_programme(bad: &mut Violations, programme: &wire_v1::Programme) -> Option<Programme> {
    let display_name = bad.text("programme.display_name", &programme.display_name, 1..=100);
    let zone = bad.take("programme.zone", Zone::parse(&programme.zone));
    let promise = read_promise(bad, "programme", Said::of(programme));
    let ladders = read_ladders(bad, programme);
    let wallets = read_wallets(bad, &programme.wallets);
    let rules = read_rules(bad, &programme.earn_rules, &programme.wallets);
    let occasions = parse_occasions::read_rules(bad, programme);
    let birthdays = parse_occasions::read_birthdays(bad, programme.birthdays);
    let Promise { rates, expiry, grace_days, deficit, pending, transfers } = promise?;
    let (ladder, further_ladders) = ladders?;
    Some(Programme {
        display_name: display_name?,
        zone: zone?,
        rates,
        expiry,
        ladder,
        further_ladders,
        grace_days,
        deficit,
        pending,
        rules: rules?,
        occasions: occasions?,
        birthdays: birthdays?,
        wallets: wallets?,
        transfers,
    })
}

pub(super) fn unknown<T>(bad: &mut Violations, field: &str) -> Option<T> {
    bad.add(field, "is not one of the values of its enum");
    None
}
