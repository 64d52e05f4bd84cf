//! What kind of call a path is, and what is counted for it.
//!
//! The contract's own description of each rpc decides; a path it does not know is refused at the door, before any
//! service sees it, so a service mounted without a description is closed rather than open.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

use proto::Method;
use telemetry::metrics::{self, Histogram, HistogramVec, IntCounter, IntCounterVec};
use tonic::Code;

/// How many gRPC status codes there are.
const CODES: usize = 17;

static COUNTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter("rapport_rpc_total", "Calls answered, by method and status code.", &["rpc", "code"])
});
static SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    metrics::histogram(
        "rapport_rpc_seconds",
        "Time from a call's arrival to its answer, or to the end of its stream.",
        &["rpc"],
        metrics::CALL_SECONDS,
    )
});

/// One rpc the server answers, with its counters at hand.
#[derive(Debug)]
pub(crate) struct Rpc {
    pub(crate) method: Method,
    counts: [OnceLock<IntCounter>; CODES],
    seconds: Histogram,
}

impl Rpc {
    fn new(method: Method) -> Self {
        let counts = std::array::from_fn(|_| OnceLock::new());
        Self { method, counts, seconds: SECONDS.with_label_values(&[method.path]) }
    }

    /// A stream without an end of its own: it is resumed by the caller, so ending it early loses nothing. Any other
    /// stream is a download, which must be whole or fail.
    pub(crate) fn is_watch(&self) -> bool {
        self.method.server_streaming
            && self
                .method
                .path
                .rsplit('/')
                .next()
                .is_some_and(|name| name.starts_with("Watch") || name == "ServerReflectionInfo")
    }

    pub(crate) fn count(&self, code: Code, seconds: f64) {
        let number = usize::try_from(code as i32).unwrap_or_default().min(CODES - 1);
        self.counts[number].get_or_init(|| COUNTS.with_label_values(&[self.method.path, word(code)])).inc();
        self.seconds.observe(seconds);
    }
}

/// What a path asks for.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// Health and reflection: answered to everybody, never shed.
    Open(Arc<Rpc>),
    /// An rpc of the contract: a token, a seat and a deadline are needed.
    Suite(Arc<Rpc>),
    /// Nothing we know. All such paths share one counter, or a scanner would fill the memory with labels.
    Unknown(Arc<Rpc>),
}

impl Call {
    pub(crate) fn rpc(&self) -> &Arc<Rpc> {
        match self {
            Self::Open(rpc) | Self::Suite(rpc) | Self::Unknown(rpc) => rpc,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Calls {
    known: HashMap<&'static str, Call>,
    unknown: Call,
}

impl Calls {
    /// The whole contract, and what a test adds to it.
    pub(crate) fn new(more: &[Method]) -> Self {
        let suite =
            proto::methods().iter().chain(more).map(|method| (method.path, Call::Suite(Arc::new(Rpc::new(*method)))));
        let open =
            OPEN.iter().map(|(path, streams)| (*path, Call::Open(Arc::new(Rpc::new(undeclared(path, *streams))))));
        Self {
            known: suite.chain(open).collect(),
            unknown: Call::Unknown(Arc::new(Rpc::new(undeclared("unknown", false)))),
        }
    }

    pub(crate) fn find(&self, path: &str) -> &Call {
        self.known.get(path).unwrap_or(&self.unknown)
    }
}

const OPEN: &[(&str, bool)] = &[
    ("/grpc.health.v1.Health/Check", false),
    ("/grpc.health.v1.Health/List", false),
    ("/grpc.health.v1.Health/Watch", true),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", true),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", true),
];

/// What the contract says nothing about has no scope: behind the door nobody may call it.
fn undeclared(path: &'static str, streams: bool) -> Method {
    Method {
        path,
        scope: "",
        mutating: false,
        client_streaming: false,
        server_streaming: streams,
        input: "",
        output: "",
    }
}

/// The code as the contract writes it.
pub(crate) fn word(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
