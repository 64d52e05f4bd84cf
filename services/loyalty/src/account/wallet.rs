//! Which of a member's wallets: points, or a second currency beside them, such as stamps.

use std::fmt;

use kernel::{MemberId, TenantId};

/// Letters of a code at most.
pub const LONGEST: usize = 16;

/// The code of a wallet: lower case letters, digits and hyphens; empty for the wallet of points, which every programme has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WalletCode([u8; LONGEST]);

/// The text is no code of a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a wallet's code is up to {LONGEST} lower case letters, digits and hyphens, and begins with a letter")]
pub struct NoWalletCode;

impl WalletCode {
    /// Points: where tiers, and everything that names no wallet, belong to.
    pub const POINTS: Self = Self([0; LONGEST]);

    /// Reads a code; the empty one stands for points.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, NoWalletCode> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let begins = text.bytes().next().is_none_or(|first| first.is_ascii_lowercase());
        let mut code = [0; LONGEST];
        match code.get_mut(..text.len()) {
            Some(place) if begins && text.bytes().all(allowed) => place.copy_from_slice(text.as_bytes()),
            Some(_) | None => return Err(NoWalletCode),
        }
        Ok(Self(code))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(LONGEST);
        self.0.get(..end).and_then(|code| str::from_utf8(code).ok()).unwrap_or_default()
    }

    /// It is the wallet of points.
    #[must_use]
    pub fn is_points(&self) -> bool {
        *self == Self::POINTS
    }
}

impl fmt::Display for WalletCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for WalletCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.as_str())
    }
}

/// Whose account: one member's wallet, in one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// In which tenant.
    pub tenant: TenantId,
    /// Whose.
    pub member: MemberId,
    /// Which of theirs.
    pub wallet: WalletCode,
}

impl Owner {
    /// A member's points.
    #[must_use]
    pub const fn of_points(tenant: TenantId, member: MemberId) -> Self {
        Self { tenant, member, wallet: WalletCode::POINTS }
    }

    /// The member, in their tenant.
    #[must_use]
    pub const fn whose(&self) -> (TenantId, MemberId) {
        (self.tenant, self.member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_short_and_plain() {
        for text in ["", "stamps", "stamps-2027", "a", "sixteen-letters-"] {
            assert_eq!(WalletCode::parse(text).map(|code| code.to_string()), Ok(text.to_owned()));
        }
        for text in ["Stamps", "2027", "-a", "stamps of tea", "集點", "seventeen-letters", "a\0b"] {
            assert_eq!(WalletCode::parse(text), Err(NoWalletCode), "{text}");
        }
        assert!(WalletCode::parse("").expect("points").is_points());
        assert!(WalletCode::POINTS < WalletCode::parse("a").expect("a code"));
    }
}
