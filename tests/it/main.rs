//! The stories, and what holds for every rpc of the contract.

mod away;
mod bad_input;
mod database_stopped;
mod examples;
mod first_purchase;
mod guests;
mod labour;
mod redis_killed;
mod repeat;
mod requests;
mod stage;
mod tokens;
