//! The server's promises, each through a real server and a real client.

mod admin;
mod bench;
mod deadlines;
mod leaving;
mod load;
mod panics;
mod peers;
mod shop;
mod stopping;
mod surface;
mod tokens;
