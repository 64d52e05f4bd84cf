//! A member's recorded history lived once more, under these terms or others: by the rules that book, in holdings that nobody
//! keeps. What falls due between two things that happened is settled as of its own instant.

mod passing;

use std::collections::HashMap;

use jiff::Timestamp;
use kernel::{EntryId, MemberId, OccasionId, Points};

use super::earning::{OrderFacts, earn};
use super::granting::{self, Granted};
use super::holdings::{Draw, Holdings, Lot, OutOfRange};
use super::occasion::{OccasionFacts, OccasionGift, book, judge, stand};
use super::opening::{self, CannotOpen, Opening};
use super::redemption::{ByHand, CannotSpend, add_by_hand, redeem, take_by_hand};
use super::reversing::{CannotReturn, Redeemed, ReturnFacts, give_back, take_back};
use super::settling::{Until, settle};
use super::tally::hearing::join;
use super::uses::give_all_back;
use crate::programme::terms::Versions;
use passing::Passing;

/// Everything that is recorded of a member, and does not follow from something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Who.
    pub member: MemberId,
    /// When they joined.
    pub joined_at: Timestamp,
    /// In the order in which it became known here.
    pub recorded: Vec<Recorded>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When it became known.
    pub known_at: Timestamp,
    /// What.
    pub what: Happened,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// They bought; a guest's order that joins brings what had come back of it before.
    Bought {
        /// What.
        order: OrderFacts,
        /// What had come back already.
        back: Option<ReturnFacts>,
    },
    /// Something came back.
    Returned(ReturnFacts),
    /// Points were spent.
    Spent {
        /// The entry.
        entry: EntryId,
        /// How many.
        points: i64,
    },
    /// They were given back.
    GivenBack {
        /// The entry in which they had been spent.
        redemption: EntryId,
    },
    /// Somebody added points, or took some.
    ByHand {
        /// Signed.
        points: i64,
    },
    /// Points were given for what is no order.
    Given {
        /// The entry.
        entry: EntryId,
        /// What for.
        cause: String,
        /// How many.
        points: i64,
    },
    /// Something was brought along from another system.
    Brought {
        /// The entry.
        entry: EntryId,
        /// What.
        opening: Opening,
    },
    /// It was an occasion that is no order.
    Occurred {
        /// What.
        occasion: OccasionFacts,
        /// The entry it brought in points, where it brought one.
        entry: Option<EntryId>,
    },
    /// Points were passed on to another member; or went back to whom they had come from.
    PassedOn {
        /// The transfer.
        transfer: String,
        /// How many, a fee included.
        points: i64,
    },
    /// Points came from another member; or came back.
    Received {
        /// The transfer.
        transfer: String,
        /// How many.
        points: i64,
        /// The lots they came in, as these were then; none where they came back.
        lots: Vec<Lot>,
    },
    /// They were taken back.
    TakenBack {
        /// The entry in which they had been given.
        grant: EntryId,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lived {
    /// At the end; with everything that was posted on the way.
    pub holdings: Holdings,
    /// Points that were spent or taken by hand and were not there.
    pub unmet: i64,
    /// Returns of orders that nothing was told of.
    pub unmatched: i64,
}

/// Lives it up to a moment.
pub fn live(life: &Life, versions: &Versions, until: Timestamp) -> Result<Lived, OutOfRange> {
    let holdings = Holdings::new(life.member, life.joined_at);
    let lived = Lived { holdings, unmet: 0, unmatched: 0 };
    let mut living = Living { lived, versions, entries: HashMap::new(), passing: Passing::default() };
    join(&mut living.lived.holdings, versions, life.joined_at, life.joined_at)?;
    for recorded in &life.recorded {
        living.through(&recorded.what, recorded.known_at)?;
    }
    let mut lived = living.lived;
    settle(&mut lived.holdings, versions, Until::Including(until))?;
    Ok(lived)
}

struct Living<'a> {
    lived: Lived,
    versions: &'a Versions,
    /// What became here of entries that others refer to.
    entries: HashMap<EntryId, Again>,
    passing: Passing,
}

/// An entry that was posted again.
#[derive(Clone, Debug)]
struct Again {
    entry: EntryId,
    cause: String,
    points: i64,
}

impl Living<'_> {
    fn through(&mut self, what: &Happened, at: Timestamp) -> Result<(), OutOfRange> {
        match what {
            Happened::Bought { order, back } => {
                self.lived.holdings.loading = order.historic;
                let booked = earn(&mut self.lived.holdings, self.versions, order, back.as_ref(), at);
                self.told(booked)
            }
            Happened::Returned(back) => {
                self.lived.holdings.loading = back.historic;
                let booked = take_back(&mut self.lived.holdings, self.versions, back, at);
                self.told(booked)
            }
            Happened::Spent { entry, points } => self.spent(*entry, *points, at),
            Happened::GivenBack { redemption } => self.given_back(*redemption, at),
            Happened::ByHand { points } => self.by_hand(*points, at),
            Happened::Given { entry, cause, points } => self.given(*entry, cause, *points, at),
            Happened::Brought { entry, opening } => self.brought(*entry, opening, at),
            Happened::Occurred { occasion, entry } => self.occurred(occasion, *entry, at),
            Happened::TakenBack { grant } => self.taken_back(*grant, at),
            Happened::PassedOn { transfer, points } => {
                let unmet = self.passing.pass_on(&mut self.lived.holdings, self.versions, (transfer, *points), at)?;
                self.lived.unmet = self.lived.unmet.saturating_add(unmet);
                Ok(())
            }
            Happened::Received { transfer, points, lots } => {
                self.passing.receive(&mut self.lived.holdings, self.versions, (transfer, *points, lots), at)
            }
        }
    }

    /// A return of an unknown order is put aside when it is heard.
    fn told(&mut self, booked: Result<(), CannotReturn>) -> Result<(), OutOfRange> {
        match booked {
            Ok(()) => Ok(()),
            Err(CannotReturn::UnknownOrder) => {
                self.lived.unmatched = self.lived.unmatched.saturating_add(1);
                Ok(())
            }
            Err(CannotReturn::OutOfRange(error)) => Err(error),
        }
    }

    /// Spends as many as there are.
    fn spent(&mut self, entry: EntryId, points: i64, at: Timestamp) -> Result<(), OutOfRange> {
        let holdings = &mut self.lived.holdings;
        let spent = match redeem(holdings, self.versions, Points(points), "", at) {
            Err(CannotSpend::Insufficient { spendable, .. }) => {
                self.lived.unmet = self.lived.unmet.saturating_add(points.saturating_sub(spendable.0));
                if spendable.0 <= 0 {
                    return Ok(());
                }
                redeem(holdings, self.versions, spendable, "", at)
            }
            spent => spent,
        };
        let again = spent.map_err(out_of_range)?;
        self.entries.insert(entry, Again { entry: again, cause: String::new(), points });
        Ok(())
    }

    fn given_back(&mut self, redemption: EntryId, at: Timestamp) -> Result<(), OutOfRange> {
        let Some(again) = self.entries.remove(&redemption) else { return Ok(()) };
        let holdings = &mut self.lived.holdings;
        let draws: Vec<Draw> = holdings
            .postings
            .iter()
            .find(|posting| posting.id == again.entry)
            .map(|posting| posting.draws.clone())
            .unwrap_or_default();
        give_back(holdings, self.versions, &Redeemed { entry: again.entry, draws }, at).map(|_| ())
    }

    fn by_hand(&mut self, points: i64, at: Timestamp) -> Result<(), OutOfRange> {
        let (holdings, by) = (&mut self.lived.holdings, ByHand { reason: "", actor: "again" });
        if points > 0 {
            let Some(terms) = self.versions.at(at) else { return Ok(()) };
            return add_by_hand(holdings, self.versions, terms, Points(points), by, at).map(|_| ());
        }
        let wanted = points.checked_neg().ok_or(OutOfRange)?;
        match take_by_hand(holdings, self.versions, Points(wanted), by, at) {
            Ok(_) => Ok(()),
            Err(CannotSpend::Insufficient { spendable, .. }) => {
                self.lived.unmet = self.lived.unmet.saturating_add(wanted.saturating_sub(spendable.0));
                let rest = (spendable.0 > 0).then(|| take_by_hand(holdings, self.versions, spendable, by, at));
                rest.transpose().map(|_| ()).map_err(out_of_range)
            }
            Err(CannotSpend::OutOfRange(error)) => Err(error),
        }
    }

    fn given(&mut self, entry: EntryId, cause: &str, points: i64, at: Timestamp) -> Result<(), OutOfRange> {
        let Some(terms) = self.versions.at(at) else { return Ok(()) };
        let holdings = &mut self.lived.holdings;
        let again = granting::grant(holdings, self.versions, terms, Points(points), (cause, ""), at)?;
        self.entries.insert(entry, Again { entry: again, cause: cause.to_owned(), points });
        Ok(())
    }

    /// What had lapsed when it was brought along was not taken over, under whatever terms.
    fn brought(&mut self, entry: EntryId, opening: &Opening, at: Timestamp) -> Result<(), OutOfRange> {
        let Some(terms) = self.versions.at(at) else { return Ok(()) };
        match opening::open(&mut self.lived.holdings, self.versions, terms, (opening, ""), at) {
            Ok(again) => {
                self.entries.insert(entry, Again { entry: again, cause: opening.cause(), points: opening.points });
                Ok(())
            }
            Err(CannotOpen::OutOfRange(error)) => Err(error),
            Err(CannotOpen::Over(_) | CannotOpen::NotBegun(_)) => Ok(()),
        }
    }

    /// What it brings to points under these terms. Who was given nothing then may be given something now.
    fn occurred(&mut self, occasion: &OccasionFacts, entry: Option<EntryId>, at: Timestamp) -> Result<(), OutOfRange> {
        let (holdings, versions) = (&mut self.lived.holdings, self.versions);
        holdings.loading = occasion.historic;
        let booked = occur(holdings, versions, occasion, at);
        holdings.loading = false;
        if let (Some(gift), Some(entry)) = (booked?, entry)
            && let Some(again) = gift.entry
        {
            let again = Again { entry: again, cause: occasion.id.to_string(), points: gift.points };
            self.entries.insert(entry, again);
        }
        Ok(())
    }

    fn taken_back(&mut self, grant: EntryId, at: Timestamp) -> Result<(), OutOfRange> {
        let Some(again) = self.entries.remove(&grant) else { return Ok(()) };
        let granted = Granted { entry: again.entry, points: again.points, cause: &again.cause };
        let holdings = &mut self.lived.holdings;
        granting::take_grant_back(holdings, self.versions, &granted, "", at)?;
        if let Ok(occasion) = OccasionId::parse(&again.cause) {
            give_all_back(holdings, occasion.uuid());
        }
        Ok(())
    }
}

fn occur(
    holdings: &mut Holdings,
    versions: &Versions,
    facts: &OccasionFacts,
    at: Timestamp,
) -> Result<Option<OccasionGift>, OutOfRange> {
    let buyer = stand(holdings, versions, facts, at)?;
    let Some(terms) = versions.at(facts.occurred_at) else { return Ok(None) };
    let came = judge(terms, facts, &buyer, &holdings.uses)?;
    book(holdings, versions, facts, (&came, &buyer), at)
}

/// Nobody asks for more than there is here.
fn out_of_range(_: CannotSpend) -> OutOfRange {
    OutOfRange
}
