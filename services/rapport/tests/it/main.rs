//! The program's own promises.

mod alone;
mod chance;
mod crash;
mod deploy;
mod history;
mod home;
mod process;
mod restored;
mod whole_file;
