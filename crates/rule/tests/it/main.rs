//! What rules promise, through the crate's own door.

mod bombs;
mod faults;
mod laws;
mod proofs;
mod shop;
mod walk;
