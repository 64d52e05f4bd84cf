//! When the operator wants the process to stop.

use std::io;

/// Ends at SIGTERM or Ctrl-C.
///
/// # Errors
/// The signals cannot be listened to.
#[cfg(unix)]
pub async fn stop_wanted() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Ends at Ctrl-C.
///
/// # Errors
/// The signal cannot be listened to.
#[cfg(not(unix))]
pub async fn stop_wanted() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
