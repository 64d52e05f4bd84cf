//! A server's second entrance: connections inside the process.
//!
//! Services in one process, and tests, speak the same gRPC through the same door as everybody else, over a pipe
//! instead of a socket.

use std::io;

use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

/// How much one side may write before the other has read.
const PIPE_BYTES: usize = 256 * 1024;

/// The server's end; goes into [`Entrances`](crate::Entrances).
#[derive(Debug)]
pub struct MemoryListener {
    pub(crate) arriving: mpsc::UnboundedReceiver<DuplexStream>,
}

/// The clients' end. Connections can be asked for before the server runs; they are served when it does.
#[derive(Debug, Clone)]
pub struct MemoryConnector {
    arriving: mpsc::UnboundedSender<DuplexStream>,
}

/// Both ends of an in-process entrance.
#[must_use]
pub fn memory() -> (MemoryListener, MemoryConnector) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (MemoryListener { arriving: receiver }, MemoryConnector { arriving: sender })
}

impl MemoryConnector {
    /// A channel that connects at its first call, and again when its connection is gone.
    #[must_use]
    pub fn channel(&self) -> Channel {
        let arriving = self.arriving.clone();
        // Never looked up: the connector below is what connects.
        crate::peers::tuned(Endpoint::from_static("http://in-process.invalid")).connect_with_connector_lazy(service_fn(
            move |_| {
                let arriving = arriving.clone();
                async move {
                    let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
                    arriving.send(theirs).map_err(|_| {
                        io::Error::new(io::ErrorKind::ConnectionRefused, "the server in this process has stopped")
                    })?;
                    Ok::<_, io::Error>(TokioIo::new(ours))
                }
            },
        ))
    }
}
