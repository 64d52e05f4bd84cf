//! What segmentation promises, proved through the in-memory channel on a private database with a clock moved by hand.

mod bad_input;
mod insight;
mod lists;
mod overview;
mod repeat;
mod said;
mod shop;
mod snapshots;
mod stages;
