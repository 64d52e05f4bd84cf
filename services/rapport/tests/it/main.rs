//! The program's own promises.

mod crash;
mod history;
mod home;
mod process;
mod whole_file;
