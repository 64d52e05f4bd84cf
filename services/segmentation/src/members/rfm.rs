//! The eight groups of recency, frequency and money.

use jiff::Timestamp;

use super::frame::Cuts;

/// A group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Has never bought.
    Prospect,
    /// HHH.
    Vip,
    /// HLH.
    Watched,
    /// HHL.
    Promising,
    /// HLL.
    Developing,
    /// LHH.
    Keep,
    /// LHL.
    Maintain,
    /// LLH.
    WinBack,
    /// LLL, or no purchase in the period.
    Dormant,
    /// Bought in the period, and there is nothing yet to compare with.
    Unsorted,
}

impl Group {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::Prospect,
        Self::Vip,
        Self::Watched,
        Self::Promising,
        Self::Developing,
        Self::Keep,
        Self::Maintain,
        Self::WinBack,
        Self::Dormant,
        Self::Unsorted,
    ];

    /// As events and decisions write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prospect => "PROSPECT",
            Self::Vip => "VIP",
            Self::Watched => "WATCHED",
            Self::Promising => "PROMISING",
            Self::Developing => "DEVELOPING",
            Self::Keep => "KEEP",
            Self::Maintain => "MAINTAIN",
            Self::WinBack => "WIN_BACK",
            Self::Dormant => "DORMANT",
            Self::Unsorted => "UNSORTED",
        }
    }
}

/// High or low, each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Letters {
    /// R.
    pub recency: bool,
    /// F.
    pub frequency: bool,
    /// M.
    pub monetary: bool,
}

impl Letters {
    /// The group of three letters.
    pub const fn group(self) -> Group {
        match (self.recency, self.frequency, self.monetary) {
            (true, true, true) => Group::Vip,
            (true, false, true) => Group::Watched,
            (true, true, false) => Group::Promising,
            (true, false, false) => Group::Developing,
            (false, true, true) => Group::Keep,
            (false, true, false) => Group::Maintain,
            (false, false, true) => Group::WinBack,
            (false, false, false) => Group::Dormant,
        }
    }
}

/// What is compared with the cuts: of a member who has bought in the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodFigures {
    /// The last purchase, in whole seconds since 1970.
    pub last_second: i64,
    /// Purchases.
    pub purchases: i64,
    /// Money.
    pub total_minor: i64,
}

/// Of purchases in the period, each with when it was bought and its money; none without any.
pub fn period_figures(bought: impl Iterator<Item = (Timestamp, i64)>) -> Option<PeriodFigures> {
    bought.fold(None, |sum: Option<PeriodFigures>, (at, money)| {
        let so_far = sum.unwrap_or(PeriodFigures { last_second: i64::MIN, purchases: 0, total_minor: 0 });
        Some(PeriodFigures {
            last_second: so_far.last_second.max(at.as_second()),
            purchases: so_far.purchases + 1,
            total_minor: so_far.total_minor.saturating_add(money),
        })
    })
}

/// The letters of a member, where there is something to compare.
pub fn letters(figures: Option<PeriodFigures>, cuts: Option<Cuts>) -> Letters {
    figures.zip(cuts).map_or_else(Letters::default, |(figures, cuts)| Letters {
        recency: figures.last_second >= cuts.recency_from,
        frequency: figures.purchases >= cuts.frequency_from,
        monetary: figures.total_minor >= cuts.monetary_from,
    })
}

/// The group of a member.
pub fn group(ever_bought: bool, figures: Option<PeriodFigures>, cuts: Option<Cuts>) -> Group {
    match (ever_bought, figures, cuts) {
        (false, ..) => Group::Prospect,
        (true, None, _) => Group::Dormant,
        (true, Some(_), None) => Group::Unsorted,
        (true, Some(_), Some(_)) => letters(figures, cuts).group(),
    }
}
