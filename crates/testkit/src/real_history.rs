//! The real shop's history that some promises are about.

use std::path::{Path, PathBuf};

/// UCI's Online Retail: beside the checkout, or in the folder `RAPPORT_DATA` names.
///
/// # Panics
/// Where there is none: `cargo xtask test` leaves out the tests with `the_real_file` in their names then, and says so.
pub fn real_history() -> PathBuf {
    let folder = std::env::var_os("RAPPORT_DATA").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    let file = folder.join("online-retail.csv.zst");
    assert!(file.exists(), "{} is missing: name the folder of UCI's Online Retail in RAPPORT_DATA", file.display());
    file
}
