//! What referrals promises, proved through the in-memory channel on a private database with a clock moved by hand.

mod attributing;
mod bad_input;
mod codes;
mod deliveries;
mod limits;
mod loyalty;
mod repeat;
mod returning;
mod reviewing;
mod rewarding;
mod shop;
mod terms;
