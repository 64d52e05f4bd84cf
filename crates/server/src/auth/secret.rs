//! Secrets in files that only their owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Fewer bytes than a hash has would be the weakest part of a signature.
const FEWEST_BYTES: usize = 32;

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Its file cannot be read or made.
    #[error("the secret {} cannot be used", path.display())]
    File {
        /// Where it should lie.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Others can read its file.
    #[error("the secret {} can be read by others; make it mode 0600 or remove it", .0.display())]
    Exposed(PathBuf),
    /// It is too short to sign with.
    #[error("a secret needs at least {FEWEST_BYTES} bytes")]
    Short,
    /// Its file holds something else.
    #[error("{} holds no private key; remove it, and a new one is made", .0.display())]
    NoKey(PathBuf),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

/// 32 random bytes as 64 hexadecimal digits.
pub(super) fn random() -> Result<String, SecretError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| SecretError::NoRandomness)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

pub(super) fn long_enough(secret: &[u8]) -> Result<&[u8], SecretError> {
    if secret.len() < FEWEST_BYTES { Err(SecretError::Short) } else { Ok(secret) }
}

/// The secret at `path`, made (64 hexadecimal digits, mode 0600) when there is none.
///
/// # Errors
/// The file cannot be read or made, others can read it, or it is too short.
pub fn kept(path: &Path) -> Result<String, SecretError> {
    open_or_make(path)
}

/// The secret at `path`, made when there is none. Of several processes that make it at once, one wins and all read
/// the same.
pub(super) fn open_or_make(path: &Path) -> Result<String, SecretError> {
    open_or(path, random)
}

/// The same with a secret of another making.
pub(super) fn open_or(path: &Path, fresh: impl FnOnce() -> Result<String, SecretError>) -> Result<String, SecretError> {
    let failed = |source| SecretError::File { path: path.to_owned(), source };
    if !path.try_exists().map_err(failed)? {
        make(path, &fresh()?).map_err(failed)?;
    }
    open(path)
}

/// The secret at `path`.
pub(super) fn open(path: &Path) -> Result<String, SecretError> {
    let failed = |source| SecretError::File { path: path.to_owned(), source };
    refuse_exposed(path)?;
    let secret = fs::read_to_string(path).map_err(failed)?;
    long_enough(secret.trim().as_bytes())?;
    Ok(secret.trim().to_owned())
}

/// Written aside and then linked into place, so that nobody ever reads half a secret.
fn make(path: &Path, secret: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    let linked = write_private(&aside, secret).and_then(|()| match fs::hard_link(&aside, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    fs::remove_file(&aside)?;
    linked
}

fn write_private(path: &Path, secret: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file: File = options.open(path)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = fs::metadata(path).map_err(|source| SecretError::File { path: path.to_owned(), source })?;
    if metadata.permissions().mode() & 0o077 == 0 { Ok(()) } else { Err(SecretError::Exposed(path.to_owned())) }
}

#[cfg(not(unix))]
fn refuse_exposed(_path: &Path) -> Result<(), SecretError> {
    Ok(())
}
