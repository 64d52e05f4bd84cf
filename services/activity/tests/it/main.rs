//! What activity promises, through its own door on a private database.

mod contract;
mod forgotten;
mod growing;
mod guests;
mod reading;
mod recording;
mod rehearsing;
mod returning;
mod shop;
mod streaming;
