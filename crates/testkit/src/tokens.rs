//! Tokens that are believed, and every kind that must not be.

use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header, get_current_timestamp};
use kernel::TenantId;
use serde_json::{Value, json};
use server::DevIssuer;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::dynamic::{Dynamic, empty};
use crate::{Served, Spoken};

/// Makes tokens for one house.
#[derive(Debug)]
pub struct Mint {
    issuer: DevIssuer,
    secret: String,
}

const ACTOR: &str = "a test";
const LIFETIME: Duration = Duration::from_secs(3_600);

impl Mint {
    pub(crate) fn new() -> Self {
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        Self { issuer: DevIssuer::try_new(&secret).expect("64 characters are enough"), secret }
    }

    pub(crate) const fn issuer(&self) -> &DevIssuer {
        &self.issuer
    }

    /// One that is believed.
    #[must_use]
    pub fn good(&self, tenant: Option<TenantId>, scopes: &[&str]) -> String {
        self.issuer.mint(tenant, scopes, ACTOR, LIFETIME)
    }

    /// Those that must be refused, each with what is wrong with it. They carry every scope.
    #[must_use]
    pub fn bad(&self, tenant: Option<TenantId>) -> Vec<(&'static str, Option<String>)> {
        let now = get_current_timestamp();
        let good = self.signed(&claims(tenant, now + 60), &self.secret);
        let with = |name: &str, value: Value| {
            let mut claims = claims(tenant, now + 60);
            claims[name] = value;
            self.signed(&claims, &self.secret)
        };
        let parts: Vec<&str> = good.split('.').collect();
        let unsigned = |signature: &str| {
            // {"alg":"none","typ":"JWT"}
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.{signature}", parts[1])
        };
        vec![
            ("no token", None),
            ("no JWT", Some("hello".to_owned())),
            ("expired", Some(with("exp", json!(now - 3_600)))),
            ("not valid yet", Some(with("nbf", json!(now + 3_600)))),
            ("another audience", Some(with("aud", json!("somebody else")))),
            ("the internal audience", Some(with("aud", json!("internal")))),
            ("an unknown issuer", Some(with("iss", json!("https://elsewhere.example")))),
            ("the suite's own issuer", Some(with("iss", json!("rapport")))),
            ("a malformed tenant", Some(with("tenant", json!("signature")))),
            ("a foreign key", Some(self.signed(&claims(tenant, now + 60), "another secret, just as long as ours is"))),
            ("no algorithm", Some(unsigned(""))),
            ("no algorithm, with a signature", Some(unsigned(parts[2]))),
            ("a cut signature", Some(good[..good.len() - 2].to_owned())),
        ]
    }

    fn signed(&self, claims: &Value, secret: &str) -> String {
        jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(secret.as_bytes()))
            .expect("claims sign with any secret")
    }
}

fn claims(tenant: Option<TenantId>, expires: u64) -> Value {
    let scopes: Vec<&str> = server::auth::every_scope().into_iter().collect();
    let mut claims = json!({
        "iss": server::auth::DEV_ISSUER,
        "aud": server::auth::EXTERNAL_AUDIENCE,
        "exp": expires,
        "sub": ACTOR,
        "scope": scopes.join(" "),
    });
    if let Some(tenant) = tenant {
        claims["tenant"] = json!(tenant.to_string());
    }
    claims
}

/// Every rpc that is answered here refuses every bad token, and a good one without its scope.
///
/// # Panics
/// Where one is let in, or is refused as something else.
pub async fn refused_everywhere(served: &Served, tenant: Option<TenantId>) {
    let kinds: Vec<(&str, Spoken)> =
        served.mint().bad(tenant).iter().map(|(kind, token)| (*kind, served.channel_with(token.as_deref()))).collect();
    let mut seen = 0;
    for method in served.methods() {
        let ask = |channel: &Spoken| {
            let calls = Dynamic::new(channel.clone());
            async move { calls.call(method, empty(method.input)).await }
        };
        for (kind, channel) in &kinds {
            let status = refused(ask(channel).await, method.path, kind);
            assert_eq!(status.code(), Code::Unauthenticated, "{} with {kind}: {status:?}", method.path);
        }
        let others: Vec<&str> =
            server::auth::every_scope().into_iter().filter(|scope| *scope != method.scope).collect();
        for (kind, scopes) in [("no scope", &[][..]), ("every other scope", &others)] {
            let status = refused(ask(&served.channel(tenant, scopes)).await, method.path, kind);
            assert_eq!(status.code(), Code::PermissionDenied, "{} with {kind}: {status:?}", method.path);
        }
        seen += 1;
    }
    assert!(seen > 0, "nothing of the contract is mounted here");
}

fn refused<T>(answer: Result<T, Status>, path: &str, kind: &str) -> Status {
    answer.err().unwrap_or_else(|| panic!("{path} lets in a caller with {kind}"))
}
