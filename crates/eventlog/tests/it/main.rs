//! The promises of the event log.

mod appending;
mod delivery;
mod freshness;
mod interleaved;
mod parked;
mod promoted;
mod restored;
mod rewound;
mod scene;
mod suite;
mod tenants;
