//! Secrets: given, read from a file, or made once and kept for a local suite.

use std::fs;
use std::path::Path;

use super::ConfigError;

/// What was given: the text, or what its file holds without the line's end. An empty text is none.
pub(super) fn given(text: Option<&str>, file: Option<&Path>) -> Result<Option<String>, ConfigError> {
    let read = match (text.filter(|text| !text.trim().is_empty()), file.filter(|file| !file.as_os_str().is_empty())) {
        (Some(text), _) => Some(text.to_owned()),
        (None, Some(file)) => {
            Some(fs::read_to_string(file).map_err(|source| ConfigError::File { path: file.to_owned(), source })?)
        }
        (None, None) => None,
    };
    Ok(read.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// What was given; for a local suite what is kept at `path`, made when there is none.
pub(super) fn or_made(given: Option<String>, local: bool, path: &Path, variable: &str) -> Result<String, ConfigError> {
    match given {
        Some(secret) => Ok(secret),
        None if local => Ok(server::auth::kept(path)?),
        None => Err(ConfigError::Missing(format!(
            "{variable} (or {variable}_FILE) has to be given when an issuer is: all processes of an installation share it"
        ))),
    }
}

/// A URL with its password covered.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "***".to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return url.to_owned() };
    let user = rest[..at].split(':').next().unwrap_or_default();
    format!("{scheme}://{user}:***{}", &rest[at..])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use server::auth::SecretError;

    use super::*;

    #[test]
    fn passwords_are_covered_wherever_they_stand() {
        assert_eq!(without_password("postgres://me:a@b@host/x"), "postgres://me:***@host/x");
        assert_eq!(without_password("postgres://host/x"), "postgres://host/x");
        assert_eq!(without_password("a secret without a scheme"), "***");
    }

    #[test]
    fn a_made_secret_stays_and_is_private() {
        let folder = std::env::temp_dir().join(format!("rapport-secrets-{}", std::process::id()));
        let path = folder.join("state/secret");
        let first = or_made(None, true, &path, "RAPPORT_SECRET").expect("made");
        assert_eq!(or_made(None, true, &path, "RAPPORT_SECRET").expect("read"), first);
        assert_eq!(first.len(), 64);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
        assert!(matches!(
            or_made(None, true, &path, "RAPPORT_SECRET"),
            Err(ConfigError::Secret(SecretError::Exposed(_)))
        ));
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn a_file_is_read_without_its_last_line_end() {
        let file = std::env::temp_dir().join(format!("rapport-given-{}", std::process::id()));
        fs::write(&file, "postgres://host/x\n").expect("written");
        assert_eq!(given(None, Some(&file)).expect("read").as_deref(), Some("postgres://host/x"));
        assert_eq!(given(Some("said"), Some(&file)).expect("said").as_deref(), Some("said"));
        assert_eq!(given(Some(" "), None).expect("nothing"), None);
        fs::remove_file(file).expect("removed");
    }
}
