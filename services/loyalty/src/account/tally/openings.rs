//! What is taken over from another system: each reference once.

use kernel::MemberId;

use super::{Tally, receipt};
use crate::account::books::Books;
use crate::account::desk::Receipt;
use crate::account::holdings::Holdings;
use crate::account::opening::{self, Opened};
use crate::account::wallet::Owner;
use crate::account::{AccountRefusal, OpeningAsk};
use crate::programme::terms::Versions;

impl Tally<'_> {
    /// What was brought along under the same reference, in this batch or before.
    pub(super) fn opened<'a>(&'a self, books: &'a Books, ask: &OpeningAsk) -> Option<(&'a MemberId, &'a Opened)> {
        let brought = (ask.tenant, ask.wallet, ask.opening.reference.clone());
        let before = self.done.opened.get(&brought).map(|(member, opened)| (member, opened));
        let of_wallet = |owner: &Owner| (owner.tenant, owner.wallet) == (ask.tenant, ask.wallet);
        let here = || {
            let all = books.iter().filter(|(owner, _)| of_wallet(owner));
            let mut openings =
                all.flat_map(|(owner, holdings)| holdings.openings.iter().map(|one| (&owner.member, one)));
            openings.find(|(_, opened)| opened.opening.reference == ask.opening.reference)
        };
        before.or_else(here)
    }

    pub(super) fn open(
        &self,
        holdings: &mut Holdings,
        versions: &Versions,
        ask: &OpeningAsk,
    ) -> Result<Receipt, AccountRefusal> {
        let terms = versions.at(self.now).ok_or(AccountRefusal::ProgrammeNotFound { at: self.now })?;
        let entry = opening::open(holdings, versions, terms, (&ask.opening, &ask.reason), self.now)?;
        Ok(receipt(holdings, entry))
    }
}
