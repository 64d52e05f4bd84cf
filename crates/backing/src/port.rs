//! Loopback ports that stay the same from run to run, so that a bookmark or a shell history still works.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

/// The port remembered in the file, if it is free; otherwise any free one, remembered from now on.
pub(crate) fn remembered_or_free(file: &Path) -> io::Result<u16> {
    if let Some(port) = remembered(file).filter(|port| is_free(*port)) {
        return Ok(port);
    }
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    std::fs::write(file, port.to_string())?;
    Ok(port)
}

/// The port that was used last.
pub(crate) fn remembered(file: &Path) -> Option<u16> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Opens a connection to a loopback port.
pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), Duration::from_secs(2))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    Ok(stream)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
