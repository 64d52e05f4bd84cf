//! Who calls, and whether they may.
//!
//! Every call of the contract carries `authorization: Bearer <JWT>`. A token is believed when the issuer it names is
//! one of ours, a key of that issuer signed it with an algorithm that issuer may use, it is meant for us, and its
//! time has come and not passed. What it then says (tenant, scopes, actor) becomes the [`Caller`] the service sees.
//!
//! Three issuers can be believed, each with keys of its own, so that no key vouches for another's tokens:
//!
//! - **yours**: an identity provider, its public keys in a JWKS file ([`IssuerSettings`]);
//! - **`rapport`**: the suite itself, for calls between its services: audience `internal`, a minute long, signed with
//!   a key that all processes of an installation share ([`InternalKey`]);
//! - **`rapport-dev`**: a development issuer, whose secret lies in a file beside the data ([`DevIssuer`]). A server
//!   that believes it refuses to listen anywhere but on loopback.
//!
//! Who has no identity provider and listens on more than loopback makes an issuer of their own ([`OwnIssuer`]).
//!
//! Claims: `iss`, `aud`, `exp`, `sub` (the actor) are required, `nbf` is honoured; `tenant` is the TypeID of the only
//! tenant the caller can touch; `scope` lists scopes separated by blanks.

mod claims;
mod dev;
mod internal;
mod issuer;
mod keyring;
mod own;
mod remembered;
mod secret;
mod verifier;

use http::HeaderMap;
use proto::Method;
use tonic::Status;
use wire::{Audience, Caller};

pub use claims::Unacceptable;
pub use dev::{DEV_ISSUER, DevIssuer};
pub use internal::{INTERNAL_ISSUER, InternalKey};
pub use issuer::{Algorithm, IssuerError, IssuerSettings};
pub use own::{OWN_ISSUER, OwnIssuer};
pub use secret::{SecretError, kept};
pub use verifier::{EXTERNAL_AUDIENCE, Verifier};

/// The scopes every rpc of the contract asks for, together: what a development token for everything carries.
#[must_use]
pub fn every_scope() -> std::collections::BTreeSet<&'static str> {
    proto::methods().iter().map(|method| method.scope).collect()
}

/// The scope of the event log's watch, the one call that crosses tenants when its token names none.
pub const WATCH_SCOPE: &str = "events.watch";

pub(crate) fn admit(verifier: &Verifier, method: &Method, headers: &HeaderMap) -> Result<Caller, Status> {
    let caller =
        verifier.verify(bearer(headers)?).map_err(|reason| wire::status::unauthenticated(&reason.to_string()))?;
    // A method that declares no scope, or one that says nothing, is closed: openness is for health and reflection
    // alone.
    if method.scope.is_empty() || method.scope == "public" {
        return Err(wire::status::permission_denied("this method declares no scope, so nobody may call it"));
    }
    if !caller.may(method.scope) {
        return Err(wire::status::scope_missing(method.scope));
    }
    if method.scope == WATCH_SCOPE && caller.tenant.is_none() && caller.audience == Audience::External {
        return Err(wire::status::permission_denied("only the suite itself may watch the events of all tenants"));
    }
    Ok(caller)
}

fn bearer(headers: &HeaderMap) -> Result<&str, Status> {
    let missing = || wire::status::unauthenticated("the call carries no `authorization: Bearer` token");
    let mut given = headers.get_all(http::header::AUTHORIZATION).iter();
    let value = given.next().ok_or_else(missing)?;
    if given.next().is_some() {
        return Err(wire::status::unauthenticated("the call carries more than one `authorization` header"));
    }
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() { Ok(token.trim()) } else { Err(missing()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(http::header::AUTHORIZATION, value.parse().expect("a header value"));
        }
        bearer(&headers).ok().map(str::to_owned)
    }

    #[test]
    fn only_one_bearer_token_is_read() {
        assert_eq!(read(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(read(&["bearer  abc "]).as_deref(), Some("abc"));
        for refused in [&[][..], &["Basic abc"], &["Bearer "], &["abc"], &["Bearer abc", "Bearer def"]] {
            assert_eq!(read(refused), None, "{refused:?}");
        }
    }
}
