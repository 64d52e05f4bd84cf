//! The program's own promises.

mod crash;
mod history;
mod home;
mod process;
mod restored;
mod whole_file;
