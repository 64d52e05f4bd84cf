//! What another noun does to coupons within a transaction of its own, with the member's shard locked: it gives one, or takes
//! one that is unused.

use std::collections::BTreeSet;

use ::store::{StoreError, Tx};
use jiff::Timestamp;
use kernel::{CouponId, MemberId, Shard, TenantId};
use uuid::Uuid;

use crate::campaign;
use crate::coupon::desk::{Answer, Ask, decide, grounds, holdings, write};
use crate::coupon::standing::{Coupon, State};
use crate::coupon::{CouponRefusal, Issue, IssueReceipt, events, store, timer};

/// A coupon that can be given, and is not written yet.
pub(crate) struct Offered {
    given: Vec<(TenantId, Coupon)>,
    receipt: IssueReceipt,
}

impl Offered {
    /// What came of it.
    pub(crate) const fn receipt(&self) -> &IssueReceipt {
        &self.receipt
    }

    /// Gives it.
    pub(crate) async fn write(&self, tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
        write(tx, &self.given, now).await
    }
}

/// Decides whether a member can be given a coupon now.
pub(crate) async fn offer(
    tx: &mut Tx,
    issue: &Issue,
    now: Timestamp,
) -> Result<Result<Offered, CouponRefusal>, StoreError> {
    let asks = [Ask::Issue(issue.clone())];
    let grounds = grounds(tx, &asks, now).await?;
    let mut holdings = holdings(tx, &asks, now).await?;
    let mut given = Vec::new();
    match decide(&mut holdings, &mut given, &grounds, issue, now) {
        Answer::Done(receipt) => Ok(Ok(Offered { given, receipt })),
        Answer::Refused(refusal) => Ok(Err(refusal)),
        Answer::Settled | Answer::Reused { .. } | Answer::TooOld { .. } | Answer::Suspended => {
            Err(StoreError::unreadable("a coupon was asked for what is not its own to decide"))
        }
    }
}

/// Where a coupon of a member stands.
pub(crate) async fn state_of(
    tx: &mut Tx,
    (tenant, member): (TenantId, MemberId),
    coupon: CouponId,
    now: Timestamp,
) -> Result<Option<State>, StoreError> {
    let found = store::of_member(tx.connection(), tenant, member, &[coupon]).await?;
    Ok(found.into_iter().next().map(|coupon| coupon.at(now).0))
}

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
    eventlog::append(tx, [events::issued(tenant, &coupon)], now)?;
    store::insert(tx.connection(), &[(tenant, coupon)]).await?;
    Ok(Some(id))
}

/// Takes a coupon back that was not used: its time is over now. Whether the member is without it; one that is put aside for
/// an order counts as used.
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
    store::lapse(tx.connection(), tenant, &[(Shard::of_member(member), coupon, now)]).await?;
    let over = Coupon { state: State::Lapsed, state_at: now, reserved_until: None, ..found };
    timers::set(tx, &[timer(tenant, &over)]).await?;
    eventlog::append(tx, [events::lapsed(tenant, &over, now)], now)?;
    Ok(true)
}
