//! The audience: for whom a reward or a benefit is, as a condition on what is known of a member.
//!
//! It keeps nothing of its own. What is known comes from the account as it stands at the moment; what is not known, and
//! what of the condition hangs on it, lets nobody in.

pub mod facts;
