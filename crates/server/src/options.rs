//! How a server behaves; every field has a default that suits a small installation.

use std::sync::Arc;
use std::time::Duration;

use proto::Method;

use crate::auth::Verifier;
use crate::deadline::Deadlines;
use crate::load::Seats;
use crate::ready::Readiness;

/// Bytes a stream may have in flight.
pub(crate) const STREAM_WINDOW: u32 = 1024 * 1024;
/// Bytes a connection may have in flight.
pub(crate) const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// Calls one connection may have under way. The seats are what limits load; this only must not be the narrower door.
pub(crate) const CONNECTION_STREAMS: u32 = 4_096;
/// Callers and proxies agree on this much; error details are kept well below it.
pub(crate) const HEADER_LIST_BYTES: u32 = 16 * 1024;

/// How a server behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which tokens are believed.
    pub verifier: Arc<Verifier>,
    /// What health speaks of.
    pub readiness: Readiness,
    /// How long calls may take.
    pub deadlines: Deadlines,
    /// How many calls are answered at once.
    pub seats: Seats,
    /// How the server stops.
    pub drain: Drain,
    /// After how long a TCP connection is asked to go elsewhere (GOAWAY; calls under way end as they would). A tenth
    /// more or less is drawn at start, so that replicas started together do not move their clients together. There is
    /// no "grace" beside it: tonic's would cut calls without a GOAWAY.
    pub connection_age: Duration,
    /// How often a silent TCP connection is asked whether it still lives; it has half of that to answer.
    pub keepalive: Duration,
    /// A watch ends with `OK` after a time between these two, so that clients spread over the replicas again.
    pub watch_lifetime: (Duration, Duration),
    /// Methods beside the contract's. For tests of the server itself.
    pub more_methods: Vec<Method>,
    /// TLS between services is the mesh's work today: a sidecar or node proxy speaks mTLS and hands plain HTTP/2 to
    /// loopback. When the server itself is to do it, certificate, key and client authority belong here, and the
    /// identity of the peer beside [`Caller`](wire::Caller). Nothing reads it yet; only `Mesh` can be said.
    pub tls: TlsBy,
}

/// Who encrypts connections between services.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsBy {
    /// Something in front of the process.
    #[default]
    Mesh,
}

/// How the server stops: health says `NOT_SERVING`, then a pause in which load balancers hear of it, then GOAWAY and
/// waiting, and at the end the cut.
#[derive(Debug, Clone, Copy)]
pub struct Drain {
    /// Between not being ready and refusing new connections.
    pub pause: Duration,
    /// For the whole stop; what has not ended by then is cut.
    pub within: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self { pause: Duration::from_secs(1), within: Duration::from_secs(25) }
    }
}

impl Options {
    /// The defaults, with what has none.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>, readiness: Readiness) -> Self {
        Self {
            verifier,
            readiness,
            deadlines: Deadlines::default(),
            seats: Seats::default(),
            drain: Drain::default(),
            connection_age: Duration::from_secs(1_800),
            keepalive: Duration::from_secs(30),
            watch_lifetime: (Duration::from_secs(600), Duration::from_secs(1_800)),
            more_methods: Vec::new(),
            tls: TlsBy::Mesh,
        }
    }
}
