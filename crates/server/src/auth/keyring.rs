//! The keys of one issuer, read again when they may have changed.
//!
//! An identity provider changes its keys without telling. So its key file is read again when a token names a key nobody
//! knows, at most once in half a minute, as anybody can make up names; and every ten minutes, so that a key that was
//! withdrawn is forgotten. A file that cannot be read, or holds nothing, changes nothing: the old keys go on.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header};

use super::claims::Unacceptable;
use super::issuer::IssuerError;

/// How soon a key that nobody knows makes the file be read again.
const SOONEST: Duration = Duration::from_secs(30);
/// How long keys are believed without another look.
const LONGEST: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    pub(super) key: DecodingKey,
}

/// Where keys come from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) issuer: String,
    pub(super) path: PathBuf,
    pub(super) algorithms: Vec<Algorithm>,
}

#[derive(Debug)]
struct Held {
    keys: Arc<[Arc<Key>]>,
    looked_at: Instant,
}

#[derive(Debug)]
pub(super) struct Keyring {
    source: Option<Source>,
    held: RwLock<Held>,
}

impl Keyring {
    /// One key that never changes.
    pub(super) fn of_secret(secret: &[u8]) -> Self {
        let key = Arc::new(Key { id: None, key: DecodingKey::from_secret(secret) });
        Self { source: None, held: RwLock::new(Held { keys: [key].into(), looked_at: Instant::now() }) }
    }

    pub(super) fn read(source: Source) -> Result<Self, IssuerError> {
        let keys = source.read()?;
        Ok(Self { source: Some(source), held: RwLock::new(Held { keys, looked_at: Instant::now() }) })
    }

    /// The key a token names.
    pub(super) fn find(&self, header: &Header, now: Instant) -> Result<Arc<Key>, Unacceptable> {
        self.look_again(LONGEST, now);
        if let Some(key) = self.known(header) {
            return Ok(key);
        }
        self.look_again(SOONEST, now);
        self.known(header).ok_or(Unacceptable::Key)
    }

    fn known(&self, header: &Header) -> Option<Arc<Key>> {
        let keys = Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner).keys);
        let family = header.alg.family();
        let mut fitting = keys.iter().filter(|key| key.key.family() == family);
        let found = match &header.kid {
            Some(id) if keys.iter().any(|key| key.id.is_some()) => fitting.find(|key| key.id.as_ref() == Some(id)),
            // Without a name to choose by there must be nothing to choose.
            _ => fitting.next().filter(|_| fitting.next().is_none()),
        };
        found.cloned()
    }

    /// Reads the file again where the last look is as old as this; one caller does, the others go on with what is known.
    fn look_again(&self, age: Duration, now: Instant) {
        let Some(source) = &self.source else { return };
        let is_old = |held: &Held| now.saturating_duration_since(held.looked_at) >= age;
        if !is_old(&self.held.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        {
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            if !is_old(&held) {
                return;
            }
            held.looked_at = now;
        }
        match source.read() {
            Ok(keys) => self.held.write().unwrap_or_else(PoisonError::into_inner).keys = keys,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    issuer = source.issuer,
                    error,
                    "an issuer's keys cannot be read again; the old ones go on"
                );
            }
        }
    }
}

impl Source {
    fn read(&self) -> Result<Arc<[Arc<Key>]>, IssuerError> {
        let text = std::fs::read_to_string(&self.path).map_err(|source| IssuerError::File {
            issuer: self.issuer.clone(),
            path: self.path.clone(),
            source,
        })?;
        let set: JwkSet =
            serde_json::from_str(&text).map_err(|source| IssuerError::Format { path: self.path.clone(), source })?;
        let wanted = |family| self.algorithms.iter().any(|algorithm| algorithm.family() == family);
        let keys: Arc<[Arc<Key>]> = set
            .keys
            .iter()
            .filter(|key| !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption)))
            .filter_map(|key| Some(Key { id: key.common.key_id.clone(), key: DecodingKey::from_jwk(key).ok()? }))
            .filter(|key| wanted(key.key.family()))
            .map(Arc::new)
            .collect();
        if keys.is_empty() { Err(IssuerError::NoKeys(self.issuer.clone())) } else { Ok(keys) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw";

    fn write(path: &std::path::Path, ids: &[&str]) {
        let key = |id: &&str| serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": PUBLIC });
        let keys: Vec<_> = ids.iter().map(key).collect();
        std::fs::write(path, serde_json::json!({ "keys": keys }).to_string()).expect("written");
    }

    fn naming(id: &str) -> Header {
        Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::EdDSA) }
    }

    #[test]
    fn keys_are_read_again_when_they_may_have_changed() {
        let path = std::env::temp_dir().join(format!("rapport-keyring-{}.json", std::process::id()));
        write(&path, &["2023", "2024"]);
        let source =
            Source { issuer: "https://id.example".to_owned(), path: path.clone(), algorithms: vec![Algorithm::EdDSA] };
        let ring = Keyring::read(source).expect("its keys are good");
        let start = Instant::now();
        let knows = |id: &str, seconds| ring.find(&naming(id), start + Duration::from_secs(seconds)).is_ok();

        write(&path, &["2024", "2025"]);
        assert!(!knows("2025", 29), "not so soon");
        assert!(knows("2023", 29), "nobody looked");
        assert!(knows("2025", 40));
        assert!(!knows("2023", 41), "it was withdrawn");

        std::fs::remove_file(&path).expect("removed");
        assert!(!knows("2026", 80));
        assert!(knows("2025", 5_000), "the issuer is away, its old keys go on");
        write(&path, &["2026"]);
        assert!(knows("2025", 5_599), "it was looked at ten minutes ago");
        assert!(!knows("2025", 5_601));
        assert!(knows("2026", 5_602));
        std::fs::remove_file(&path).expect("removed");
    }
}
