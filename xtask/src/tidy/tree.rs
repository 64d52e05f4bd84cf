//! The files of the repository, as the checks see them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

/// What is made by tools or belongs to the version control.
const SKIPPED: [&str; 4] = ["target", ".git", ".rapport", "node_modules"];
/// Larger files are data, not something a person wrote.
const LARGEST: u64 = 2_000_000;

/// Paths from the root, with `/`, and the text of those that are text.
#[derive(Debug, Default)]
pub(super) struct Tree {
    texts: BTreeMap<String, String>,
    /// Everything that is there, folders too.
    paths: BTreeSet<String>,
}

impl Tree {
    /// Reads the tree below a folder.
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.add_folder(root, "")?;
        Ok(tree)
    }

    /// A tree that exists only in a test.
    #[cfg(test)]
    pub(super) fn made_up(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            for (end, _) in path.match_indices('/') {
                tree.paths.insert(path[..end].to_owned());
            }
            tree.paths.insert((*path).to_owned());
            tree.texts.insert((*path).to_owned(), (*text).to_owned());
        }
        tree
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if SKIPPED.contains(&name.as_str()) {
                continue;
            }
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let found = entry.metadata()?;
            if found.is_dir() {
                self.add_folder(&entry.path(), &path)?;
            } else if found.len() <= LARGEST
                && let Ok(text) = fs::read_to_string(entry.path())
            {
                self.texts.insert(path.clone(), text);
            }
            self.paths.insert(path);
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Every text file.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of one file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The text files whose name ends so.
    pub(super) fn ending(&self, ending: &str) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(move |(path, _)| path.ends_with(ending))
    }

    /// Whether there is such a file or folder.
    pub(super) fn has(&self, path: &str) -> bool {
        path.is_empty() || self.paths.contains(path)
    }
}

/// Whether the file holds tests: a file of a `tests` folder, or a module of tests beside the code.
pub(super) fn is_test(path: &str) -> bool {
    path.split('/').any(|part| ["tests", "benches", "tests.rs", "laws", "laws.rs", "walk", "walk.rs"].contains(&part))
}
