//! Which coupons and codes are used together, and in which order.
//!
//! Order matters: each takes off what those before it left, and a minimum after discounts counts them. So every order of
//! every selection is tried, which stays small because both are bounded: of what applies alone the 8 that save most, 4 at
//! most together, 2,080 sequences. What saves most wins; of equals the one with fewest, then the one found first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::applying::{Cart, Discount, Obstacle, Rest, discount};
use super::limits::{Room, wanted};
use crate::campaign::terms::Terms;

/// At most so many are used for one order.
pub const MOST_TOGETHER: usize = 4;
/// So many are tried together.
pub const MOST_TRIED: usize = 8;

/// Something that could be used.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its campaign.
    pub campaign: &'a str,
    /// Its terms.
    pub terms: &'a Terms,
}

/// A selection in its order: the places of the candidates, and what each takes off.
pub type Chosen = Vec<(usize, Discount)>;

/// Why some cannot be used together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Apart {
    /// These two exclude each other.
    Two(usize, usize),
    /// This one does not apply, alone or after the others.
    One(usize, Obstacle),
}

/// Whether two may be used for one order.
pub fn combine(one: &Terms, other: &Terms) -> bool {
    !one.exclusive && !other.exclusive && (one.group.is_empty() || one.group != other.group)
}

/// What saves most, of those that apply. Uses that a limit does not hold are not tried.
pub fn best(cart: &Cart, candidates: &[Candidate<'_>], rooms: &BTreeMap<String, Room>) -> Chosen {
    let rest = Rest::of(cart);
    let alone = candidates.iter().enumerate().filter_map(|(place, candidate)| {
        let saved = discount(candidate.terms, cart, &rest).ok()?.saved_minor;
        Some((Reverse(saved), place))
    });
    let mut places: Vec<_> = alone.collect();
    places.sort_unstable();
    let places = places.into_iter().take(MOST_TRIED).map(|(_, place)| place).collect();
    let mut search = Search { cart, candidates, rooms, places, all: false, best: Vec::new() };
    search.go_on(&mut Vec::new(), &rest);
    search.best
}

/// All of these, in the order that saves most of those for which there is room; of all orders where there is none, so that it
/// can be said what is used up.
pub fn all_of(cart: &Cart, candidates: &[Candidate<'_>], rooms: &BTreeMap<String, Room>) -> Result<Chosen, Apart> {
    for (place, one) in candidates.iter().enumerate() {
        let clash = candidates.iter().take(place).position(|other| !combine(one.terms, other.terms));
        if let Some(other) = clash {
            return Err(Apart::Two(other, place));
        }
    }
    let rest = Rest::of(cart);
    for rooms in [rooms, &BTreeMap::new()] {
        let places = (0..candidates.len()).collect();
        let mut search = Search { cart, candidates, rooms, places, all: true, best: Vec::new() };
        search.go_on(&mut Vec::new(), &rest);
        if search.best.len() == candidates.len() {
            return Ok(search.best);
        }
    }
    Err(first_apart(cart, candidates, rest))
}

/// What stands in the way where no order of all of them works: in the order in which they were said.
fn first_apart(cart: &Cart, candidates: &[Candidate<'_>], mut rest: Rest) -> Apart {
    for (place, candidate) in candidates.iter().enumerate() {
        match discount(candidate.terms, cart, &rest) {
            Ok(off) => rest = rest.less(&off),
            Err(obstacle) => return Apart::One(place, obstacle),
        }
    }
    Apart::One(0, Obstacle::SavesNothing)
}

struct Search<'a> {
    cart: &'a Cart,
    candidates: &'a [Candidate<'a>],
    rooms: &'a BTreeMap<String, Room>,
    places: Vec<usize>,
    /// Only sequences of all of them count.
    all: bool,
    best: Chosen,
}

impl Search<'_> {
    fn go_on(&mut self, chosen: &mut Chosen, rest: &Rest) {
        if (!self.all || chosen.len() == self.candidates.len()) && self.is_better(chosen) {
            self.best.clone_from(chosen);
        }
        if chosen.len() == MOST_TOGETHER {
            return;
        }
        for place in self.places.clone() {
            let Some(candidate) = self.candidates.get(place).filter(|_| self.may_follow(chosen, place)) else {
                continue;
            };
            let Ok(off) = discount(candidate.terms, self.cart, rest) else { continue };
            let after = rest.less(&off);
            chosen.push((place, off));
            if self.fits(chosen) {
                self.go_on(chosen, &after);
            }
            chosen.pop();
        }
    }

    fn may_follow(&self, chosen: &Chosen, place: usize) -> bool {
        let terms = |place: usize| self.candidates.get(place).map(|candidate| candidate.terms);
        chosen.iter().all(|(before, _)| {
            *before != place && terms(*before).zip(terms(place)).is_some_and(|(one, other)| combine(one, other))
        })
    }

    fn fits(&self, chosen: &Chosen) -> bool {
        let uses =
            chosen.iter().filter_map(|(place, off)| Some((self.candidates.get(*place)?.campaign, off.saved_minor)));
        let full =
            |(campaign, wanted): (&str, _)| self.rooms.get(campaign).is_some_and(|room| room.refuses(wanted).is_some());
        !wanted(uses).into_iter().any(full)
    }

    fn is_better(&self, chosen: &Chosen) -> bool {
        let worth = |chosen: &Chosen| {
            let saved = chosen.iter().fold(0_i64, |sum, (_, off)| sum.saturating_add(off.saved_minor));
            (saved, Reverse(chosen.len()))
        };
        // A gift that is worth nothing is still better than nothing.
        (self.best.is_empty() && !chosen.is_empty()) || worth(chosen) > worth(&self.best)
    }
}
