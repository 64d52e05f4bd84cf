//! Which benefits apply to a cart, what each saves, and which goods cannot be bought now.
//!
//! Of several member prices each line has the one that saves most on it, of several free deliveries the best is taken; all
//! others are independent of one another.

use jiff::Timestamp;
use kernel::rounding::{Rounding, share};
use rule::{Known, Texts};

use super::terms::{BenefitWords, Goods, Kind, Price, Terms};
use crate::account::facing::Faced;
use crate::audience::facts::{MemberFacts, Needed, needed};
use crate::programme::rules::Condition;
use crate::programme::words::Words as _;
use crate::reservation::applying::Cart;

/// Why a benefit does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Its time has not come.
    NotYet {
        /// When it comes.
        from: Timestamp,
    },
    /// Its time is over.
    Over {
        /// Since when.
        until: Timestamp,
    },
    /// Its condition does not hold.
    NotMet {
        /// What would have to be different.
        needed: Vec<Needed>,
        /// The next tier alone would do.
        next_tier_opens: bool,
    },
    /// The cart is in another currency.
    OtherCurrency,
    /// No line counts.
    NothingCounts,
    /// There is nothing to take off.
    SavesNothing,
    /// Another saves more.
    Outbid,
    /// All members together have used it as often as they can.
    UsedUp,
    /// The member has used it as often as they can.
    MemberUsedUp,
}

/// A benefit with what is taken of it.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// Its code.
    pub code: &'a str,
    /// What it promises.
    pub terms: &'a Terms,
    /// How often all have used it, while that is counted.
    pub used: i64,
    /// How often the member has used it in this period.
    pub by_member: i64,
}

/// What it saves.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Saved {
    /// All of it.
    pub minor: i64,
    /// Of each line.
    pub line_minor: Vec<i64>,
    /// Of delivery.
    pub delivery_minor: i64,
}

/// A line that cannot be bought now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Its place.
    pub line: usize,
    /// The benefit that keeps it for others, by its place among the candidates.
    pub by: usize,
    /// When it can be bought by whoever asked.
    pub opens_at: Option<Timestamp>,
    /// What would have to be different.
    pub needed: Vec<Needed>,
    /// The next tier alone would do.
    pub next_tier_opens: bool,
}

/// Who asks, with what, and when.
#[derive(Clone, Debug)]
pub struct Asker<'a> {
    /// What is known of the member; nothing of a guest.
    pub member: Option<&'a MemberFacts>,
    /// What they have paid for.
    pub entitlements: &'a Texts,
    /// What they are about to buy.
    pub cart: &'a Cart,
    /// When.
    pub now: Timestamp,
}

/// The cart, as conditions are told of it.
struct Told<'a> {
    asker: &'a Asker<'a>,
    currency: String,
    net: Option<i64>,
    gross: Option<i64>,
    products: Texts,
    categories: Texts,
}

impl<'a> Told<'a> {
    fn of(asker: &'a Asker<'a>) -> Self {
        let lines = &asker.cart.lines;
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        Self {
            asker,
            currency: asker.cart.currency.to_string(),
            net: lines
                .iter()
                .try_fold(0_i64, |sum, line| sum.checked_add(line.gross_minor.checked_sub(line.discount_minor)?)),
            gross: lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.gross_minor)),
            products: lines.iter().filter_map(|line| named(&line.product)).collect(),
            categories: lines.iter().filter_map(|line| named(&line.category)).collect(),
        }
    }

    fn needs(&self, condition: &Condition<BenefitWords>, member: Option<&MemberFacts>) -> Option<Vec<Needed>> {
        let mut known = match member {
            Some(member) => member.known(),
            None => vec![Some(Known::Instant(self.asker.now)), None, None, None, None, None],
        };
        known.extend([
            member.map(|_| Known::Texts(self.asker.entitlements)),
            self.net.map(Known::Int),
            self.gross.map(Known::Int),
            Some(Known::Int(self.asker.cart.delivery_minor)),
            Some(Known::Text(&self.currency)),
            Some(Known::Texts(&self.products)),
            Some(Known::Texts(&self.categories)),
        ]);
        needed(condition, &Faced::of(BenefitWords::schema(), known))
    }

    /// What keeps the asker out, and whether the next tier alone would let them in.
    fn kept_out(&self, terms: &Terms) -> Option<(Vec<Needed>, bool)> {
        let needed = self.needs(&terms.audience, self.asker.member)?;
        let above = self.asker.member.and_then(|member| {
            let (tier, _) = member.next_tier.clone()?;
            let tier_rank = member.tier_rank.map(|rank| rank.saturating_add(1));
            Some(MemberFacts { tier: Some(tier), tier_rank, ..member.clone() })
        });
        let opens = above.is_some_and(|above| self.needs(&terms.audience, Some(&above)).is_none());
        Some((needed, opens))
    }
}

/// What each benefit does, in the order of the candidates.
pub fn check(asker: &Asker<'_>, candidates: &[Candidate<'_>]) -> Vec<Result<Saved, Obstacle>> {
    let told = Told::of(asker);
    let mut all: Vec<Result<Saved, Obstacle>> = candidates.iter().map(|one| alone(&told, one)).collect();
    best_prices(asker.cart.lines.len(), candidates, &mut all);
    best_delivery(candidates, &mut all);
    all
}

fn alone(told: &Told<'_>, one: &Candidate<'_>) -> Result<Saved, Obstacle> {
    let (terms, cart, now) = (one.terms, told.asker.cart, told.asker.now);
    if let Some(from) = terms.begins_at().filter(|from| *from > now) {
        return Err(Obstacle::NotYet { from });
    }
    if let Some(until) = terms.ends_at().filter(|until| *until <= now) {
        return Err(Obstacle::Over { until });
    }
    if let Some((needed, next_tier_opens)) = told.kept_out(terms) {
        return Err(Obstacle::NotMet { needed, next_tier_opens });
    }
    if terms.max_uses.is_some_and(|most| one.used >= most) {
        return Err(Obstacle::UsedUp);
    }
    if terms.max_per_member.is_some_and(|most| one.by_member >= most) {
        return Err(Obstacle::MemberUsedUp);
    }
    if terms.currency != cart.currency {
        return Err(Obstacle::OtherCurrency);
    }
    match &terms.kind {
        Kind::MemberPrice { goods, price } => prices(cart, goods, *price),
        Kind::MemberOnly { goods } | Kind::EarlyAccess { goods, .. } => {
            if places(cart, goods).next().is_none() {
                return Err(Obstacle::NothingCounts);
            }
            Ok(Saved::default())
        }
        Kind::Delivery { most_minor } => {
            let minor = most_minor.map_or(cart.delivery_minor, |most| cart.delivery_minor.min(most));
            if minor == 0 {
                Err(Obstacle::SavesNothing)
            } else {
                Ok(Saved { minor, delivery_minor: minor, ..Saved::default() })
            }
        }
        Kind::Tasting { .. } | Kind::EventSeat { .. } | Kind::Service | Kind::Charity { .. } => {
            Ok(Saved { minor: terms.fixed_worth(), ..Saved::default() })
        }
    }
}

fn places<'a>(cart: &'a Cart, goods: &'a Goods) -> impl Iterator<Item = usize> + 'a {
    let counts = cart.lines.iter().enumerate().filter(|(_, line)| goods.count(&line.product, &line.category));
    counts.map(|(place, _)| place)
}

fn prices(cart: &Cart, goods: &Goods, price: Price) -> Result<Saved, Obstacle> {
    let (mut line_minor, mut any) = (vec![0; cart.lines.len()], false);
    for place in places(cart, goods) {
        let Some(line) = cart.lines.get(place) else { continue };
        any = true;
        let left = line.gross_minor.saturating_sub(line.discount_minor).max(0);
        let off = match price {
            Price::PercentOff(percent) => share(left, percent, 100, Rounding::Floor).unwrap_or(0),
            Price::Unit(unit) => left.saturating_sub(unit.saturating_mul(line.quantity)).max(0),
        };
        line_minor[place] = off;
    }
    if !any {
        return Err(Obstacle::NothingCounts);
    }
    let minor = line_minor.iter().copied().fold(0, i64::saturating_add);
    if minor == 0 { Err(Obstacle::SavesNothing) } else { Ok(Saved { minor, line_minor, delivery_minor: 0 }) }
}

/// Each line keeps the price that saves most on it, of equals the first.
fn best_prices(lines: usize, candidates: &[Candidate<'_>], all: &mut [Result<Saved, Obstacle>]) {
    let priced: Vec<usize> = candidates
        .iter()
        .enumerate()
        .filter(|(_, one)| matches!(one.terms.kind, Kind::MemberPrice { .. }))
        .map(|(place, _)| place)
        .collect();
    let off = |all: &[Result<Saved, Obstacle>], place: usize, line: usize| {
        let saved = all.get(place).and_then(|one| one.as_ref().ok());
        saved.and_then(|saved| saved.line_minor.get(line).copied()).unwrap_or(0)
    };
    for line in 0..lines {
        let best = priced.iter().copied().max_by_key(|place| (off(all, *place, line), std::cmp::Reverse(*place)));
        for place in priced.iter().copied().filter(|place| Some(*place) != best) {
            if let Some(Ok(saved)) = all.get_mut(place) {
                let lost = saved.line_minor.get(line).copied().unwrap_or(0);
                saved.minor = saved.minor.saturating_sub(lost);
                saved.line_minor.iter_mut().skip(line).take(1).for_each(|off| *off = 0);
            }
        }
    }
    for place in priced {
        if all.get(place).and_then(|one| one.as_ref().ok()).is_some_and(|saved| saved.minor == 0) {
            all[place] = Err(Obstacle::Outbid);
        }
    }
}

fn best_delivery(candidates: &[Candidate<'_>], all: &mut [Result<Saved, Obstacle>]) {
    let mut best: Option<(usize, i64)> = None;
    for place in 0..candidates.len() {
        let Some(Ok(saved)) = all.get(place) else { continue };
        let off = saved.delivery_minor;
        if off == 0 {
            continue;
        }
        match best {
            Some((before, most)) if off > most => {
                all[before] = Err(Obstacle::Outbid);
                best = Some((place, off));
            }
            Some(_) => all[place] = Err(Obstacle::Outbid),
            None => best = Some((place, off)),
        }
    }
}

/// Lines that cannot be bought now, each with the benefit that keeps it for others.
///
/// Goods for members alone open by any benefit that names them, and so do goods with an early day, which are shut for
/// everybody before it.
pub fn blocked(asker: &Asker<'_>, candidates: &[Candidate<'_>]) -> Vec<Blocked> {
    let told = Told::of(asker);
    let mut all = Vec::new();
    for line in 0..asker.cart.lines.len() {
        let (mut only, mut early) = (None, None);
        for (by, one) in candidates.iter().enumerate() {
            match &one.terms.kind {
                Kind::MemberOnly { goods } => open_by_any(&mut only, only_members(&told, (line, by), one.terms, goods)),
                Kind::EarlyAccess { goods, members_from, everybody_from } => {
                    let days = (*members_from, *everybody_from);
                    open_by_any(&mut early, early_day(&told, (line, by), one.terms, goods, days));
                }
                Kind::MemberPrice { .. }
                | Kind::Delivery { .. }
                | Kind::Tasting { .. }
                | Kind::EventSeat { .. }
                | Kind::Service
                | Kind::Charity { .. } => {}
            }
        }
        all.extend(only.and_then(Result::err).or(early.and_then(Result::err)));
    }
    all
}

type Judgement = Option<Result<(), Blocked>>;

/// One that opens is enough; of several that shut, the first is told.
fn open_by_any(so_far: &mut Judgement, next: Judgement) {
    *so_far = match (so_far.take(), next) {
        (Some(Ok(())), _) | (_, Some(Ok(()))) => Some(Ok(())),
        (Some(Err(first)), _) => Some(Err(first)),
        (None, next) => next,
    };
}

/// Whether a benefit speaks about a line now.
fn speaks(told: &Told<'_>, line: usize, terms: &Terms, goods: &Goods) -> bool {
    let now = told.asker.now;
    let in_force = terms.from.is_none_or(|from| from <= now) && terms.until.is_none_or(|until| now < until);
    let line = told.asker.cart.lines.get(line);
    in_force && line.is_some_and(|line| goods.count(&line.product, &line.category))
}

fn only_members(told: &Told<'_>, (line, by): (usize, usize), terms: &Terms, goods: &Goods) -> Judgement {
    speaks(told, line, terms, goods).then(|| match told.kept_out(terms) {
        None => Ok(()),
        Some((needed, next_tier_opens)) => Err(Blocked { line, by, opens_at: terms.until, needed, next_tier_opens }),
    })
}

fn early_day(
    told: &Told<'_>,
    (line, by): (usize, usize),
    terms: &Terms,
    goods: &Goods,
    (members_from, everybody_from): (Timestamp, Timestamp),
) -> Judgement {
    let now = told.asker.now;
    (now < everybody_from && speaks(told, line, terms, goods)).then(|| match told.kept_out(terms) {
        None if now >= members_from => Ok(()),
        None => {
            let (needed, next_tier_opens) = (Vec::new(), false);
            Err(Blocked { line, by, opens_at: Some(members_from), needed, next_tier_opens })
        }
        Some((needed, next_tier_opens)) => {
            Err(Blocked { line, by, opens_at: Some(everybody_from), needed, next_tier_opens })
        }
    })
}
