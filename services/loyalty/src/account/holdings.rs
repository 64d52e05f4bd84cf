//! What a member has: lots of points, a tier, what was bought. Rules read it and post to it; nothing else changes it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::rounding::share;
use kernel::{Currency, EntryId, LotId, MemberId, OrderId, Rounding};

use super::chain::Link;
use super::decision::Decision;
use super::facing::Buyer;
pub use super::handing::Handing;
use super::holding::Hold;
pub use super::lot::{Activation, Lot, Unread};
use super::occasion::Occasion;
use super::opening::Opened;
pub use super::posting::{Draw, EntryKind, Posting};
pub use super::tier::{Assigned, AtRisk, Credit, Gifted, Qualified, Standing, TierChange, TierChangeKind};
pub use super::transferring::{Part, PassedOn, Transfer};
use super::uses::RuleUse;
use crate::account::wallet::WalletCode;

/// A sum does not fit, or an instant lies beyond the calendar: refused, never wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a balance or an instant would leave its range")]
pub struct OutOfRange;

/// What an order counted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// The order.
    pub order: OrderId,
    /// Its currency.
    pub currency: Currency,
    /// Its net amount.
    pub net_minor: i64,
    /// What came back of it so far.
    pub returned_minor: i64,
    /// Points it earned.
    pub earned: i64,
    /// Points of it taken back so far.
    pub reversed: i64,
    /// The lot they went into.
    pub lot: Option<LotId>,
    /// When it was bought.
    pub occurred_at: Timestamp,
    /// Changed since it was read.
    pub touched: bool,
}

impl Purchase {
    /// The money that was kept of it.
    pub fn kept_minor(&self) -> i64 {
        self.net_minor.saturating_sub(self.returned_minor)
    }

    /// The points it earned, less those of what came back. What had lapsed before is not taken a second time, and does
    /// not count all the same.
    pub fn kept_points(&self) -> i64 {
        match self.kept_minor() {
            0 if self.net_minor > 0 => 0,
            _ => {
                let back = share(self.earned, self.returned_minor, self.net_minor, Rounding::Floor).unwrap_or(0);
                self.earned.saturating_sub(back)
            }
        }
    }
}

/// Sums over all entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Earned.
    pub earned: i64,
    /// Taken back because of returns.
    pub earn_reversed: i64,
    /// Spent.
    pub redeemed: i64,
    /// Given back.
    pub redemption_reversed: i64,
    /// Lapsed.
    pub lapsed: i64,
    /// Added or taken by hand.
    pub adjusted: i64,
    /// Come from other members, less what was passed on.
    pub transferred: i64,
}

impl Totals {
    /// Adds what an entry of a kind says.
    pub fn count(&mut self, kind: EntryKind, points: i64) -> Result<(), OutOfRange> {
        let total = match kind {
            EntryKind::Earn => &mut self.earned,
            EntryKind::EarnReversal => &mut self.earn_reversed,
            EntryKind::Redemption => &mut self.redeemed,
            EntryKind::RedemptionReversal => &mut self.redemption_reversed,
            EntryKind::Lapse => &mut self.lapsed,
            EntryKind::Adjustment => &mut self.adjusted,
            EntryKind::TransferOut | EntryKind::TransferIn => &mut self.transferred,
        };
        let change = match kind {
            EntryKind::Earn | EntryKind::RedemptionReversal | EntryKind::Adjustment => points,
            EntryKind::TransferOut | EntryKind::TransferIn => points,
            EntryKind::EarnReversal | EntryKind::Redemption | EntryKind::Lapse => {
                points.checked_neg().ok_or(OutOfRange)?
            }
        };
        *total = total.checked_add(change).ok_or(OutOfRange)?;
        Ok(())
    }
}

/// Everything a decision about one member needs, and what was decided since it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Holdings {
    /// Whose.
    pub member: MemberId,
    /// Which of their wallets.
    pub wallet: WalletCode,
    /// When they joined.
    pub joined_at: Timestamp,
    /// How many entries the statement has.
    pub entries: i64,
    /// The link of the last entry that is written.
    pub link: Link,
    /// How many changes the tier history has.
    pub tier_changes: i64,
    /// Lots with something left, and those a decision asked for.
    pub lots: Vec<Lot>,
    /// What lies in the others.
    pub unread: Unread,
    /// What holds points back, and the holds that were asked for.
    pub holds: Vec<Hold>,
    /// What the next points fill first.
    pub deficit: i64,
    /// Sums over all entries.
    pub totals: Totals,
    /// Everything due until here is posted.
    pub settled_until: Timestamp,
    /// The tier on each ladder, by its code, once there is one.
    pub standings: BTreeMap<String, Standing>,
    /// When the first of the standings changes by itself, where they were not read: they rest until then.
    pub tiers_due_at: Option<Timestamp>,
    /// What counts for tiers beside what was bought.
    pub credits: Vec<Credit>,
    /// What was bought.
    pub purchases: BTreeMap<OrderId, Purchase>,
    /// What orders earned by limited rules; read where the programme has such rules.
    pub uses: Vec<RuleUse>,
    /// Occasions that a request speaks of, and those recorded since it was read.
    pub occasions: Vec<Occasion>,
    /// Coupons to hand out or take back since it was read.
    pub handing: Vec<Handing>,
    /// What was passed on in a batch, and transfers that a request names.
    pub transfers: Vec<Transfer>,
    /// What was passed on of late; read where a limit asks.
    pub passed_on: PassedOn,
    /// How they stood when they bought what was booked since it was read.
    pub faced: BTreeMap<OrderId, Buyer>,
    /// Earlier changes of tiers, oldest first.
    pub history: Vec<TierChange>,
    /// Posted since it was read.
    pub postings: Vec<Posting>,
    /// Tier changes since it was read.
    pub changes: Vec<TierChange>,
    /// Tiers that were found at risk since it was read.
    pub at_risk: Vec<AtRisk>,
    /// Lots that had waited, and can be spent since it was read.
    pub activations: Vec<Activation>,
    /// Anything at all changed since it was read.
    pub touched: bool,
    /// What they brought along since it was read.
    pub openings: Vec<Opened>,
    /// What is decided now belongs to a history that is being loaded.
    pub loading: bool,
}

impl Holdings {
    /// An empty account of points.
    pub fn new(member: MemberId, joined_at: Timestamp) -> Self {
        Self::of(member, WalletCode::POINTS, joined_at)
    }

    /// An empty account.
    pub fn of(member: MemberId, wallet: WalletCode, joined_at: Timestamp) -> Self {
        Self {
            member,
            wallet,
            joined_at,
            entries: 0,
            link: Link::FIRST,
            tier_changes: 0,
            lots: Vec::new(),
            unread: Unread::default(),
            holds: Vec::new(),
            deficit: 0,
            totals: Totals::default(),
            settled_until: joined_at,
            standings: BTreeMap::new(),
            tiers_due_at: None,
            credits: Vec::new(),
            purchases: BTreeMap::new(),
            uses: Vec::new(),
            occasions: Vec::new(),
            handing: Vec::new(),
            transfers: Vec::new(),
            passed_on: PassedOn::default(),
            faced: BTreeMap::new(),
            history: Vec::new(),
            postings: Vec::new(),
            changes: Vec::new(),
            at_risk: Vec::new(),
            activations: Vec::new(),
            touched: false,
            openings: Vec::new(),
            loading: false,
        }
    }

    /// Points that can be spent.
    pub fn spendable(&self) -> i64 {
        self.lots.iter().filter(|lot| !lot.waits()).fold(self.unread.points, |sum, lot| sum.saturating_add(lot.free()))
    }

    /// Points that wait.
    pub fn pending(&self) -> i64 {
        self.lots.iter().filter(|lot| lot.waits()).fold(self.unread.pending, |sum, lot| sum.saturating_add(lot.left))
    }

    /// Points that are held back.
    pub fn held(&self) -> i64 {
        self.lots.iter().fold(self.unread.held, |sum, lot| sum.saturating_add(lot.held))
    }

    /// All points, less the deficit.
    pub fn balance(&self) -> i64 {
        let kept = self.pending().saturating_add(self.held());
        self.spendable().saturating_add(kept).saturating_sub(self.deficit)
    }

    /// A lot by its id.
    pub fn lot_mut(&mut self, id: LotId) -> Option<&mut Lot> {
        self.lots.iter_mut().find(|lot| lot.id == id)
    }

    /// Writes a line on the statement. The lots have been changed already; this keeps the sums.
    pub fn post(
        &mut self,
        kind: EntryKind,
        points: i64,
        cause: impl Into<String>,
        draws: Vec<Draw>,
        grounds: Decision,
        occurred_at: Timestamp,
    ) -> Result<EntryId, OutOfRange> {
        let number = self.entries.checked_add(1).ok_or(OutOfRange)?;
        self.totals.count(kind, points)?;
        self.entries = number;
        self.touched = true;
        let id = match self.wallet {
            WalletCode::POINTS => EntryId::numbered(self.member, number),
            wallet => EntryId::numbered_in(self.member, wallet.as_str(), number),
        };
        let balance_after = self.balance();
        self.postings.push(Posting {
            id,
            number,
            kind,
            points,
            balance_after,
            cause: cause.into(),
            draws,
            grounds,
            occurred_at,
            historic: self.loading,
        });
        Ok(id)
    }

    /// The id of the lot that the next entry makes; the same however often it is worked out.
    pub fn next_lot_id(&self, part: usize) -> LotId {
        let number = self.entries.saturating_add(1);
        let name = match self.wallet {
            WalletCode::POINTS => format!("lot/{number}/{part}"),
            wallet => format!("lot/{wallet}/{number}/{part}"),
        };
        LotId::derived_from(self.member.uuid(), &name)
    }

    /// Adds points as a lot; a deficit is filled first. Answers what the lot was given.
    pub fn credit(&mut self, lot: Lot) -> Result<Draw, OutOfRange> {
        let absorbed = self.deficit.min(lot.amount);
        let left = lot.amount.checked_sub(absorbed).ok_or(OutOfRange)?;
        let kept = [self.pending(), self.held(), left];
        kept.into_iter().try_fold(self.spendable(), i64::checked_add).ok_or(OutOfRange)?;
        self.deficit = self.deficit.checked_sub(absorbed).ok_or(OutOfRange)?;
        let draw = Draw { lot: lot.id, points: left };
        self.lots.push(Lot { left, touched: true, ..lot });
        Ok(draw)
    }

    /// Takes points from some lots in spending order, at most what is free. Answers the draws and what could not be taken.
    pub fn draw(&mut self, points: i64, from: impl Fn(&Lot) -> bool) -> (Vec<Draw>, i64) {
        let (draws, missing) = self.choose(points, from);
        for draw in &draws {
            if let Some(lot) = self.lot_mut(draw.lot) {
                lot.left = lot.left.saturating_add(draw.points);
                lot.touched = true;
            }
        }
        (draws, missing)
    }

    /// Holds back points that can be spent, in spending order. Answers of which lots.
    pub fn hold_back(&mut self, points: i64) -> Vec<Draw> {
        let (draws, _) = self.choose(points, |lot| !lot.waits());
        let held = draws.into_iter().map(|draw| Draw { points: draw.points.saturating_neg(), ..draw }).collect();
        for draw in &held {
            let draw: &Draw = draw;
            if let Some(lot) = self.lot_mut(draw.lot) {
                lot.held = lot.held.saturating_add(draw.points);
                lot.touched = true;
            }
        }
        held
    }

    /// Which lots so many points would be taken from, and what is missing.
    fn choose(&self, points: i64, from: impl Fn(&Lot) -> bool) -> (Vec<Draw>, i64) {
        let mut order: Vec<&Lot> = self.lots.iter().filter(|lot| from(lot)).collect();
        order.sort_by_key(|lot| lot.spending_order());
        let (mut draws, mut wanted) = (Vec::new(), points);
        for lot in order {
            let taken = lot.free().min(wanted);
            if taken > 0 {
                wanted = wanted.saturating_sub(taken);
                draws.push(Draw { lot: lot.id, points: taken.saturating_neg() });
            }
        }
        (draws, wanted)
    }

    /// When the first of the lots changes by itself: it lapses, has waited long enough, or is no longer held.
    pub fn next_of_lots(&self) -> Option<Timestamp> {
        let ends = self.holds.iter().filter(|hold| hold.held() > 0).map(|hold| hold.expires_at);
        self.lots.iter().filter_map(Lot::due_at).chain(ends).chain(self.unread.due_at).min()
    }

    /// The next instant at which something happens by itself.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.next_of_lots().into_iter().chain(self.next_of_tiers()).min()
    }
}
