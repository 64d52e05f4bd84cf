//! Connections as they come in, and how they end when the drain's time is up.
//!
//! tonic serves each connection in a task of its own and waits for all of them at the stop; one client that never
//! reads would hold the process for ever. So every connection carries a cord: pulled, its next read or write fails,
//! and the task with everything in it ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{Stream, stream};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::StreamExt as _;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use crate::memory::MemoryListener;

/// A connection with a cord.
pub(crate) struct Corded<C> {
    connection: C,
    pulled: Pin<Box<WaitForCancellationFutureOwned>>,
}

pub(crate) fn over_tcp(
    listener: TcpListener,
    cord: CancellationToken,
) -> impl Stream<Item = io::Result<Corded<TcpStream>>> {
    stream::unfold(listener, |listener| async move {
        loop {
            match listener.accept().await {
                Ok((connection, _)) => {
                    // An unset option makes small answers slower, not wrong.
                    drop(connection.set_nodelay(true));
                    return Some((connection, listener));
                }
                // Out of descriptors, most likely: trying again at once would only burn the processor.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    })
    .map(move |connection| Ok(Corded::new(connection, &cord)))
}

pub(crate) fn in_process(
    mut listener: MemoryListener,
    cord: CancellationToken,
) -> impl Stream<Item = io::Result<Corded<DuplexStream>>> {
    stream::poll_fn(move |context| listener.arriving.poll_recv(context))
        .map(move |connection| Ok(Corded::new(connection, &cord)))
}

impl<C> Corded<C> {
    fn new(connection: C, cord: &CancellationToken) -> Self {
        Self { connection, pulled: Box::pin(cord.clone().cancelled_owned()) }
    }

    /// Asked only when the connection itself has nothing to do, which is when a stuck one is stuck.
    fn or_cut<T>(&mut self, polled: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if polled.is_pending() && self.pulled.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server has stopped")));
        }
        polled
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Corded<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.connection).poll_read(context, buffer);
        self.or_cut(polled, context)
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Corded<C> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.or_cut(polled, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.connection).poll_flush(context);
        self.or_cut(polled, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.connection).poll_shutdown(context);
        self.or_cut(polled, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.connection).poll_write_vectored(context, bytes);
        self.or_cut(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }
}

impl<C: Connected> Connected for Corded<C> {
    type ConnectInfo = C::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.connection.connect_info()
    }
}
