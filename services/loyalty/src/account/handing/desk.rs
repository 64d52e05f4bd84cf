//! Hands out what a batch has decided, in its transaction.

use std::collections::BTreeSet;

use ::store::{StoreError, Tx};
use jiff::Timestamp;
use kernel::CouponId;

use crate::account::books::Books;
use crate::coupon;

/// Gives and takes back, in the order in which it was decided. Answers the coupons that were not given, as their campaigns
/// give none now. The shards of the members are locked.
pub(in crate::account) async fn hand_out(
    tx: &mut Tx,
    books: &Books,
    now: Timestamp,
) -> Result<BTreeSet<CouponId>, StoreError> {
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
