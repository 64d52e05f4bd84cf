//! What activity promises, through its own door on a private database.

mod contract;
mod growing;
mod guests;
mod reading;
mod recording;
mod returning;
mod shop;
mod streaming;
