//! An issuer of one's own: for who has no identity provider and listens on more than loopback.
//!
//! Its private key lies in a file that only its owner reads; servers are given the public one as a JWKS file and believe it as
//! they believe any identity provider.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::TenantId;
use serde_json::json;

use super::internal::{Mint, claims};
use super::secret::{self, SecretError};
use super::verifier::EXTERNAL_AUDIENCE;

/// Whom its tokens name as their issuer.
pub const OWN_ISSUER: &str = "rapport-own";
/// Its only key.
const KEY_ID: &str = "own-1";

/// Makes tokens that a server accepts which was given its public key.
pub struct OwnIssuer {
    pair: Ed25519KeyPair,
    private: EncodingKey,
    path: PathBuf,
}

impl std::fmt::Debug for OwnIssuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("OwnIssuer")
    }
}

impl OwnIssuer {
    /// Reads the private key in a folder (`issuer.key`), making it (mode 0600) where there is none.
    ///
    /// # Errors
    /// The file cannot be read or made, others can read it, or it holds no key.
    pub fn open_or_make(folder: &Path) -> Result<Self, SecretError> {
        let path = folder.join("issuer.key");
        let fresh = || {
            let document = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new());
            Ok(STANDARD.encode(document.map_err(|_| SecretError::NoRandomness)?.as_ref()))
        };
        Self::of(secret::open_or(&path, fresh)?, path)
    }

    /// Reads the private key in a folder.
    ///
    /// # Errors
    /// There is none, it cannot be read, others can read it, or it is no key.
    pub fn open(folder: &Path) -> Result<Self, SecretError> {
        let path = folder.join("issuer.key");
        Self::of(secret::open(&path)?, path)
    }

    fn of(text: String, path: PathBuf) -> Result<Self, SecretError> {
        let document = STANDARD.decode(text).map_err(|_| SecretError::NoKey(path.clone()))?;
        let pair = Ed25519KeyPair::from_pkcs8(&document).map_err(|_| SecretError::NoKey(path.clone()))?;
        Ok(Self { pair, private: EncodingKey::from_ed_der(&document), path })
    }

    /// Writes the public key where servers are told to find it (`jwks.json`, beside the private one).
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn publish(&self) -> Result<PathBuf, SecretError> {
        let path = self.path.with_file_name("jwks.json");
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": KEY_ID, "x": x });
        let text = format!("{:#}\n", json!({ "keys": [key] }));
        fs::write(&path, text).map_err(|source| SecretError::File { path: path.clone(), source })?;
        Ok(path)
    }

    /// A token for `actor`, for as long as `lifetime` from now (real time, whatever the business clock says).
    pub fn mint<S: AsRef<str>>(
        &self,
        tenant: Option<TenantId>,
        scopes: impl IntoIterator<Item = S>,
        actor: &str,
        lifetime: Duration,
    ) -> String {
        let scopes: BTreeSet<String> = scopes.into_iter().map(|scope| scope.as_ref().to_owned()).collect();
        let token = Mint { issuer: OWN_ISSUER, audience: EXTERNAL_AUDIENCE, tenant, actor, scopes: &scopes, lifetime };
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims(&token), &self.private).expect("the key was read as one of this kind")
    }
}
