//! What loyalty promises, proved through the in-memory channel on a private database with a clock moved by hand.

mod accounts;
mod bad_input;
mod codes;
mod coupons;
mod draws;
mod earning;
mod explaining;
mod granting;
mod granting_many;
mod holding;
mod ledger;
mod missions;
mod older;
mod overview;
mod pending;
mod planning;
mod programmes;
mod redeeming;
mod repeat;
mod reserving;
mod reserving_walk;
mod rules;
mod shop;
mod tiers;
mod wallets;
