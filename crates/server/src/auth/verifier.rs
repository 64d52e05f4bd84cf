//! Which tokens are believed.

use jsonwebtoken::{dangerous, decode_header, get_current_timestamp};
use serde::Deserialize;
use wire::{Audience, Caller};

use super::claims::Unacceptable;
use super::dev::{DEV_ISSUER, DevIssuer};
use super::internal::{INTERNAL_AUDIENCE, INTERNAL_ISSUER, InternalKey};
use super::issuer::{Issuer, IssuerError, IssuerSettings};
use super::remembered::Remembered;

/// The audience of development tokens, and the one to configure at an identity provider unless another is wanted.
pub const EXTERNAL_AUDIENCE: &str = "rapport";

/// Believes the suite itself, and whom else it is told to.
#[derive(Debug)]
pub struct Verifier {
    issuers: Vec<Issuer>,
    remembered: Remembered,
    believes_dev: bool,
}

#[derive(Deserialize)]
struct Claimed {
    iss: String,
}

impl Verifier {
    /// Believes the suite's own services.
    #[must_use]
    pub fn new(key: &InternalKey) -> Self {
        let suite = Issuer::of_secret(INTERNAL_ISSUER, INTERNAL_AUDIENCE, Audience::Internal, key.secret());
        Self { issuers: vec![suite], remembered: Remembered::default(), believes_dev: false }
    }

    /// Believes the development issuer too. A server given this verifier listens on loopback only.
    #[must_use]
    pub fn with_dev(mut self, issuer: &DevIssuer) -> Self {
        self.issuers.retain(|known| known.name != DEV_ISSUER);
        self.issuers.push(Issuer::of_secret(DEV_ISSUER, EXTERNAL_AUDIENCE, Audience::External, issuer.secret()));
        self.believes_dev = true;
        self
    }

    /// Believes an identity provider too.
    ///
    /// # Errors
    /// Its keys cannot be read, its algorithms cannot be accepted, or its name is taken.
    pub fn with_issuer(mut self, settings: IssuerSettings) -> Result<Self, IssuerError> {
        let ours = [INTERNAL_ISSUER, DEV_ISSUER].contains(&settings.issuer.as_str());
        if ours || self.issuers.iter().any(|known| known.name == settings.issuer) {
            return Err(IssuerError::Taken(settings.issuer));
        }
        self.issuers.push(Issuer::read(settings)?);
        Ok(self)
    }

    /// Who a token speaks for.
    ///
    /// # Errors
    /// The first reason not to believe it.
    pub fn verify(&self, token: &str) -> Result<Caller, Unacceptable> {
        let now = get_current_timestamp();
        if let Some(caller) = self.remembered.find(token, now) {
            return Ok(caller);
        }
        // What is claimed here only chooses whose keys must prove it.
        let claimed: Claimed = dangerous::insecure_decode_claims(token).map_err(|_| Unacceptable::Unreadable)?;
        let issuer = self.issuers.iter().find(|issuer| issuer.name == claimed.iss).ok_or(Unacceptable::Issuer)?;
        // `none` is no algorithm the library knows, so such a header does not even parse.
        let header = decode_header(token).map_err(|_| Unacceptable::Algorithm)?;
        let (caller, until) = issuer.verify(token, &header)?;
        self.remembered.keep(token, caller.clone(), until, now);
        Ok(caller)
    }

    pub(crate) fn believes_dev(&self) -> bool {
        self.believes_dev
    }
}
