//! One issuer we believe: its name, its keys, the ways it may sign and whom it makes tokens for.

use std::path::{Path, PathBuf};

pub use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{JwkSet, PublicKeyUse};
use jsonwebtoken::{AlgorithmFamily, Header};
use jsonwebtoken::{DecodingKey, Validation};
use wire::{Audience, Caller};

use super::claims::{Claims, Unacceptable};

/// An identity provider as configuration names it.
#[derive(Debug, Clone)]
pub struct IssuerSettings {
    /// The `iss` its tokens carry.
    pub issuer: String,
    /// The `aud` its tokens for us carry.
    pub audience: String,
    /// The ways it may sign. Symmetric ones are refused: a key that verifies them could also sign.
    pub algorithms: Vec<Algorithm>,
    /// Its public keys (RFC 7517), read at start.
    pub jwks: PathBuf,
}

/// Why an issuer cannot be believed as configured.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The key file cannot be read.
    #[error("the keys of issuer `{issuer}` cannot be read from {}", path.display())]
    File {
        /// The issuer.
        issuer: String,
        /// The key file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The key file holds no key set.
    #[error("{} is no JSON Web Key Set", path.display())]
    Format {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// No key in it can verify one of the algorithms.
    #[error("issuer `{0}` has no key for any of its algorithms")]
    NoKeys(String),
    /// The allow-list is empty or has a symmetric algorithm.
    #[error("issuer `{0}` needs a list of asymmetric algorithms")]
    Algorithms(String),
    /// Two issuers have one name, or one takes a name of ours.
    #[error("issuer `{0}` is already taken")]
    Taken(String),
}

#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) name: String,
    audience: String,
    whose: Audience,
    algorithms: Vec<Algorithm>,
    keys: Vec<Key>,
    leeway_seconds: u64,
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    key: DecodingKey,
}

impl Issuer {
    /// One that signs with a secret we have ourselves.
    pub(super) fn of_secret(name: &str, audience: &str, whose: Audience, secret: &[u8]) -> Self {
        let keys = vec![Key { id: None, key: DecodingKey::from_secret(secret) }];
        Self {
            name: name.to_owned(),
            audience: audience.to_owned(),
            whose,
            algorithms: vec![Algorithm::HS256],
            keys,
            leeway_seconds: 5,
        }
    }

    pub(super) fn read(settings: IssuerSettings) -> Result<Self, IssuerError> {
        let IssuerSettings { issuer: name, audience, algorithms, jwks: path } = settings;
        if algorithms.is_empty() || algorithms.iter().any(|algorithm| algorithm.family() == AlgorithmFamily::Hmac) {
            return Err(IssuerError::Algorithms(name));
        }
        let keys = read_keys(&name, &path, &algorithms)?;
        if keys.is_empty() {
            return Err(IssuerError::NoKeys(name));
        }
        Ok(Self { name, audience, whose: Audience::External, algorithms, keys, leeway_seconds: 30 })
    }

    /// What the token says, when it is to be believed, and until when (seconds since 1970).
    pub(super) fn verify(&self, token: &str, header: &Header) -> Result<(Caller, u64), Unacceptable> {
        if !self.algorithms.contains(&header.alg) {
            return Err(Unacceptable::Algorithm);
        }
        // Only the token's own algorithm: the library wants all of one family, and this one is on the list.
        let mut rules = Validation::new(header.alg);
        rules.set_issuer(&[&self.name]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.validate_nbf = true;
        rules.leeway = self.leeway_seconds;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key(header)?.key, &rules)?.claims;
        let until = claims.exp.saturating_add(self.leeway_seconds);
        Ok((claims.into_caller(self.whose)?, until))
    }

    fn key(&self, header: &Header) -> Result<&Key, Unacceptable> {
        let family = header.alg.family();
        let mut fitting = self.keys.iter().filter(|key| key.key.family() == family);
        match &header.kid {
            Some(id) if self.keys.iter().any(|key| key.id.is_some()) => fitting.find(|key| key.id.as_ref() == Some(id)),
            // Without a name to choose by there must be nothing to choose.
            _ => fitting.next().filter(|_| fitting.next().is_none()),
        }
        .ok_or(Unacceptable::Key)
    }
}

fn read_keys(issuer: &str, path: &Path, algorithms: &[Algorithm]) -> Result<Vec<Key>, IssuerError> {
    let text = std::fs::read_to_string(path).map_err(|source| IssuerError::File {
        issuer: issuer.to_owned(),
        path: path.to_owned(),
        source,
    })?;
    let set: JwkSet =
        serde_json::from_str(&text).map_err(|source| IssuerError::Format { path: path.to_owned(), source })?;
    let wanted = |family| algorithms.iter().any(|algorithm| algorithm.family() == family);
    Ok(set
        .keys
        .iter()
        .filter(|key| !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption)))
        .filter_map(|key| Some(Key { id: key.common.key_id.clone(), key: DecodingKey::from_jwk(key).ok()? }))
        .filter(|key| wanted(key.key.family()))
        .collect())
}
