//! What requests about transfers do to the accounts of two members.

use jiff::Timestamp;

use super::{Tally, is_known};
use crate::account::books::Books;
use crate::account::desk::{Answer, Receipt};
use crate::account::holdings::Holdings;
use crate::account::transferring::{Moved, Passing, pass_on, undo};
use crate::account::wallet::Owner;
use crate::account::{AccountRefusal, TransferAsk, TransferDeed, TransferReceipt, TransferRefusal};
use crate::programme::terms::Versions;

impl Tally<'_> {
    pub(super) fn transfer(&self, books: &mut Books, ask: &TransferAsk) -> Answer {
        let terms = self.terms.get(&ask.tenant).cloned().unwrap_or_default();
        if terms.suspended {
            return Answer::Suspended;
        }
        let Some((from, to)) = ask.accounts() else {
            return Answer::Refused(TransferRefusal::NotFound { transfer: ask.transfer }.into());
        };
        if let TransferDeed::Make { known: false, to: member, .. } = ask.what
            && !is_known(books, ask.tenant, member)
        {
            return Answer::Refused(AccountRefusal::MemberNotFound { member });
        }
        let rules = terms.versions.points().at(self.now);
        let makes = matches!(ask.what, TransferDeed::Make { .. });
        let versions = terms.versions.get(from.wallet);
        let versions = versions.filter(|_| !makes || rules.is_none_or(|rules| rules.names(from.wallet)));
        let Some(versions) = versions else {
            return Answer::Refused(AccountRefusal::WalletNotFound { wallet: from.wallet });
        };
        // Both are decided on copies: where one of them says no, nothing has happened to the other.
        let copy = |owner: Owner| {
            let known = books.get(&owner).cloned();
            known.unwrap_or_else(|| Holdings::of(owner.member, owner.wallet, self.now))
        };
        let (mut giver, mut receiver) = (copy(from), copy(to));
        match move_points(&mut giver, &mut receiver, versions, ask, self.now) {
            Err(refusal) => Answer::Refused(refusal),
            Ok(moved) => {
                let receipt = receipt(&giver, ask, moved);
                if !ask.validate_only {
                    books.insert(from, giver);
                    books.insert(to, receiver);
                }
                Answer::Done(receipt)
            }
        }
    }
}

fn move_points(
    giver: &mut Holdings,
    receiver: &mut Holdings,
    versions: &Versions,
    ask: &TransferAsk,
    now: Timestamp,
) -> Result<Moved, AccountRefusal> {
    match &ask.what {
        TransferDeed::Make { points, .. } => {
            let passing = Passing { transfer: ask.transfer, points: *points, reason: &ask.reason };
            pass_on(giver, receiver, versions, &passing, now)
        }
        TransferDeed::Reverse { .. } => undo(giver, receiver, versions, (ask.transfer, &ask.reason), now),
    }
}

fn receipt(giver: &Holdings, ask: &TransferAsk, moved: Moved) -> Receipt {
    let written = !ask.validate_only;
    let told = TransferReceipt {
        transfer: written.then_some(ask.transfer),
        to_entry: written.then_some(moved.to_entry),
        points: moved.points,
        kept: moved.kept,
        fee: moved.fee,
    };
    let receipt = super::receipt(giver, moved.entry);
    Receipt { entry: receipt.entry.filter(|_| written), transfer: Some(Box::new(told)), ..receipt }
}
