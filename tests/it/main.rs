//! The stories, and what holds for every rpc of the contract.

mod bad_input;
mod examples;
mod first_purchase;
mod guests;
mod repeat;
mod requests;
mod stage;
mod tokens;
