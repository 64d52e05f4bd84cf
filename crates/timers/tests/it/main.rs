//! The promises of what is due.

mod bell;
mod coordinator;
mod due;
mod ringing;
