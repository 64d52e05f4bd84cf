//! What registry promises to its callers, one file for each promise.

mod consents;
mod contract;
mod enrolling;
mod freshness;
mod identities;
mod listing;
mod normal_forms;
mod records;
mod shop;
mod tenancy;
mod violations;
