//! The promises of durable calls.

mod calls;
mod office;
