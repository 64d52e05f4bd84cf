//! A member's wallets, side by side.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Settled;
use crate::account::holdings::Holdings;
use crate::account::lot::Lot;
use crate::account::quoting::Beside;
use crate::account::wallet::WalletCode;

/// What lies in a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletView {
    /// Which.
    pub wallet: WalletCode,
    /// What members read; empty where no terms in force name it.
    pub display_name: String,
    /// All of it, less the deficit.
    pub balance: i64,
    /// What can be spent.
    pub spendable: i64,
    /// What waits.
    pub pending: i64,
    /// What is held back.
    pub held: i64,
    /// What the next fills first.
    pub deficit: i64,
    /// When the first of it lapses, and how much.
    pub next_lapse: Option<(Timestamp, i64)>,
}

/// All wallets but one: those that the terms in force name, and those in which something was ever earned.
pub(super) fn others(settled: &Settled, but: WalletCode) -> Vec<WalletView> {
    let terms = settled.versions.points().at(settled.now);
    let named = terms.into_iter().flat_map(|terms| terms.wallets.iter().map(|wallet| wallet.code));
    let known = settled.books.keys().map(|owner| owner.wallet);
    let all: BTreeSet<WalletCode> = named.chain(known).filter(|wallet| *wallet != but).collect();
    all.into_iter().map(|wallet| view(settled, wallet)).collect()
}

fn view(settled: &Settled, wallet: WalletCode) -> WalletView {
    let terms = settled.versions.points().at(settled.now);
    let named = terms.and_then(|terms| terms.wallets.iter().find(|known| known.code == wallet));
    let empty = Holdings::of(settled.points.member, wallet, settled.now);
    let holdings = settled.get(wallet).unwrap_or(&empty);
    WalletView {
        wallet,
        display_name: named.map(|named| named.display_name.clone()).unwrap_or_default(),
        balance: holdings.balance(),
        spendable: holdings.spendable(),
        pending: holdings.pending(),
        held: holdings.held(),
        deficit: holdings.deficit,
        next_lapse: next_lapse(&holdings.lots),
    }
}

fn next_lapse(lots: &[Lot]) -> Option<(Timestamp, i64)> {
    let open = || lots.iter().filter(|lot| lot.left > 0);
    let first = open().filter_map(|lot| lot.lapses_at).min()?;
    let points = open().filter(|lot| lot.lapses_at == Some(first));
    Some((first, points.fold(0_i64, |sum, lot| sum.saturating_add(lot.left))))
}

/// The wallets beside points in which an order of now may earn.
pub(super) fn beside(settled: &Settled) -> Vec<Beside> {
    let Some(terms) = settled.versions.points().at(settled.now) else { return Vec::new() };
    let each = terms.wallets.iter().filter_map(|wallet| {
        Some(Beside {
            wallet: wallet.code,
            display_name: wallet.display_name.clone(),
            terms: settled.versions.get(wallet.code)?.at(settled.now)?.clone(),
            uses: settled.get(wallet.code).map(|holdings| holdings.uses.clone()).unwrap_or_default(),
        })
    });
    each.collect()
}
