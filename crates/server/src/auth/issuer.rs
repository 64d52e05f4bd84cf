//! One issuer we believe: its name, its keys, the ways it may sign and whom it makes tokens for.

use std::path::PathBuf;
use std::time::Instant;

pub use jsonwebtoken::Algorithm;
use jsonwebtoken::{AlgorithmFamily, Header, Validation};
use wire::{Audience, Caller};

use super::claims::{Claims, Unacceptable};
use super::keyring::{Keyring, Source};

/// An identity provider as configuration names it.
#[derive(Debug, Clone)]
pub struct IssuerSettings {
    /// The `iss` its tokens carry.
    pub issuer: String,
    /// The `aud` its tokens for us carry.
    pub audience: String,
    /// The ways it may sign. Symmetric ones are refused: a key that verifies them could also sign.
    pub algorithms: Vec<Algorithm>,
    /// Its public keys (RFC 7517), read at start and again when they may have changed.
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
    keys: Keyring,
    leeway_seconds: u64,
}

impl Issuer {
    /// One that signs with a secret we have ourselves.
    pub(super) fn of_secret(name: &str, audience: &str, whose: Audience, secret: &[u8]) -> Self {
        let keys = Keyring::of_secret(secret);
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
        let keys = Keyring::read(Source { issuer: name.clone(), path, algorithms: algorithms.clone() })?;
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
        let key = self.keys.find(header, Instant::now())?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.key, &rules)?.claims;
        let until = claims.exp.saturating_add(self.leeway_seconds);
        Ok((claims.into_caller(self.whose)?, until))
    }
}
