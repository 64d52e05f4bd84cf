//! The contract as Rust: messages, clients and servers generated from `proto/`, the descriptor set that reflection
//! serves, and what every rpc declares about itself.
//!
//! `kernel` types are mapped onto the wire here, so that every service writes an instant, a sum of money or a day in the same way.

#![forbid(unsafe_code)]

mod generated {
    #![allow(missing_docs, clippy::all, rustdoc::all)]
    include!(concat!(env!("OUT_DIR"), "/rapport.rs"));
}
mod mapping;
mod methods;

pub use generated::rapport::{
    activity, clock, common, eventlog, loyalty, operations, portrait, referrals, registry, segmentation, subscriptions,
};
pub use mapping::{BadDate, BadMoney, BadTimestamp, instant, timestamp};
pub use methods::{Method, method, methods};

/// All files of the contract with their comments, as reflection and tests read them.
pub static FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rapport.bin"));
