//! The program's own promises.

mod alone;
mod chance;
mod circle;
mod crash;
mod deploy;
mod history;
mod home;
mod moving;
mod planning;
mod process;
mod programmes;
mod restored;
mod segments;
mod time_travel;
mod whole_file;
