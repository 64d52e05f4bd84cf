//! The words every service shares, without any input or output: who (ids, shards), how much (points, money), when
//! (the clock, the calendar), which version of a promise rules, and how fractions become whole numbers.
//!
//! 1. Points and money are whole numbers of their smallest unit; nothing here is a float.
//! 2. Arithmetic is checked: what does not fit is an error, never a wrong number.
//! 3. Business time is read from [`Clock`] and nowhere else.

#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::wildcard_enum_match_arm)]

pub mod calendar;
mod clock;
pub mod code;
mod id;
mod money;
mod points;
pub mod rounding;
mod shard;
mod versions;

pub use clock::{Clock, ClockError, to_microsecond};
pub use id::{
    AdjustmentId, ChargeId, ClaimId, CouponId, DrawTicketId, EntryId, HoldId, IdError, LotId, MemberId,
    MissionRewardId, OccasionId, OrderId, PlanId, ProductId, ReferralId, RequestId, ReservationId, ReturnId,
    SubscriptionId, TenantId, TransferId,
};
pub use money::{Currency, CurrencyError, Money};
pub use points::Points;
pub use rounding::Rounding;
pub use shard::Shard;
pub use versions::{Version, Versions};
