//! The folder of one private server, and who is in it.
//!
//! `turn` is held while a server is being started or stopped; `users` is held, shared, for as long as somebody uses it.
//! Both are locks of the operating system on open files: a process that is killed lets go of them.

use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::{Doing, Tell, Trouble};

const TURN: &str = "turn.lock";
const USERS: &str = "users.lock";

/// An opened folder.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    folder: PathBuf,
    /// The user the server runs as when we are root.
    pub(crate) account: Option<Account>,
}

/// Held by the one process that is starting or stopping the server.
#[derive(Debug)]
pub(crate) struct Turn {
    _lock: File,
}

/// Held by everyone who uses the server.
#[derive(Debug)]
pub(crate) struct InUse {
    lock: File,
}

impl Place {
    /// Opens `wanted`, or a folder of its own under the temporary folder when the server's user cannot enter `wanted`.
    pub(crate) fn open(wanted: &Path, subject: &str, users: &[&str], tell: Tell<'_>) -> Result<Self, Trouble> {
        let wanted = std::path::absolute(wanted).doing(|| format!("finding {}", wanted.display()))?;
        let place = Self::at(&wanted, users)?;
        let wanted = place.folder.clone();
        let Some(account) = &place.account else { return Ok(place) };
        if account.can_enter(&wanted) {
            return Ok(place);
        }
        let fallback = temporary_for(&wanted);
        tell(
            subject,
            &format!(
                "runs as user {}, who cannot enter {}: its data goes to {}",
                account.name,
                shown(&wanted),
                shown(&fallback)
            ),
        );
        let place = Self::at(&fallback, users)?;
        refuse_foreign(&fallback)?;
        Ok(place)
    }

    /// Opens the folder only if it was opened before.
    pub(crate) fn existing(wanted: &Path, subject: &str, users: &[&str]) -> Result<Option<Self>, Trouble> {
        if !wanted.is_dir() {
            return Ok(None);
        }
        let place = Self::open(wanted, subject, users, &|_, _| ())?;
        Ok(Some(place).filter(|place| place.inside(TURN).exists()))
    }

    /// Whichever way the folder was named, it is opened under one name: a server is recognised by the folder in its
    /// command line, where PostgreSQL writes no `..`.
    fn at(folder: &Path, users: &[&str]) -> Result<Self, Trouble> {
        let doing = || format!("creating {}", folder.display());
        let existed = folder.is_dir();
        std::fs::create_dir_all(folder).doing(doing)?;
        let folder = &folder.canonicalize().doing(doing)?;
        let account = Account::for_data(&folder.join("data"), users);
        if account.is_some() && !existed {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).doing(doing)?;
        }
        Ok(Self { folder: folder.to_path_buf(), account })
    }

    /// A file or folder inside.
    pub(crate) fn inside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives a file or folder to the user the server runs as.
    pub(crate) fn hand_over(&self, path: &Path) -> io::Result<()> {
        match &self.account {
            Some(account) => std::os::unix::fs::chown(path, Some(account.uid), Some(account.gid)),
            None => Ok(()),
        }
    }

    /// Waits until nobody else is starting or stopping this server.
    pub(crate) fn turn(&self) -> Result<Turn, Trouble> {
        let lock = self.lock_file(TURN)?;
        lock.lock().doing(|| format!("locking {}", self.inside(TURN).display()))?;
        Ok(Turn { _lock: lock })
    }

    /// Joins those who use the server.
    pub(crate) fn join(&self, _turn: &Turn) -> Result<InUse, Trouble> {
        let lock = self.lock_file(USERS)?;
        lock.lock_shared().doing(|| format!("locking {}", self.inside(USERS).display()))?;
        Ok(InUse { lock })
    }

    /// Leaves, and says whether somebody else stays. While the turn is held nobody can join.
    pub(crate) fn leave(&self, mine: InUse, turn: &Turn) -> Result<bool, Trouble> {
        mine.lock.unlock().doing(|| format!("unlocking {}", self.inside(USERS).display()))?;
        self.used(turn)
    }

    /// Whether anybody uses the server.
    pub(crate) fn used(&self, _turn: &Turn) -> Result<bool, Trouble> {
        match self.lock_file(USERS)?.try_lock() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(Trouble::failed("asking who uses the server", error)),
        }
    }

    /// Removes everything but the locks, which others may be waiting for.
    pub(crate) fn empty(&self, _turn: &Turn) -> Result<(), Trouble> {
        let doing = || format!("removing {}", self.folder.display());
        for entry in std::fs::read_dir(&self.folder).doing(doing)? {
            let entry = entry.doing(doing)?;
            if entry.file_name() == TURN || entry.file_name() == USERS {
                continue;
            }
            let folder = entry.file_type().doing(doing)?.is_dir();
            let removed =
                if folder { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) };
            removed.doing(doing)?;
        }
        Ok(())
    }

    fn lock_file(&self, name: &str) -> Result<File, Trouble> {
        let path = self.inside(name);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        opened.doing(|| format!("opening {}", path.display()))
    }
}

/// A path as a person wants to read it: relative to where they stand, if it lies below.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

fn temporary_for(wanted: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    wanted.hash(&mut hasher);
    let name = wanted.file_name().unwrap_or_default().to_string_lossy();
    std::env::temp_dir().join(format!("rapport-{name}-{:016x}", hasher.finish()))
}

/// The temporary folder is everybody's: a folder of that name made by someone else is not ours to use.
fn refuse_foreign(folder: &Path) -> Result<(), Trouble> {
    let found = std::fs::symlink_metadata(folder).doing(|| format!("looking at {}", folder.display()))?;
    if found.is_dir() && found.uid() == 0 {
        return Ok(());
    }
    Err(Trouble::failed(format!("using {}", folder.display()), "it belongs to somebody else"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> Place {
        let folder = std::env::temp_dir().join(format!("backing-place-{name}-{}", std::process::id()));
        Place::open(&folder, "test", &["nobody"], &|_, _| ()).unwrap()
    }

    #[test]
    fn the_last_to_leave_is_told_so() {
        let place = place("users");
        let turn = place.turn().unwrap();
        let (one, two) = (place.join(&turn).unwrap(), place.join(&turn).unwrap());
        assert!(place.leave(one, &turn).unwrap(), "the second still uses it");
        assert!(!place.leave(two, &turn).unwrap(), "nobody is left");
        std::fs::remove_dir_all(place.folder()).unwrap();
    }

    #[test]
    fn emptying_keeps_the_locks_others_wait_for() {
        let place = place("empty");
        let turn = place.turn().unwrap();
        std::fs::create_dir(place.inside("data")).unwrap();
        std::fs::write(place.inside("port"), "1").unwrap();
        place.empty(&turn).unwrap();
        let left: Vec<_> = std::fs::read_dir(place.folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, [TURN]);
        std::fs::remove_dir_all(place.folder()).unwrap();
    }

    #[test]
    fn a_folder_closed_to_the_servers_user_is_replaced_and_that_is_said() {
        let closed = std::env::temp_dir().join(format!("backing-place-closed-{}", std::process::id()));
        std::fs::create_dir_all(&closed).unwrap();
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
        let wanted = closed.join("pg");
        let told = std::cell::RefCell::new(Vec::new());
        let tell = |_: &str, text: &str| told.borrow_mut().push(text.to_owned());
        let place = Place::open(&wanted, "test", &["nobody"], &tell).unwrap();
        match &place.account {
            None => assert_eq!(place.folder(), wanted, "not root: the server runs as ourselves"),
            Some(_) => {
                assert_eq!(place.folder(), temporary_for(&wanted));
                assert!(told.borrow()[0].contains("nobody") && told.borrow()[0].contains("closed"), "{told:?}");
                std::fs::remove_dir_all(place.folder()).unwrap();
            }
        }
        std::fs::remove_dir_all(closed).unwrap();
    }
}
