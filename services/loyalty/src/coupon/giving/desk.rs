//! What another noun does to coupons within a transaction of its own, with the member's shard locked: it gives one, or takes
//! one that is unused.

use ::store::{StoreError, Tx};
use jiff::Timestamp;
use kernel::{CouponId, MemberId, Shard, TenantId};

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

/// Takes a coupon back that nobody has used: its time is over now.
pub(crate) async fn withdraw(
    tx: &mut Tx,
    (tenant, member): (TenantId, MemberId),
    coupon: CouponId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let found = store::of_member(tx.connection(), tenant, member, &[coupon]).await?;
    let found = found.into_iter().next().filter(|coupon| coupon.at(now).0 == State::Issued);
    let unused = found.ok_or_else(|| StoreError::unreadable("a coupon that was unused under its lock"))?;
    store::lapse(tx.connection(), tenant, &[(Shard::of_member(member), coupon, now)]).await?;
    let over = Coupon { state: State::Lapsed, state_at: now, reserved_until: None, ..unused };
    timers::set(tx, &[timer(tenant, &over)]).await?;
    eventlog::append(tx, &[events::lapsed(tenant, &over, now)], now).await
}
