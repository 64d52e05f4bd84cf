//! Where a manual clock was left.
//!
//! A manual clock that began anew after a restart would go back, behind what was already written. So its position is
//! kept in the state folder, beside the epoch of the database it belongs to: a new database begins at its own time.

use std::path::{Path, PathBuf};
use std::{fs, io};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The file that remembers.
#[derive(Clone, Debug)]
pub struct KeptClock {
    file: PathBuf,
    database: Uuid,
}

#[derive(Serialize, Deserialize)]
struct Left {
    database: Uuid,
    at: Timestamp,
}

impl KeptClock {
    /// In this folder, for the databases of this epoch.
    #[must_use]
    pub fn new(folder: &Path, database: Uuid) -> Self {
        Self { file: folder.join("clock.json"), database }
    }

    /// Where the clock was left, unless that was with other databases.
    #[must_use]
    pub fn left_at(&self) -> Option<Timestamp> {
        let left: Left = serde_json::from_slice(&fs::read(&self.file).ok()?).ok()?;
        (left.database == self.database).then_some(left.at)
    }

    /// Remembers where it stands.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn leave_at(&self, at: Timestamp) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        let aside = self.file.with_extension("new");
        fs::write(&aside, serde_json::to_vec(&Left { database: self.database, at })?)?;
        fs::rename(aside, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_left_with_its_databases() {
        let folder = std::env::temp_dir().join(format!("rapport-kept-{}", std::process::id()));
        let (ours, others) = (KeptClock::new(&folder, Uuid::from_u128(1)), KeptClock::new(&folder, Uuid::from_u128(2)));
        assert_eq!(ours.left_at(), None);
        let at: Timestamp = "2011-12-10T00:00:00Z".parse().expect("an instant");
        ours.leave_at(at).expect("written");
        assert_eq!((ours.left_at(), others.left_at()), (Some(at), None));
        fs::remove_dir_all(folder).expect("removed");
    }
}
