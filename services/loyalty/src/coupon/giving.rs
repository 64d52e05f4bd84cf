//! A coupon that another noun of the service gives, and takes back, in its own transaction. The member's shard must be
//! locked.

use std::collections::BTreeSet;

use ::store::{StoreError, Tx};
use jiff::Timestamp;
use kernel::{CouponId, MemberId, TenantId};
use uuid::Uuid;

use super::standing::{Coupon, State};
use super::{events, store, timer};
use crate::campaign;

/// Gives a coupon that was promised, however many the member holds: what makes it is given once for a cause by whoever
/// calls. None where the campaign is over, or the coupon could never be used.
pub(crate) async fn give(
    tx: &mut Tx,
    (tenant, member): (TenantId, MemberId),
    campaign: &str,
    (cause, reason): (Uuid, &str),
    now: Timestamp,
) -> Result<Option<CouponId>, StoreError> {
    let asked = BTreeSet::from([(campaign.to_owned(), 0)]);
    let found = campaign::within(tx.connection(), tenant, &asked, now).await?.into_values().next();
    let Some(found) = found.filter(|found| found.terms.valid_until.is_none_or(|until| now < until)) else {
        return Ok(None);
    };
    let window = found.terms.window(now);
    if window.until.is_some_and(|until| until <= window.from) {
        return Ok(None);
    }
    let held = BTreeSet::from([(tenant, member, campaign.to_owned())]);
    let last = store::held(tx.connection(), &held, now).await?.into_values().map(|(_, last)| last).max();
    let coupon = Coupon {
        id: CouponId::derived_from(cause, &member.to_string()),
        member,
        campaign: campaign.to_owned(),
        version: found.version,
        number: last.unwrap_or(0).saturating_add(1),
        state: State::Issued,
        state_at: now,
        window,
        reservation: None,
        reserved_until: None,
        reason: reason.to_owned(),
        issued_at: now,
    };
    let id = coupon.id;
    timers::set(tx, &[timer(tenant, &coupon)]).await?;
    eventlog::append(tx, &[events::issued(tenant, &coupon)], now).await?;
    store::insert(tx.connection(), &[(tenant, coupon)]).await?;
    Ok(Some(id))
}

/// Takes a coupon back that was not used: it lapses now. Whether the member is without it; one that is put aside for an
/// order counts as used.
pub(crate) async fn withdraw(
    tx: &mut Tx,
    (tenant, member): (TenantId, MemberId),
    coupon: CouponId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let found = store::of_member(tx.connection(), tenant, member, &[coupon]).await?.into_iter().next();
    let Some(found) = found else { return Ok(true) };
    match found.at(now).0 {
        State::Lapsed => return Ok(true),
        State::Reserved | State::Redeemed => return Ok(false),
        State::Issued => {}
    }
    let shard = kernel::Shard::of_member(member);
    store::lapse(tx.connection(), tenant, &[(shard, coupon, now)]).await?;
    let gone = Coupon { state: State::Lapsed, state_at: now, ..found };
    timers::set(tx, &[timer(tenant, &gone)]).await?;
    eventlog::append(tx, &[events::lapsed(tenant, &gone, now)], now).await?;
    Ok(true)
}
