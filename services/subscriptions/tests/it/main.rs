//! What subscriptions promises, proved through the in-memory channel on a private database with a clock moved by hand.

mod bad_input;
mod charging;
mod coming_back;
mod gate;
mod journal;
mod orders;
mod plans;
mod refunding;
mod repeat;
mod scheduling;
mod shop;
