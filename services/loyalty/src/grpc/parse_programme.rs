//! Calls about the programme, read.

use jiff::Timestamp;
use kernel::{Currency, TenantId};
use proto::loyalty::v1 as wire_v1;
use store::{RequestKey, StoreError};
use terms::NewTerms;
use tonic::{Request, Status};
use wire::{Freshness, Keys, Violations, digests, open};

use super::parse_promise::{Promise, Said, read_promise, read_wallets};
use super::parse_rules::read_rules;
use crate::programme::terms::{Demotion, Ladder, Programme, Tier, Window, Zone};

/// Which terms to look at.
pub(super) struct WhichTerms {
    pub tenant: TenantId,
    pub version: Option<i32>,
    pub at: Option<Timestamp>,
    pub freshness: Freshness,
}

const MOST: i64 = 1_000_000_000_000;

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
    let ladder = match &programme.ladder {
        Some(ladder) => read_ladder(bad, ladder).map(Some),
        None => Some(None),
    };
    let wallets = read_wallets(bad, &programme.wallets);
    let rules = read_rules(bad, &programme.earn_rules, &programme.wallets);
    let Promise { rates, expiry, grace_days, deficit, pending } = promise?;
    Some(Programme {
        display_name: display_name?,
        zone: zone?,
        rates,
        expiry,
        ladder: ladder?,
        grace_days,
        deficit,
        pending,
        rules: rules?,
        wallets: wallets?,
    })
}

pub(super) fn unknown<T>(bad: &mut Violations, field: &str) -> Option<T> {
    bad.add(field, "is not one of the values of its enum");
    None
}

fn read_ladder(bad: &mut Violations, ladder: &wire_v1::TierLadder) -> Option<Ladder> {
    use wire_v1::qualification_window::Window as WireWindow;
    let currency = bad.take("programme.ladder.currency_code", Currency::parse(&ladder.currency_code));
    let term = match ladder.term_months {
        0 => Some(12),
        months => bad.number("programme.ladder.term_months", i64::from(months), 1..=120),
    };
    let window = match ladder.window.and_then(|window| window.window) {
        None => {
            bad.add("programme.ladder.window", "is required: rolling_months, calendar_year or since_joining");
            None
        }
        Some(WireWindow::RollingMonths(months)) => bad
            .number("programme.ladder.window.rolling_months", i64::from(months), 1..=120)
            .map(|_| Window::RollingMonths(months)),
        Some(WireWindow::CalendarYear(_)) => Some(Window::CalendarYear),
        Some(WireWindow::SinceJoining(_)) => Some(Window::SinceJoining),
    };
    let demotion = match wire_v1::DemotionPolicy::try_from(ladder.demotion) {
        Ok(wire_v1::DemotionPolicy::Unspecified | wire_v1::DemotionPolicy::ToWhatIsMet) => Some(Demotion::ToWhatIsMet),
        Ok(wire_v1::DemotionPolicy::None) => Some(Demotion::None),
        Ok(wire_v1::DemotionPolicy::OneStep) => Some(Demotion::OneStep),
        Err(_) => unknown(bad, "programme.ladder.demotion"),
    };
    let tiers = read_tiers(bad, &ladder.tiers);
    Some(Ladder {
        tiers: tiers?,
        window: window?,
        term_months: i32::try_from(term?).ok()?,
        demotion: demotion?,
        currency: currency?,
    })
}

fn read_tiers(bad: &mut Violations, tiers: &[wire_v1::Tier]) -> Option<Vec<Tier>> {
    bad.count("programme.ladder.tiers", tiers.len(), 1..=20);
    let mut read: Vec<Tier> = Vec::with_capacity(tiers.len());
    let mut complete = true;
    for (place, tier) in tiers.iter().enumerate().take(20) {
        let field = |name: &str| format!("programme.ladder.tiers[{place}].{name}");
        let code = bad.code(&field("code"), &tier.code, 1..=40);
        let display_name = bad.text(&field("display_name"), &tier.display_name, 1..=100);
        let enter = bad.number(&field("enter_minor"), tier.enter_minor, 0..=MOST);
        let keep = bad.number(&field("keep_minor"), tier.keep_minor, 0..=MOST);
        let multiplier = bad.number(&field("multiplier_percent"), i64::from(tier.multiplier_percent), 0..=100_000);
        if place == 0 && enter.is_some_and(|enter| enter > 0) {
            bad.add(field("enter_minor"), "must be 0 for the lowest tier: everybody begins there");
        }
        if read.last().is_some_and(|below| place > 0 && tier.enter_minor <= below.enter_minor) {
            bad.add(field("enter_minor"), "must be more than that of the tier below");
        }
        if read.iter().any(|known| known.code == tier.code) {
            bad.add(field("code"), "is used twice");
        }
        match (code, display_name, enter, keep, multiplier) {
            (Some(code), Some(display_name), Some(enter_minor), Some(keep), Some(multiplier)) => read.push(Tier {
                code,
                display_name,
                enter_minor,
                keep_minor: if keep == 0 { enter_minor } else { keep },
                multiplier_percent: if multiplier == 0 { 100 } else { multiplier },
            }),
            _ => complete = false,
        }
    }
    complete.then_some(read)
}
