//! Every kind of wrong token is refused, and says why without saying what it held.

use std::path::PathBuf;
use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header, get_current_timestamp};
use kernel::TenantId;
use serde_json::{Value, json};
use server::auth::{Algorithm, IssuerSettings, SecretError, Unacceptable};
use server::{Behalf, DevIssuer, InternalKey, Peers, Verifier};
use tonic::Code;

use crate::bench;
use crate::shop::{EVENTS, READ, WRITE};

const SECRET: &str = "a secret that only these tests know, long enough";
/// The key pair of RFC 8037, appendix A: public test data.
const ED25519_PRIVATE: &str = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v_VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g";
const ED25519_PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn claims() -> Value {
    json!({ "iss": "rapport-dev", "aud": "rapport", "exp": get_current_timestamp() + 60, "sub": "clerk", "scope": "shop.read shop.write" })
}

fn with(field: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[field] = value;
    claims
}

fn without(field: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().expect("an object").remove(field);
    claims
}

fn signed(claims: &Value, secret: &str) -> String {
    jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(secret.as_bytes())).expect("it signs")
}

/// `alg: none`, with and without something in the signature's place.
fn unsigned(signature: &str) -> String {
    let token = signed(&claims(), SECRET);
    let payload = token.split('.').nth(1).expect("three parts");
    // {"alg":"none","typ":"JWT"}
    format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.{signature}")
}

fn wrong_tokens() -> Vec<(&'static str, String, Unacceptable)> {
    let now = get_current_timestamp();
    let good = signed(&claims(), SECRET);
    let other_payload = signed(&with("sub", json!("boss")), SECRET);
    let parts: Vec<_> = good.split('.').collect();
    let forged = format!("{}.{}.{}", parts[0], other_payload.split('.').nth(1).expect("three parts"), parts[2]);
    vec![
        ("no JWT", "hello".to_owned(), Unacceptable::Unreadable),
        ("alg none", unsigned(""), Unacceptable::Algorithm),
        ("alg none with a signature", unsigned(parts[2]), Unacceptable::Algorithm),
        ("foreign key", signed(&claims(), "another secret, which is just as long as it"), Unacceptable::Signature),
        ("changed", forged, Unacceptable::Signature),
        ("expired", signed(&with("exp", json!(now - 3_600)), SECRET), Unacceptable::Expired),
        ("just expired", signed(&with("exp", json!(now - 10)), SECRET), Unacceptable::Expired),
        ("not yet", signed(&with("nbf", json!(now + 3_600)), SECRET), Unacceptable::NotYet),
        ("other audience", signed(&with("aud", json!("somebody")), SECRET), Unacceptable::Audience),
        (
            "internal audience from the wrong issuer",
            signed(&with("aud", json!("internal")), SECRET),
            Unacceptable::Audience,
        ),
        ("internal issuer with the wrong key", signed(&with("iss", json!("rapport")), SECRET), Unacceptable::Signature),
        ("unknown issuer", signed(&with("iss", json!("https://elsewhere.example")), SECRET), Unacceptable::Issuer),
        ("no issuer", signed(&without("iss"), SECRET), Unacceptable::Unreadable),
        ("no expiry", signed(&without("exp"), SECRET), Unacceptable::Unreadable),
        ("no audience", signed(&without("aud"), SECRET), Unacceptable::Claim("aud")),
        ("no actor", signed(&without("sub"), SECRET), Unacceptable::Unreadable),
        ("blank actor", signed(&with("sub", json!(" ")), SECRET), Unacceptable::Claim("sub")),
        ("malformed tenant", signed(&with("tenant", json!("shop-1")), SECRET), Unacceptable::Claim("tenant")),
        (
            "member as tenant",
            signed(&with("tenant", json!("member_01h455vb4pex5vsknk084sn02q")), SECRET),
            Unacceptable::Claim("tenant"),
        ),
    ]
}

#[tokio::test]
async fn every_wrong_token_is_unauthenticated_for_its_reason() {
    let dev = DevIssuer::try_new(SECRET).expect("long enough");
    let bench = bench::start_with(|options| {
        let key = InternalKey::random().expect("random bytes");
        options.verifier = std::sync::Arc::new(Verifier::new(&key).with_dev(&dev));
    });
    bench.call_with(READ, &signed(&claims(), SECRET)).await.expect("the good one is good");
    for (kind, token, reason) in wrong_tokens() {
        let error = bench.call_with(READ, &token).await.expect_err(kind);
        assert_eq!((error.code(), error.message()), (Code::Unauthenticated, reason.to_string().as_str()), "{kind}");
    }
    let missing =
        bench::call(&mut bench.client(), READ, tonic::Request::new(String::new())).await.expect_err("no token");
    assert_eq!(missing.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_scope_that_is_missing_is_named() {
    let bench = bench::start();
    let token = bench.dev.mint(None, ["shop.read"], "clerk", Duration::from_secs(60));
    bench.call_with(READ, &token).await.expect("it may read");
    let error = bench.call_with(WRITE, &token).await.expect_err("it may not write");
    assert_eq!(error.code(), Code::PermissionDenied);
    assert!(error.message().contains("`shop.write`"), "{}", error.message());
}

#[tokio::test]
async fn only_the_suite_itself_watches_over_all_tenants() {
    let bench = bench::start();
    let everybodys = bench.dev.mint(None, ["events.watch"], "clerk", Duration::from_secs(60));
    assert_eq!(bench.call_with(EVENTS, &everybodys).await.expect_err("from outside").code(), Code::PermissionDenied);
    let tenant = TenantId::new_at("2024-03-01T00:00:00Z".parse().expect("an instant"));
    let own = bench.dev.mint(Some(tenant), ["events.watch"], "clerk", Duration::from_secs(60));
    bench.call_with(EVENTS, &own).await.expect("its own tenant's");
    let peers = Peers::new(bench.key.clone()).in_process("shop", &bench.connector);
    let suite = peers.reach("shop", Behalf::of_process("loyalty").needing("events.watch")).expect("in process");
    let mut client = tonic::client::Grpc::new(suite);
    client.ready().await.expect("connected");
    let path = http::uri::PathAndQuery::from_static(EVENTS);
    client.unary(tonic::Request::new("hello".to_owned()), path, bench::codec()).await.expect("the suite's");
}

#[test]
fn a_remembered_token_still_expires() {
    let dev = DevIssuer::try_new(SECRET).expect("long enough");
    let verifier = Verifier::new(&InternalKey::random().expect("random bytes")).with_dev(&dev);
    // Expired by less than the leeway: good for another second or two.
    let token = signed(&with("exp", json!(get_current_timestamp() - 4)), SECRET);
    assert!(verifier.verify(&token).is_ok());
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(verifier.verify(&token), Err(Unacceptable::Expired));
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("rapport-server-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    folder
}

fn provider(folder: &std::path::Path, keys: &Value) -> IssuerSettings {
    let jwks = folder.join("jwks.json");
    std::fs::write(&jwks, json!({ "keys": keys }).to_string()).expect("written");
    IssuerSettings {
        issuer: "https://id.example".to_owned(),
        audience: "loyalty-shop".to_owned(),
        algorithms: vec![Algorithm::EdDSA],
        jwks,
    }
}

fn from_provider(key_id: Option<&str>) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = key_id.map(str::to_owned);
    let mut claims = with("iss", json!("https://id.example"));
    claims["aud"] = json!(["somebody", "loyalty-shop"]);
    let der = decode_base64url(ED25519_PRIVATE);
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(&der)).expect("it signs")
}

fn decode_base64url(text: &str) -> Vec<u8> {
    let digit = |byte| {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".iter().position(|known| *known == byte)
    };
    let bits: Vec<usize> = text.bytes().map(|byte| digit(byte).expect("base64url")).collect();
    bits.chunks(4)
        .flat_map(|four| {
            let joined = four.iter().fold(0, |sum, bits| sum << 6 | bits) << (6 * (4 - four.len()));
            let bytes = [joined >> 16, joined >> 8, joined].map(|byte| u8::try_from(byte & 255).expect("a byte"));
            bytes.into_iter().take(four.len() - 1).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn an_identity_provider_is_believed_by_its_published_keys() {
    let folder = folder("provider");
    let ours = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "2024", "use": "sig", "x": ED25519_PUBLIC });
    let mut older = ours.clone();
    older["kid"] = json!("2023");
    older["x"] = json!("PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw");
    let believing = |keys: Value| {
        let key = InternalKey::random().expect("random bytes");
        Verifier::new(&key).with_issuer(provider(&folder, &keys)).expect("its keys are good")
    };

    let both = believing(json!([older, ours]));
    assert_eq!(both.verify(&from_provider(Some("2024"))).expect("its key is published").actor, "clerk");
    assert_eq!(both.verify(&from_provider(Some("2023"))), Err(Unacceptable::Signature));
    assert_eq!(both.verify(&from_provider(Some("2025"))), Err(Unacceptable::Key));
    assert_eq!(both.verify(&from_provider(None)), Err(Unacceptable::Key), "nothing to choose by");
    assert!(believing(json!([ours])).verify(&from_provider(None)).is_ok(), "nothing to choose");

    let mut confused = claims();
    confused["iss"] = json!("https://id.example");
    assert_eq!(
        both.verify(&signed(&confused, ED25519_PUBLIC)),
        Err(Unacceptable::Algorithm),
        "a public key is no secret"
    );
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn an_identity_provider_may_not_sign_with_a_shared_secret() {
    let folder = folder("symmetric");
    let mut settings = provider(&folder, &json!([]));
    settings.algorithms = vec![Algorithm::HS256];
    let verifier = || Verifier::new(&InternalKey::random().expect("random bytes"));
    verifier().with_issuer(settings.clone()).expect_err("symmetric");
    settings.algorithms = vec![Algorithm::EdDSA];
    verifier().with_issuer(settings.clone()).expect_err("no keys");
    settings.issuer = "rapport".to_owned();
    verifier().with_issuer(settings).expect_err("the suite's own name");
    std::fs::remove_dir_all(folder).expect("removed");
}

#[cfg(unix)]
#[test]
fn the_development_secret_is_made_once_and_kept_private() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = folder("dev");
    let path = folder.join(".rapport").join("dev.key");
    let minted = DevIssuer::open(&path).expect("made").mint(None, ["shop.read"], "clerk", Duration::from_secs(60));
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    let again = DevIssuer::open(&path).expect("read");
    let verifier = Verifier::new(&InternalKey::random().expect("random bytes")).with_dev(&again);
    assert_eq!(verifier.verify(&minted).expect("the same secret").actor, "clerk");

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
    assert!(matches!(DevIssuer::open(&path), Err(SecretError::Exposed(_))));
    std::fs::remove_dir_all(folder).expect("removed");
}
