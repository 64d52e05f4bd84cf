//! Coupons that come with what is booked: they are given, or taken back where they were not used, in the same commit.

pub(super) mod desk;

use uuid::Uuid;

/// A coupon to give, or to take back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handing {
    /// Of which campaign.
    pub campaign: String,
    /// What for: given once for it.
    pub cause: Uuid,
    /// Why, for whoever reads the coupon.
    pub reason: String,
    /// It is taken back.
    pub take_back: bool,
}
