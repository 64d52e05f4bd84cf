//! How a service reaches the others.
//!
//! Each peer is a name (`registry`, `activity`, ...) and a channel: in process, when it is served by this
//! process, or at the URL in `RAPPORT_<NAME>_URL`. A call is made on somebody's [`Behalf`]: it carries a fresh
//! internal token with the tenant and the original actor, what is left of the deadline, the language to answer in, and the
//! trail of request id and trace.
//!
//! ```ignore
//! let registry = RegistryServiceClient::new(peers.reach("registry", Behalf::of(request.extensions())?.needing("members.read"))?);
//! ```

mod asking;
mod behalf;
mod outbound;
mod unanswered;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tonic::transport::{Channel, Endpoint};

pub use asking::{is_member, members_among, watch};
pub use behalf::Behalf;
pub use outbound::Outbound;
pub use unanswered::unanswered;

use crate::auth::InternalKey;
use crate::memory::MemoryConnector;

/// Why a peer cannot be reached as configured.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// Nobody said where it is.
    #[error("nobody said where `{name}` is; set {variable}")]
    Unknown {
        /// The peer.
        name: String,
        /// The variable that would say it.
        variable: String,
    },
    /// Its URL cannot be used.
    #[error("the URL of `{name}` must be http://host:port")]
    Url {
        /// The peer.
        name: String,
        /// What is wrong with it.
        #[source]
        source: tonic::transport::Error,
    },
    /// Its URL asks for TLS, which this build leaves to the mesh.
    #[error("the URL of `{0}` asks for https; between services, TLS is the mesh's work: use http to its local end")]
    Tls(String),
}

/// The other services, by name.
#[derive(Debug, Clone)]
pub struct Peers {
    key: InternalKey,
    channels: Arc<BTreeMap<String, Channel>>,
}

impl Peers {
    /// Nobody yet; tokens are signed with `key`.
    #[must_use]
    pub fn new(key: InternalKey) -> Self {
        Self { key, channels: Arc::default() }
    }

    /// A peer in this process.
    #[must_use]
    pub fn in_process(self, name: &str, connector: &MemoryConnector) -> Self {
        self.with(name, connector.channel())
    }

    /// A peer at a URL. It is connected to when it is first called, and again whenever it was away.
    ///
    /// # Errors
    /// The URL cannot be used.
    pub fn at(self, name: &str, url: &str) -> Result<Self, PeerError> {
        let endpoint =
            Endpoint::from_shared(url.to_owned()).map_err(|source| PeerError::Url { name: name.to_owned(), source })?;
        if endpoint.uri().scheme_str() == Some("https") {
            return Err(PeerError::Tls(name.to_owned()));
        }
        let endpoint = endpoint
            .connect_timeout(Duration::from_secs(5))
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .keep_alive_while_idle(true);
        Ok(self.with(name, tuned(endpoint).connect_lazy()))
    }

    /// Each of `names` at the URL the environment gives, or else in this process when there is a `connector`.
    ///
    /// # Errors
    /// A URL cannot be used, or a peer is nowhere.
    pub fn from_environment(
        key: InternalKey,
        names: &[&str],
        connector: Option<&MemoryConnector>,
    ) -> Result<Self, PeerError> {
        names.iter().try_fold(Self::new(key), |peers, name| match (std::env::var(Self::variable(name)), connector) {
            (Ok(url), _) if !url.trim().is_empty() => peers.at(name, url.trim()),
            (_, Some(connector)) => Ok(peers.in_process(name, connector)),
            (_, None) => Err(Self::unknown(name)),
        })
    }

    /// The variable that says where a peer is.
    #[must_use]
    pub fn variable(name: &str) -> String {
        format!("RAPPORT_{}_URL", name.to_ascii_uppercase().replace('-', "_"))
    }

    /// A transport for tonic's generated clients whose calls are made on this behalf.
    ///
    /// # Errors
    /// Nobody said where the peer is.
    pub fn reach(&self, name: &str, behalf: Behalf) -> Result<Outbound, PeerError> {
        let channel = self.channels.get(name).cloned().ok_or_else(|| Self::unknown(name))?;
        Ok(Outbound::new(channel, self.key.clone(), behalf))
    }

    fn with(mut self, name: &str, channel: Channel) -> Self {
        Arc::make_mut(&mut self.channels).insert(name.to_owned(), channel);
        self
    }

    fn unknown(name: &str) -> PeerError {
        PeerError::Unknown { name: name.to_owned(), variable: Self::variable(name) }
    }
}

/// Windows wide enough for a batch in flight; the defaults make large answers wait for acknowledgements.
pub(crate) fn tuned(endpoint: Endpoint) -> Endpoint {
    endpoint
        .initial_stream_window_size(crate::options::STREAM_WINDOW)
        .initial_connection_window_size(crate::options::CONNECTION_WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers() -> Peers {
        Peers::new(InternalKey::random().expect("random bytes"))
    }

    #[tokio::test]
    async fn a_peer_nobody_placed_is_named_with_its_variable() {
        let error = peers().reach("loyalty", Behalf::of_process("tests")).expect_err("nowhere");
        assert_eq!(error.to_string(), "nobody said where `loyalty` is; set RAPPORT_LOYALTY_URL");
    }

    #[tokio::test]
    async fn urls_are_read_before_the_first_call() {
        assert!(peers().at("loyalty", "http://loyalty:50051").is_ok());
        assert!(matches!(peers().at("loyalty", "https://loyalty:50051"), Err(PeerError::Tls(_))));
        assert!(matches!(peers().at("loyalty", "not a url"), Err(PeerError::Url { .. })));
    }
}
