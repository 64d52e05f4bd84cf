//! Where PostgreSQL's programs are.
//!
//! Debian puts client wrappers on the PATH and the servers into a folder per version; Homebrew and Postgres.app have
//! their own. A folder counts only if it holds all four programs a private cluster needs and they are of one version.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;

/// Versions before this one are not used: it is the oldest the suite is tested with.
pub const OLDEST: u32 = 15;

const NEEDED: [&str; 4] = ["initdb", "postgres", "pg_ctl", "psql"];

/// A folder with PostgreSQL's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    folder: PathBuf,
    version: String,
    major: u32,
    minor: u32,
}

impl Programs {
    /// Every usable set of programs on this machine, the newest first.
    pub fn all() -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for folder in candidates() {
            if let Some(programs) = Self::in_folder(&folder).filter(|one| !found.contains(one)) {
                found.push(programs);
            }
        }
        // A stable sort: of two folders with one version the one found first, on the PATH, stays first.
        found.sort_by_key(|programs| std::cmp::Reverse((programs.major, programs.minor)));
        found
    }

    /// The programs in this folder, if they are all there, of one version, and new enough.
    fn in_folder(folder: &Path) -> Option<Self> {
        let mut versions = NEEDED.iter().map(|name| version_of(&folder.join(name)));
        let version = versions.next()??;
        if !versions.all(|other| other.as_ref() == Some(&version)) {
            return None;
        }
        let mut numbers = version.split('.').map_while(leading_number);
        let (major, minor) = (numbers.next()?, numbers.next().unwrap_or(0));
        (major >= OLDEST).then(|| Self { folder: folder.to_path_buf(), version, major, minor })
    }

    /// The version, such as "15.18".
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The number before the dot: clusters of one major version can be opened by no other.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// A command for one of the programs, free of settings that would point it at another server.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("PG")) {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").env("PGCONNECT_TIMEOUT", "10");
        command
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for folder in process::path_folders() {
        // A link on the PATH leads to the folder where all four programs lie together.
        if let Ok(program) = folder.join("pg_ctl").canonicalize() {
            folders.extend(program.parent().map(Path::to_path_buf));
        }
    }
    folders.extend(process::output_of("pg_config", &["--bindir"]).map(PathBuf::from));
    folders.extend(versioned("/usr/lib/postgresql", "", "bin"));
    folders.extend(versioned("/usr", "pgsql-", "bin"));
    folders.extend(versioned("/opt/homebrew/opt", "postgresql", "bin"));
    folders.extend(versioned("/usr/local/opt", "postgresql", "bin"));
    folders.extend(versioned("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"));
    folders.extend(versioned("/Applications/Postgres.app/Contents/Versions", "", "bin"));
    folders
}

/// `parent/<prefix...>/last` for everything in `parent` that starts with the prefix.
fn versioned(parent: &str, prefix: &str, last: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    let named = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    named.map(|entry| entry.path().join(last)).filter(|folder| folder.is_dir()).collect()
}

/// "15.18" out of "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
fn version_of(program: &Path) -> Option<String> {
    let said = process::output_of(program, &["--version"])?;
    let (_, rest) = said.split_once("(PostgreSQL) ")?;
    rest.split_whitespace().next().map(str::to_owned)
}

/// The number a text starts with: "19beta1" is 19.
fn leading_number(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn folder_with(name: &str, programs: &[(&str, &str)]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("backing-find-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (program, version) in programs {
            let file = folder.join(program);
            std::fs::write(&file, format!("#!/bin/sh\necho '{program} (PostgreSQL) {version} (made up)'\n")).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_counts_only_when_whole_of_one_version_and_new_enough() {
        let four = |version| NEEDED.map(|name| (name, version));
        let whole = folder_with("whole", &four("17.2"));
        let found = Programs::in_folder(&whole).unwrap();
        assert_eq!((found.version(), found.major(), found.minor), ("17.2", 17, 2));

        let wrappers = folder_with("wrappers", &four("17.2")[..2]);
        assert_eq!(Programs::in_folder(&wrappers), None);

        let mixed = folder_with("mixed", &[&four("17.2")[..3], &[("psql", "16.1")]].concat());
        assert_eq!(Programs::in_folder(&mixed), None);

        let old = folder_with("old", &four("14.9"));
        assert_eq!(Programs::in_folder(&old), None);

        let beta = folder_with("beta", &four("19beta1"));
        assert_eq!(Programs::in_folder(&beta).unwrap().major(), 19);
        for folder in [whole, wrappers, mixed, old, beta] {
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}
