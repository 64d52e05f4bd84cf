//! What is asked when members bring something along.

use ::store::RequestKey;
use jiff::Timestamp;
use kernel::{EntryId, MemberId, Shard, TenantId};

use super::opening::{CannotOpen, Opened, Opening};
use super::refusal::AccountRefusal;
use crate::account::wallet::{Owner, WalletCode};

/// Points to take over from another system, or what is owed there.
#[derive(Clone, Debug)]
pub struct OpeningAsk {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose points.
    pub member: MemberId,
    /// In which of their wallets.
    pub wallet: WalletCode,
    /// What they bring.
    pub opening: Opening,
    /// Where it comes from.
    pub reason: String,
    /// Registry knows the member, though nothing was heard of them yet.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// Answer why, too.
    pub explain: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

impl OpeningAsk {
    pub(super) const fn owner(&self) -> Owner {
        Owner { tenant: self.tenant, member: self.member, wallet: self.wallet }
    }

    /// Where its reference lies: whoever else brings the same waits for this one.
    pub(super) fn home(&self) -> Shard {
        home(self.tenant, self.wallet, &self.opening.reference)
    }

    /// Why it is not taken over a second time.
    pub(super) fn known_as(&self, member: MemberId, opened: &Opened) -> OpeningRefusal {
        let differs = if member == self.member { self.opening.differs_in(&opened.opening) } else { Some("member") };
        let (reference, entry) = (self.opening.reference.clone(), opened.entry);
        match differs {
            Some(field) => OpeningRefusal::Differs { reference, field, entry },
            None => OpeningRefusal::AlreadyOpened { reference, entry },
        }
    }
}

/// Where a reference of a wallet lies.
pub(super) fn home(tenant: TenantId, wallet: WalletCode, reference: &str) -> Shard {
    Shard::of_text(tenant, &["opening", wallet.as_str(), reference])
}

/// Why something was not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpeningRefusal {
    /// It was taken over before, under another request id.
    AlreadyOpened {
        /// What the other system calls it.
        reference: String,
        /// The entry.
        entry: EntryId,
    },
    /// Something else was taken over under the same reference.
    Differs {
        /// The reference.
        reference: String,
        /// The first field that differs.
        field: &'static str,
        /// The entry of what was.
        entry: EntryId,
    },
    /// Its time is over.
    Over {
        /// The field that says so.
        field: &'static str,
        /// Since when.
        at: Timestamp,
    },
    /// Its time has not come.
    NotBegun {
        /// The field that says so.
        field: &'static str,
        /// When it comes.
        at: Timestamp,
    },
}

impl From<OpeningRefusal> for AccountRefusal {
    fn from(refusal: OpeningRefusal) -> Self {
        Self::Opening(refusal)
    }
}

impl From<CannotOpen> for AccountRefusal {
    fn from(cannot: CannotOpen) -> Self {
        match cannot {
            CannotOpen::Over(at) => OpeningRefusal::Over { field: "lapse_time", at }.into(),
            CannotOpen::NotBegun(at) => OpeningRefusal::NotBegun { field: "earn_time", at }.into(),
            CannotOpen::OutOfRange(_) => Self::OutOfRange,
        }
    }
}
