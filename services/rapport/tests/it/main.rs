//! The program's own promises.

mod crash;
mod deploy;
mod history;
mod home;
mod process;
mod restored;
mod time_travel;
mod whole_file;
