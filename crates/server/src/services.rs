//! What a process serves: routes, and the names health speaks of.

use std::convert::Infallible;

use http::{Request, Response};
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tower::Service;

/// The gRPC services of one process. Health and reflection are added by `serve`.
#[derive(Debug, Clone, Default)]
pub struct Services {
    pub(crate) routes: Routes,
    pub(crate) names: Vec<&'static str>,
}

impl Services {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Mounts a service, as tonic generates them. Give it to [`compressed!`](crate::compressed) first.
    #[must_use]
    pub fn with<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.routes = self.routes.add_service(service);
        self.names.push(S::NAME);
        self
    }

    /// Full names of the mounted services.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }
}

/// Lets a tonic-generated server read and write gzip and zstd, each caller choosing by its headers.
///
/// ```ignore
/// Services::new().with(server::compressed!(RegistryServiceServer::new(registry)))
/// ```
///
/// Messages stay limited to tonic's 4 MiB, counted after decompression, unless the server raises
/// `max_decoding_message_size`.
#[macro_export]
macro_rules! compressed {
    ($server:expr) => {{
        use $crate::tonic::codec::CompressionEncoding::{Gzip, Zstd};
        $server.accept_compressed(Gzip).accept_compressed(Zstd).send_compressed(Zstd).send_compressed(Gzip)
    }};
}
