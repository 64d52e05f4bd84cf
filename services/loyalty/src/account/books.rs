//! The books of a batch: what is read of all members it touches, wallet by wallet.

use std::collections::BTreeMap;

use kernel::{MemberId, TenantId};

use super::holdings::Holdings;
use super::wallet::Owner;

/// What is read of all members a batch touches.
pub(super) type Books = BTreeMap<Owner, Holdings>;

/// All accounts of a member, points first.
pub(super) fn of_member(books: &Books, whose: (TenantId, MemberId)) -> impl Iterator<Item = (&Owner, &Holdings)> {
    let (tenant, member) = whose;
    books.range(Owner::of_points(tenant, member)..).take_while(move |(owner, _)| owner.whose() == whose)
}
