//! Two years of a shop: who bought what, what came back, what was never collected.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::dice::Dice;
use super::habits::{Habit, Often, Visit, date_of};
use super::people::Person;
use super::shelf::{self, STORES, THINGS};

/// Streams of chance beside those of the members, which take the numbers from 0.
const GUESTS: u64 = 1 << 40;
/// What points are spent on.
const SPENT_ON: [&str; 3] = ["折抵消費", "咖啡券", "生日小禮"];

/// The shop's size and its chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shop {
    /// Members.
    pub members: u32,
    /// Everything else follows from it.
    pub seed: u64,
    /// Days of history.
    pub days: u32,
}

impl Default for Shop {
    fn default() -> Self {
        Self { members: 2_000, seed: 20_240_302, days: 730 }
    }
}

/// One line of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bought {
    /// Place on the shelf.
    pub thing: usize,
    /// How many.
    pub quantity: i64,
    /// Taken off, in whole dollars.
    pub discount: i64,
}

/// What became of a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They kept it.
    Kept,
    /// Some of it came back: places of lines.
    Returned(Timestamp, Vec<usize>),
    /// It was cancelled, or (true) never collected.
    Cancelled(Timestamp, bool),
}

/// One purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// When.
    pub moment: Timestamp,
    /// Place of the member; none for a guest.
    pub buyer: Option<u32>,
    /// Place of the channel.
    pub channel: usize,
    /// Place of the store near the buyer.
    pub store: usize,
    /// What was bought.
    pub lines: Vec<Bought>,
    /// How it was paid.
    pub payment: &'static str,
    /// What became of it.
    pub fate: Fate,
}

/// Points somebody spends when the history has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// Place of the member.
    pub member: u32,
    /// How many.
    pub points: i64,
    /// On what.
    pub on: &'static str,
}

/// The history of a shop.
#[derive(Clone, Debug)]
pub struct History {
    /// Members and the instants they joined, by place.
    pub people: Vec<(Person, Timestamp)>,
    /// Purchases in the order of time.
    pub purchases: Vec<Purchase>,
    /// What members spend their points on at the end.
    pub spendings: Vec<Spending>,
}

impl Shop {
    /// The history that ends at an instant and is told then; the same for the same shop and end.
    pub fn history(&self, end: Timestamp, zone: &TimeZone) -> History {
        self.until(end, zone, false)
    }

    /// The same history as it is lived: told day by day, with cancellations from its first day to its last.
    pub fn life(&self, end: Timestamp, zone: &TimeZone) -> History {
        self.until(end, zone, true)
    }

    fn until(&self, end: Timestamp, zone: &TimeZone, lived: bool) -> History {
        let last = kernel::calendar::day_of(end, zone);
        let first = last.checked_sub(jiff::Span::new().days(i64::from(self.days))).unwrap_or(last);
        let days = Days { first, end, zone, lived };
        let mut history = History { people: Vec::new(), purchases: Vec::new(), spendings: Vec::new() };
        for place in 0..self.members {
            self.member(place, &days, &mut history);
        }
        self.guests(&days, &mut history);
        history.purchases.sort_by_key(|purchase| (purchase.moment, purchase.buyer));
        history
    }

    fn member(&self, place: u32, days: &Days<'_>, history: &mut History) {
        let person = Person::of(self.seed, place, self.days);
        let mut dice = Dice::of(self.seed, u64::from(place) * 2 + 1);
        let habit = Habit::of(&mut dice, &person, place == 0, self.days);
        let visits = habit.visits(&mut dice, person.joined_day, days.first);
        let purchases: Vec<Purchase> = visits
            .iter()
            .filter_map(|visit| purchase(&mut dice, days, visit, Some(place), person.store, Some(&habit)))
            .collect();
        // Who joins at the till joins a moment before their first purchase.
        let joined = days.moment(person.joined_day, 10 * 3_600);
        let joined = purchases.first().map_or(joined, |bought| joined.min(bought.moment));
        if purchases.len() >= 8 && (place == 0 || dice.chance(160)) {
            let points = i64::try_from(dice.between(1, 4) * 50).unwrap_or(50);
            history.spendings.push(Spending { member: place, points, on: SPENT_ON[dice.place(SPENT_ON.len())] });
        }
        history.people.push((person, joined));
        history.purchases.extend(purchases);
    }

    /// About one purchase in seventeen is made by nobody known.
    fn guests(&self, days: &Days<'_>, history: &mut History) {
        let mut dice = Dice::of(self.seed, GUESTS);
        for _ in 0..history.purchases.len() / 16 {
            let day = u32::try_from(dice.below(u64::from(self.days))).unwrap_or(0);
            let second = u32::try_from(dice.between(11 * 3_600, 22 * 3_600 - 1)).unwrap_or(0);
            let store = dice.weighted(&shelf::STORE_SIZES);
            let visit = Visit { day, channel: usize::from(dice.chance(120)), second };
            history.purchases.extend(purchase(&mut dice, days, &visit, None, store, None));
        }
    }
}

/// The calendar of a history.
struct Days<'a> {
    first: Date,
    end: Timestamp,
    zone: &'a TimeZone,
    lived: bool,
}

impl Days<'_> {
    fn moment(&self, day: u32, second: u32) -> Timestamp {
        let time = Time::midnight().wrapping_add(jiff::Span::new().seconds(i64::from(second)));
        let zoned = date_of(self.first, day).to_datetime(time).to_zoned(self.zone.clone());
        zoned.map_or(self.end, |zoned| zoned.timestamp())
    }

    /// So many days and seconds later; none beyond the end.
    fn later(&self, moment: Timestamp, days: u64, seconds: u64) -> Option<Timestamp> {
        let seconds = i64::try_from(days * 86_400 + seconds).ok()?;
        let later = moment.checked_add(jiff::Span::new().seconds(seconds)).ok()?;
        (later < self.end).then_some(later)
    }
}

fn purchase(
    dice: &mut Dice,
    days: &Days<'_>,
    visit: &Visit,
    buyer: Option<u32>,
    store: usize,
    habit: Option<&Habit>,
) -> Option<Purchase> {
    let moment = days.moment(visit.day, visit.second);
    let lines = basket(dice, habit);
    let fate = fate(dice, days, moment, visit.channel, lines.len());
    let payment = *dice.pick(match visit.channel {
        0 => &["cash", "card", "card", "line-pay"],
        _ => &["card", "card", "line-pay", "transfer"],
    });
    (moment < days.end).then_some(Purchase { moment, buyer, channel: visit.channel, store, lines, payment, fate })
}

fn basket(dice: &mut Dice, habit: Option<&Habit>) -> Vec<Bought> {
    let most = habit.map_or(2, |habit| habit.most_lines);
    let mut count = dice.between(1, most);
    if habit.is_some_and(|habit| habit.often == Often::Heavy) {
        count = count.max(dice.between(1, 3));
    }
    let member_day = habit.is_some() && dice.chance(120);
    let mut lines: Vec<Bought> = Vec::new();
    for _ in 0..count {
        let category = match habit {
            Some(habit) if dice.chance(450) => habit.taste,
            _ => dice.weighted(&shelf::DEMAND),
        };
        let thing = *dice.pick(&shelf::in_category(category));
        if lines.iter().any(|line| line.thing == thing) {
            continue;
        }
        let quantity = if THINGS[thing].price < 700 && dice.chance(220) { 2 } else { 1 };
        let discount = if member_day { THINGS[thing].price * quantity / 10 } else { 0 };
        lines.push(Bought { thing, quantity, discount });
    }
    lines
}

fn fate(dice: &mut Dice, days: &Days<'_>, moment: Timestamp, channel: usize, lines: usize) -> Fate {
    let after = dice.between(1, 6);
    let seconds = dice.below(6 * 3_600);
    let returned = dice.chance(if channel == 0 { 30 } else { 44 });
    let whole = dice.chance(450);
    let one = dice.place(lines);
    let cancelled = channel != 0 && dice.chance(35);
    let uncollected = dice.chance(400);
    let Some(later) = days.later(moment, after, seconds) else { return Fate::Kept };
    // What is cancelled is told as it happens: a history that is told at its end has some in its last weeks only.
    if cancelled && (days.lived || days.later(moment, 45, 0).is_none()) {
        return Fate::Cancelled(later, uncollected);
    }
    if !returned {
        return Fate::Kept;
    }
    Fate::Returned(later, if whole { (0..lines).collect() } else { vec![one] })
}

/// The touchpoint an order names.
pub fn touchpoint(channel: usize, store: usize) -> &'static str {
    match channel {
        0 => STORES[store],
        1 => "官網",
        2 => "iOS/Android",
        _ => "LINE 官方帳號",
    }
}

#[cfg(test)]
mod tests;
