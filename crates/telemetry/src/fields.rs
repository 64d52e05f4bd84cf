//! The names under which logs and spans carry facts, so that a search in one service finds the same thing in all.
//!
//! ```
//! use telemetry::fields;
//! tracing::info!({ fields::RPC } = "/rapport.loyalty.v1.LoyaltyService/RedeemPoints", { fields::CODE } = "OK");
//! ```

/// Full path of the called method.
pub const RPC: &str = "rpc";
/// gRPC status code, in words.
pub const CODE: &str = "code";
/// The caller's `x-request-id`, or the one made for it.
pub const REQUEST: &str = "request";
/// Milliseconds something took.
pub const DURATION_MS: &str = "duration_ms";
/// TypeID of the tenant.
pub const TENANT: &str = "tenant";
/// Shard number, 0 to 255.
pub const SHARD: &str = "shard";
/// Name of a service of the suite.
pub const SERVICE: &str = "service";
/// Name of another service that is called or listened to.
pub const PEER: &str = "peer";
/// Name of a consumer of the event log.
pub const CONSUMER: &str = "consumer";
/// Position in a partition of the event log.
pub const POSITION: &str = "position";
/// Epoch of an event log.
pub const EPOCH: &str = "epoch";
/// Kind of an event, a timer or a call.
pub const KIND: &str = "kind";
/// How many of something.
pub const COUNT: &str = "count";
/// What went wrong, as the source tells it.
pub const ERROR: &str = "error";
/// Address of a listener.
pub const ADDRESS: &str = "address";
