//! The kit's own promises.

mod bad_input;
mod databases;
mod speaking;
