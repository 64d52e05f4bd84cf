//! The promises of the event log.

mod appending;
mod interleaved;
mod suite;
