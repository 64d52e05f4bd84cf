//! What another noun does to coupons within a transaction of its own: it gives one, or takes one that is unused.

mod desk;

pub(crate) use self::desk::{offer, state_of, withdraw};
