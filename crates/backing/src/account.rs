//! Which user a server runs as.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::process;

/// An unprivileged user that a server runs as because we are root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// For people to read.
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// The user for a server whose data lies, or will lie, in `data`; `None` when we are not root and run it ourselves.
    ///
    /// Data that is already there decides: only its owner can read it, whatever users have been added since.
    pub(crate) fn for_data(data: &Path, preferred: &[&str]) -> Option<Self> {
        if !we_are_root() {
            return None;
        }
        let owner = std::fs::metadata(data).ok().filter(|found| found.uid() != 0);
        owner
            .map(|found| Self { name: name_of(found.uid()), uid: found.uid(), gid: found.gid() })
            .or_else(|| preferred.iter().find_map(|name| Self::named(name)))
    }

    fn named(name: &str) -> Option<Self> {
        let number = |flag| process::output_of("id", &[flag, name])?.parse().ok();
        Some(Self { name: name.to_owned(), uid: number("-u")?, gid: number("-g")? })
    }

    /// Whether this user can enter the folder: every folder above it counts too.
    pub(crate) fn can_enter(&self, folder: &Path) -> bool {
        let mut probe = Command::new("/bin/sh");
        probe.args(["-c", "cd \"$1\"", "sh"]).arg(folder);
        self.applied_to(&mut probe);
        process::quiet(&mut probe).status().is_ok_and(|status| status.success())
    }

    /// Makes the command run as this user, without root's other groups.
    pub(crate) fn applied_to(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

/// Whether this process runs as root.
pub(crate) fn we_are_root() -> bool {
    process::output_of("id", &["-u"]).is_some_and(|uid| uid == "0")
}

fn name_of(uid: u32) -> String {
    process::output_of("id", &["-un", &uid.to_string()]).unwrap_or_else(|| format!("number {uid}"))
}
