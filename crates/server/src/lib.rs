//! Everything a Rapport process needs around its services.
//!
//! A service knows its nouns; this crate knows what every gRPC server must get right, once for all of them:
//!
//! ```ignore
//! let readiness = Readiness::new();
//! let verifier = Arc::new(Verifier::new(&key).with_dev(&DevIssuer::open(".rapport/dev.key")?));
//! let (memory, connector) = server::memory();
//! let peers = Peers::from_environment(key, &["registry", "activity"], Some(&connector))?;
//! let services = Services::new().with(server::compressed!(LoyaltyServiceServer::new(loyalty)));
//! let tcp = Some(TcpListener::bind("127.0.0.1:50051").await?);
//! serve(services, Entrances { tcp, memory: Some(memory) }, shutdown, Options::new(verifier, readiness)).await?;
//! ```
//!
//! # What a call meets
//!
//! Every call, from a socket or from inside the process, comes through one door (`door`), which sees it, believes its
//! token or refuses it, bounds its time, gives it a seat, and only then lets a service answer. What the service finds
//! in the request's extensions:
//!
//! | type | what it is |
//! |---|---|
//! | [`Caller`](wire::Caller) | tenant, actor, scopes; always there |
//! | [`Deadline`] | when the answer is due; absent for a stream whose caller states none |
//! | [`Seat`] | to step out of while waiting for something that costs nothing |
//! | [`Trail`] | request id and trace, for calls made in turn |
//!
//! # Laws
//!
//! 1. **Closed unless described.** A method outside the contract does not exist, and one without a scope may be
//!    called by nobody. Health and reflection alone are open.
//! 2. **The tenant comes from the token.** No header, field or path can name another.
//! 3. **A mutation that has begun ends.** Its caller may go away, its deadline may pass, the process may be stopping:
//!    it runs in a task that is waited for. Only the drain's hard end leaves it behind.
//! 4. **Refused early, not queued.** When all seats are taken, a call is refused within microseconds, and told when
//!    to come again.
//! 5. **A deadline answers `DEADLINE_EXCEEDED`**, for calls that state one and for those that do not, a moment before
//!    the caller's own timer runs out.
//! 6. **Nothing leaks.** A failure is `INTERNAL` with a fixed text, and its cause is logged once; a panic is answered
//!    and takes no other call with it; no line, span or label holds a payload, a token or personal data.
//! 7. **A stop has an end.** Health says `NOT_SERVING` first, then connections are sent away, watches end with `OK`
//!    to be resumed elsewhere, mutations finish; at the end of the time given, what is left is cut.
//!
//! # Limits
//!
//! A message is at most 4 MiB (tonic's default; a service that needs more raises it where it is mounted), a header
//! list 16 KiB. gzip and zstd are spoken by services mounted through [`compressed!`]. Watches end after 10 to 30
//! minutes with `OK`.
//!
//! # Rooms
//!
//! `serve` a server's life · `door` the order of things · `calls` what a path means · `auth` whose token is believed
//! · `deadline`, `detach`, `load`, `streams`, `panics`, `trace` one law each · `memory`, `connections` ways in ·
//! `peers` ways out · `in_turn` streams of batches · `ready`, `health`, `admin`, `signals` what operators and orchestrators ask.

mod admin;
pub mod auth;
mod calls;
mod chance;
mod connections;
mod deadline;
mod detach;
mod door;
mod health;
mod in_turn;
mod language;
mod load;
mod memory;
mod options;
mod panics;
mod peers;
mod ready;
mod serve;
mod services;
mod signals;
mod streams;
mod trace;
mod unreadable;

pub use admin::serve_admin;
pub use auth::{DevIssuer, InternalKey, OwnIssuer, Verifier};
pub use deadline::{Deadline, Deadlines};
pub use health::PROBES;
pub use in_turn::{Answers, in_turn};
pub use load::{Seat, Seats};
pub use memory::{MemoryConnector, MemoryListener, memory};
pub use options::{Drain, Options, TlsBy};
pub use peers::{Behalf, Outbound, PeerError, Peers, is_member, members_among, unanswered, watch};
pub use ready::{Check, NotReady, Readiness};
pub use serve::{Entrances, ServeError, Stopped, serve};
pub use services::Services;
pub use signals::stop_wanted;
pub use trace::{Trail, noted};

/// For [`compressed!`].
#[doc(hidden)]
pub use tonic;
