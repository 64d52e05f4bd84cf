//! Writes what a batch has decided, and hands out what comes with it, in its transaction.

use std::collections::BTreeSet;

use ::store::{StoreError, Tx};
use jiff::Timestamp;
use kernel::CouponId;

use crate::account::books::Books;
use crate::account::{occasion, store, uses};
use crate::coupon;

/// Gives and takes back, in the order in which it was decided. Answers the coupons that were not given, as their campaigns
/// give none now. The shards of the members are locked.
async fn hand_out(tx: &mut Tx, books: &Books, now: Timestamp) -> Result<BTreeSet<CouponId>, StoreError> {
    let mut withheld = BTreeSet::new();
    for (owner, holdings) in books {
        for one in &holdings.handing {
            let id = CouponId::derived_from(one.cause, &owner.member.to_string());
            if one.take_back {
                coupon::withdraw(tx, owner.whose(), id, now).await?;
            } else if coupon::give(tx, owner.whose(), &one.campaign, (one.cause, &one.reason), now).await?.is_none() {
                tracing::warn!(campaign = one.campaign, "a coupon is not given: its campaign gives none now");
                withheld.insert(id);
            }
        }
    }
    Ok(withheld)
}

/// Writes what was decided, and hands out the coupons that come with it; answers those that were withheld.
pub(in crate::account) async fn keep(
    tx: &mut Tx,
    books: &Books,
    found: &store::Found,
    now: Timestamp,
) -> Result<BTreeSet<CouponId>, StoreError> {
    store::write(tx, books, found, now).await?;
    uses::store::write(tx, books).await?;
    let withheld = hand_out(tx, books, now).await?;
    occasion::store::write(tx, books, &withheld, now).await?;
    Ok(withheld)
}
