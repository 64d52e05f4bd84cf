//! The stories, and what holds for every rpc of the contract.

mod away;
mod bad_input;
mod database_stopped;
mod deliveries;
mod examples;
mod first_purchase;
mod friends;
mod guests;
mod labour;
mod ledger_disturbed;
mod portrait;
mod redis_killed;
mod repeat;
mod requests;
mod sleeping;
mod stage;
mod standing_orders;
mod suspended;
mod tokens;
