//! Between the contract and the services: how a call is read, how an answer that is no success is written, and the
//! opaque texts a caller carries around (freshness tokens, page tokens).
//!
//! Three rings of errors, each made in one place:
//! 1. [`Violations`]: everything wrong with the call's fields, at once, `INVALID_ARGUMENT`.
//! 2. [`Refusal`]: what the domain says no to, with one reason each.
//! 3. [`status`]: failures of ours, with a fixed text.

pub mod caller;
mod digest;
mod envelope;
mod freshness;
mod keys;
pub mod messages;
mod ordering;
mod page;
mod patience;
mod refusal;
pub mod status;
mod violations;
pub mod waiting;

pub use caller::{Audience, Caller};
pub use digest::digests;
pub use envelope::{Envelope, open};
pub use freshness::{BadFreshness, Freshness, Mark};
pub use keys::Keys;
pub use messages::Language;
pub use ordering::{Direction, order_by};
pub use page::{PageToken, page_size};
pub use patience::patiently;
pub use refusal::{DOMAIN, Refusal, RefusalKind, Stop, failure, known, refusal, refuse, stopped};
pub use violations::Violations;
