//! What requests about tiers do.

use jiff::Timestamp;

use crate::account::desk::Receipt;
use crate::account::holdings::{Assigned, Credit, Holdings};
use crate::account::qualification::{On, asked_for, progress};
use crate::account::redemption::named;
use crate::account::reviewing::bringing::{self, Brought};
use crate::account::reviewing::{self, assigning, looking_back};
use crate::account::settling::{Until, settle};
use crate::account::{AccountRefusal, OpeningRefusal, TierAsk, TierDeed, TierReceipt, TierRefusal};
use crate::programme::terms::{Terms, Versions};

pub(in crate::account) fn carry_out(
    holdings: &mut Holdings,
    versions: &Versions,
    ask: &TierAsk,
    now: Timestamp,
) -> Result<Receipt, AccountRefusal> {
    let now = now.max(holdings.settled_until);
    let terms = versions.at(now).ok_or(AccountRefusal::ProgrammeNotFound { at: now })?;
    let on = ladder_of(terms, ask.ladder.as_deref())?;
    let takes_off = matches!(ask.what, TierDeed::Qualify { units, .. } if units < 0);
    // At one instant, what is taken off comes first, and what is reached before a review.
    settle(holdings, versions, if takes_off { Until::Before(now) } else { Until::Earning(now) })?;
    reviewing::begin(holdings, terms, now)?;
    let from = held(holdings, on);
    match &ask.what {
        TierDeed::Assign { tier, until } => assign(holdings, on, ask, (tier, *until), now)?,
        TierDeed::Release => {
            if !assigning::release(holdings, on, (&ask.reason, &ask.actor), now)? {
                return Err(TierRefusal::NotAssigned { ladder: on.ladder.code.clone() }.into());
            }
        }
        TierDeed::Bring(brought) => bring(holdings, on, ask, brought, now)?,
        TierDeed::Qualify { cause, units, occurred_at } => {
            let occurred_at = occurred_at.unwrap_or(now).min(now);
            qualify(holdings, versions, on, ask, (cause, *units, occurred_at), now)?;
        }
    }
    let receipt = TierReceipt {
        ladder: on.ladder.code.clone(),
        from,
        to: held(holdings, on),
        progress_minor: progress(holdings, on, now).map_err(|_| AccountRefusal::OutOfRange)?,
        review_at: holdings.standings.get(&on.ladder.code).and_then(|standing| standing.review_at),
    };
    Ok(Receipt { spendable: holdings.spendable(), tier: Some(Box::new(receipt)), ..Receipt::default() })
}

fn ladder_of<'a>(terms: &'a Terms, code: Option<&str>) -> Result<On<'a>, TierRefusal> {
    asked_for(terms, code).ok_or_else(|| TierRefusal::LadderNotFound { ladder: code.unwrap_or_default().to_owned() })
}

fn held(holdings: &Holdings, on: On<'_>) -> String {
    let standing = holdings.standings.get(&on.ladder.code);
    standing.map(|standing| standing.held(on.ladder).to_owned()).unwrap_or_default()
}

fn assign(
    holdings: &mut Holdings,
    on: On<'_>,
    ask: &TierAsk,
    (tier, until): (&str, Option<Timestamp>),
    now: Timestamp,
) -> Result<(), AccountRefusal> {
    is_known(on, tier)?;
    if let Some(until) = until.filter(|until| *until <= now) {
        return Err(TierRefusal::Over { until }.into());
    }
    let assigned = Assigned {
        tier: tier.to_owned(),
        since: now,
        until,
        reason: ask.reason.clone(),
        actor: named(&ask.actor).to_owned(),
    };
    Ok(assigning::assign(holdings, on, assigned, now)?)
}

fn bring(
    holdings: &mut Holdings,
    on: On<'_>,
    ask: &TierAsk,
    brought: &Brought,
    now: Timestamp,
) -> Result<(), AccountRefusal> {
    let ladder = on.ladder.code.clone();
    is_known(on, &brought.tier)?;
    if let Some((tier, progress)) = bringing::before(holdings, &ladder) {
        let differs = [("tier", tier != brought.tier), ("progress_minor", progress != brought.progress)];
        return Err(match differs.into_iter().find(|(_, differs)| *differs) {
            Some((field, _)) => TierRefusal::BroughtDiffers { ladder, field }.into(),
            None => TierRefusal::AlreadyBrought { ladder }.into(),
        });
    }
    let instants = [("since_time", Some(brought.since)), ("progress_time", brought.progress_at)];
    for (field, at) in instants.into_iter().filter_map(|(field, at)| Some((field, at?))) {
        if at > now {
            return Err(OpeningRefusal::NotBegun { field, at }.into());
        }
    }
    if let Some(at) = brought.review_at.filter(|review| *review <= now) {
        return Err(OpeningRefusal::Over { field: "review_time", at }.into());
    }
    if bringing::is_reached(holdings, on, &brought.tier) {
        return Err(TierRefusal::Reached { ladder, tier: held(holdings, on) }.into());
    }
    holdings.loading = true;
    let done = bringing::bring(holdings, on, brought, (&ask.reason, named(&ask.actor)), now);
    holdings.loading = false;
    Ok(done?)
}

fn is_known(on: On<'_>, tier: &str) -> Result<(), TierRefusal> {
    if on.ladder.tiers.iter().any(|known| known.code == tier) {
        return Ok(());
    }
    Err(TierRefusal::TierNotFound { ladder: on.ladder.code.clone(), tier: tier.to_owned() })
}

fn qualify(
    holdings: &mut Holdings,
    versions: &Versions,
    on: On<'_>,
    ask: &TierAsk,
    (cause, units, occurred_at): (&str, i64, Timestamp),
    now: Timestamp,
) -> Result<(), AccountRefusal> {
    let ladder = &on.ladder.code;
    if holdings.credits.iter().any(|credit| credit.ladder == *ladder && credit.cause == cause) {
        return Err(TierRefusal::AlreadyCounts { cause: cause.to_owned() }.into());
    }
    holdings.touched = true;
    holdings.credits.push(Credit {
        ladder: ladder.clone(),
        cause: cause.to_owned(),
        units,
        reason: ask.reason.clone(),
        actor: named(&ask.actor).to_owned(),
        occurred_at,
        touched: true,
    });
    if units > 0 {
        Ok(reviewing::reach(holdings, on.terms, now, cause)?)
    } else {
        Ok(looking_back::look_back(holdings, versions, now, cause)?)
    }
}

impl From<TierRefusal> for AccountRefusal {
    fn from(refusal: TierRefusal) -> Self {
        Self::Tier(refusal)
    }
}
