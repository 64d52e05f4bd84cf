//! `rapport`, the one program of the suite: it serves the services, and it is a client of them.
//!
//! **Serving**: [`config`] reads every setting, [`suite`] puts the services of one process together, [`serve`] runs
//! them, [`migrate`] makes their tables, [`up`] does all of it with a demo shop.
//!
//! **Looking after**: [`doctor`] tells how a running suite is, [`events`] deals with what could not be applied, [`clock`]
//! moves business time, [`token`] makes development tokens.
//!
//! **Using**: everything else is a client like any other, over the public calls ([`client`]), and prints for people
//! ([`table`], [`words`]) or, with `--json`, for programs: [`import`] brings a history in, [`report`] sums it up,
//! [`member`], [`orders`], [`points`], [`rewards`], [`benefits`], [`coupons`], [`referrals`], [`subscriptions`] and
//! [`explain`] look at one person, [`missions`] and [`draws`] put what members may do and win, [`tenant`] and [`programme`]
//! open a shop, [`reconcile`] compares two services, and
//! [`demo`] makes one up.
//!
//! It is a library too, so that tests can start a whole suite in memory.

mod basket;
pub mod benefits;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod coupons;
pub mod demo;
pub mod doctor;
pub mod draws;
pub mod events;
pub mod explain;
mod following;
pub mod import;
pub mod ledger;
pub mod member;
pub mod migrate;
pub mod missions;
pub mod orders;
pub mod points;
pub mod programme;
pub mod progress;
pub mod reconcile;
pub mod referrals;
pub mod report;
pub mod rewards;
mod say;
pub mod segments;
pub mod serve;
pub mod subscriptions;
pub mod suite;
pub mod table;
pub mod tenant;
pub mod token;
pub mod up;
pub mod words;
mod worth;
