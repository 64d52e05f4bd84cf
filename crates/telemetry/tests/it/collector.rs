//! A collector that keeps the first request it gets.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

pub struct Collector {
    address: SocketAddr,
    listening: JoinHandle<Vec<u8>>,
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let listening = std::thread::spawn(move || answer(listener.accept().expect("a connection").0));
        Self { address, listening }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The request, once the process that sent it has ended.
    pub fn received(self) -> Vec<u8> {
        if !self.listening.is_finished() {
            // Nothing came: a connection of our own ends the waiting.
            drop(TcpStream::connect(self.address));
        }
        self.listening.join().expect("it listens")
    }
}

fn answer(mut socket: TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !is_whole(&request) {
        match socket.read(&mut piece).expect("readable") {
            0 => return request,
            count => request.extend_from_slice(&piece[..count]),
        }
    }
    socket
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")
        .expect("answered");
    request
}

fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    request.len() >= end + 4 + length.unwrap_or(0)
}
