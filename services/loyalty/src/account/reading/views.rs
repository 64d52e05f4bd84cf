//! What a look at accounts shows.

use jiff::Timestamp;
use kernel::{EntryId, MemberId, Money};

use super::wallets::WalletView;
use crate::account::decision::{Decision, Explanation};
use crate::account::holding::Hold;
use crate::account::holdings::{Draw, EntryKind, Lot, TierChange, Totals};
use crate::account::standing::StandingView;
use crate::account::wallet::WalletCode;

/// A member's points and tier.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountView {
    /// Whose.
    pub member: MemberId,
    /// Which of their wallets.
    pub wallet: WalletCode,
    /// All points, less the deficit.
    pub balance: i64,
    /// What can be spent.
    pub spendable: i64,
    /// What the next points fill first.
    pub deficit: i64,
    /// Lots that can be spent and have something left, in the order they are spent.
    pub lots: Vec<Lot>,
    /// What waits.
    pub pending: i64,
    /// Lots that wait, in the order in which they can be spent.
    pub pending_lots: Vec<Lot>,
    /// What is held back.
    pub held: i64,
    /// What holds it, the first to end first.
    pub holds: Vec<Hold>,
    /// Sums over all entries.
    pub totals: Totals,
    /// The tier on each ladder of the programme, that of the first ladder first.
    pub standings: Vec<StandingView>,
    /// What lies in their other wallets.
    pub others: Vec<WalletView>,
}

/// A member's tier with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct TierView {
    /// Where they stand.
    pub standing: StandingView,
    /// Why.
    pub decision: Decision,
    /// The change that led here.
    pub last_change: Option<TierChange>,
}

/// A line of a statement, as written.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryView {
    /// Its id.
    pub id: EntryId,
    /// In which wallet.
    pub wallet: WalletCode,
    /// Its place on the statement.
    pub number: i64,
    /// What happened.
    pub kind: EntryKind,
    /// Signed.
    pub points: i64,
    /// After it.
    pub balance_after: i64,
    /// What caused it.
    pub cause: String,
    /// What it did to which lots.
    pub draws: Vec<Draw>,
    /// Why.
    pub grounds: Decision,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written.
    pub recorded_at: Timestamp,
}

impl EntryView {
    /// Why it is as it is.
    pub fn explanation(self) -> Explanation {
        Explanation { kind: self.kind, points: self.points, cause: self.cause, grounds: self.grounds }
    }
}

/// Sums over a programme.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Overview {
    /// Members by tier: code, what members read, how many.
    pub tiers: Vec<(String, String, i64)>,
    /// Points outstanding by lapse month: month (none for never), points, lots.
    pub lapse_months: Vec<(Option<String>, i64, i64)>,
    /// Sums over all entries.
    pub totals: Totals,
    /// What can be spent.
    pub outstanding: i64,
    /// What waits.
    pub pending: i64,
    /// What is held back.
    pub held: i64,
    /// What members owe.
    pub deficit: i64,
    /// Accounts.
    pub accounts: i64,
    /// Entries.
    pub entries: i64,
    /// Spent, returns taken off, by currency.
    pub spend: Vec<Money>,
}

/// How a tenant's members have bought of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bought {
    /// Orders of which something was kept.
    pub orders: i64,
    /// Those that came to some amount.
    pub meet: i64,
    /// Gaps between two orders of one member.
    pub gaps: i64,
    /// All gaps together, in seconds.
    pub gap_seconds: i64,
}

impl Bought {
    /// The mean gap in whole days, rounded down; 0 where there is none.
    pub fn mean_days(&self) -> i64 {
        let seconds = self.gap_seconds.checked_div(self.gaps).unwrap_or(0);
        seconds.checked_div(86_400).unwrap_or(0)
    }
}
