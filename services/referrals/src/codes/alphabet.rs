//! The text of a referral code: eight random characters and one that checks them, as [`kernel::code`] writes and reads them.

pub use kernel::code::{ALPHABET, Malformed};

/// A referral code.
pub type Code = kernel::code::Code<8>;
