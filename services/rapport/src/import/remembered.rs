//! What an import has done so far, in a small file, so that the same command goes on where the last one stopped.
//!
//! The file may be lost: then every batch is sent again under its old request id and answers as before. It only saves that time.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::reconciliation::Tally;

/// Raised when the same file would be cut into other batches: an import begun by an older program is then begun anew.
const EDITION: &str = "rapport import 1";

/// The name of an import: the same for the same file, told in the same way, to the same tenant.
pub fn import_id(tenant: &str, digest: &[u8; 32], telling: &str) -> Uuid {
    let mut hash = Sha256::new();
    for part in [EDITION.as_bytes(), tenant.as_bytes(), digest, telling.as_bytes()] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// How far an import has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered<T = Tally> {
    /// Batches that were answered, from the first.
    pub batches: usize,
    /// What became of their lines.
    pub tally: T,
    /// Lines the suite refused, and why.
    pub refused: BTreeMap<u64, String>,
    /// The last freshness token.
    pub freshness: String,
}

/// Where it is written down.
#[derive(Clone, Debug)]
pub struct Place(PathBuf);

impl Place {
    /// In the state folder, under the import's name.
    pub fn of(state_dir: &Path, import: Uuid) -> Self {
        Self(state_dir.join("imports").join(format!("{import}.json")))
    }

    /// What was written down; nothing where there is no file, or none that can be read.
    pub fn recall<T: DeserializeOwned + Default>(&self) -> Remembered<T> {
        fs::read(&self.0).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Writes it down, aside first, so that a broken-off write leaves the old one.
    pub fn remember<T: Serialize>(&self, remembered: &Remembered<T>) -> io::Result<()> {
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        let aside = self.0.with_extension("new");
        let mut file = fs::File::create(&aside)?;
        file.write_all(&serde_json::to_vec(remembered)?)?;
        file.sync_data()?;
        fs::rename(aside, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_has_one_name_for_the_same_file_told_in_the_same_way() {
        let digest = [7; 32];
        let name = import_id("tenant_1", &digest, "source uci");
        assert_eq!(name, import_id("tenant_1", &digest, "source uci"));
        assert_ne!(name, import_id("tenant_2", &digest, "source uci"));
        assert_ne!(name, import_id("tenant_1", &[8; 32], "source uci"));
        assert_ne!(name, import_id("tenant_1", &digest, "source shop"));
        assert_eq!(name.get_version_num(), 8);
    }

    #[test]
    fn what_was_written_down_is_found_again() {
        let folder = std::env::temp_dir().join(format!("rapport-remembered-{}", std::process::id()));
        let place = Place::of(&folder, Uuid::from_u128(1));
        assert_eq!(place.recall(), Remembered::<Tally>::default());
        let remembered: Remembered =
            Remembered { batches: 3, refused: BTreeMap::from([(7, "no".to_owned())]), ..Remembered::default() };
        place.remember(&remembered).expect("written");
        assert_eq!(place.recall(), remembered);
        fs::write(&place.0, "{half").expect("written");
        assert_eq!(place.recall(), Remembered::<Tally>::default());
        fs::remove_dir_all(folder).expect("taken away");
    }
}
