//! What the cache promises, against a real Redis.

mod burst;
mod flights;
mod model;
mod redis_away;
mod replicas;
mod truth;
