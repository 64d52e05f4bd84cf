//! The installation's secret, and what is signed or digested with it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Signs tokens and digests what must not be guessed. Clones share the secret; it is never printed.
#[derive(Clone)]
pub struct Keys(Hmac<Sha256>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Keys(…)")
    }
}

impl Keys {
    /// From the installation's secret; all processes of an installation share one.
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"))
    }

    /// The keyed digest of some parts, for one purpose. Another purpose or another split of the parts gives another digest.
    pub fn digest(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// True where `signature` was made by [`Keys::digest`] of the same; takes the same time for any wrong one.
    pub fn holds(&self, purpose: &str, parts: &[&[u8]], signature: &[u8]) -> bool {
        let expected = self.digest(purpose, parts);
        signature.len() == expected.len()
            && expected.iter().zip(signature).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }

    /// Seals bytes into a text that only this installation can have made.
    pub(crate) fn seal(&self, purpose: &str, content: &[u8]) -> String {
        use base64::Engine as _;
        let mut sealed = self.digest(purpose, &[content])[..SIGNATURE].to_vec();
        sealed.extend_from_slice(content);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Opens what [`Keys::seal`] made for the same purpose.
    pub(crate) fn unseal(&self, purpose: &str, text: &str) -> Option<Vec<u8>> {
        use base64::Engine as _;
        let sealed = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signature, content) = sealed.split_at_checked(SIGNATURE)?;
        let expected = &self.digest(purpose, &[content])[..SIGNATURE];
        let same = expected.iter().zip(signature).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0;
        same.then(|| content.to_vec())
    }
}

/// Half of the digest: 128 bits cannot be guessed, and the token stays short.
const SIGNATURE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_for_its_purpose_and_unchanged_only() {
        let keys = Keys::new(b"a secret");
        let sealed = keys.seal("page", b"content");
        assert_eq!(keys.unseal("page", &sealed), Some(b"content".to_vec()));
        assert_eq!(keys.unseal("freshness", &sealed), None);
        assert_eq!(Keys::new(b"another").unseal("page", &sealed), None);
        for place in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_ne!(keys.unseal("page", &changed), Some(b"content".to_vec()), "character {place}");
        }
        assert_eq!(keys.unseal("page", "short"), None);
        assert_eq!(keys.unseal("page", "?!"), None);
    }

    #[test]
    fn parts_are_kept_apart() {
        let keys = Keys::new(b"a secret");
        assert_ne!(keys.digest("x", &[b"ab", b"c"]), keys.digest("x", &[b"a", b"bc"]));
    }
}
