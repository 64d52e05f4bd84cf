//! How people shop: a few often, many now and then, some once; more in November, less after New Year; some stop.

use jiff::civil::{Date, Weekday};

use super::dice::Dice;
use super::people::Person;
use super::shelf;

/// How often somebody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Often {
    /// Every week or so.
    Heavy,
    /// Every month or so.
    Regular,
    /// A few times a year.
    Light,
    /// Once or twice, ever.
    Once,
}

/// In a thousand.
const OFTEN: [(Often, u32); 4] = [(Often::Heavy, 75), (Often::Regular, 265), (Often::Light, 420), (Often::Once, 240)];

/// Of a hundred visits somebody thinks of, so many happen, month by month.
const SEASON: [u64; 12] = [80, 64, 68, 68, 82, 72, 68, 72, 75, 80, 100, 94];

/// Somebody's way of shopping.
#[derive(Clone, Debug)]
pub struct Habit {
    /// How often.
    pub often: Often,
    /// Days between two visits on average.
    gap_days: u64,
    /// Weights of the channels.
    channels: [u32; 4],
    /// The category they like best.
    pub taste: usize,
    /// More lines than this they never buy at once.
    pub most_lines: u64,
    /// The day after which they come no more.
    last_day: u32,
}

/// One visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Counted from the first day of the history.
    pub day: u32,
    /// Place of the channel.
    pub channel: usize,
    /// Seconds since midnight.
    pub second: u32,
}

impl Habit {
    /// The habit of a person.
    pub fn of(dice: &mut Dice, person: &Person, of_the_tour: bool, days: u32) -> Self {
        let weights = OFTEN.map(|(_, weight)| weight);
        let often = if of_the_tour { Often::Regular } else { OFTEN[dice.weighted(&weights)].0 };
        let gap_days = match often {
            Often::Heavy => dice.between(6, 12),
            Often::Regular if of_the_tour => 16,
            Often::Regular => dice.between(15, 35),
            Often::Light => dice.between(45, 140),
            Often::Once => dice.between(200, 400),
        };
        let channels = match (person.at_store, dice.below(3)) {
            (true, 0) => [90, 4, 2, 4],
            (true, _) => [60, 15, 12, 13],
            (false, 0) => [5, 80, 10, 5],
            (false, _) => [15, 40, 30, 15],
        };
        let stops = !of_the_tour && dice.chance(280);
        let stays = if stops { dice.between(60, 500) } else { u64::from(days) };
        Self {
            often,
            gap_days,
            channels,
            taste: dice.weighted(&shelf::DEMAND),
            most_lines: if often == Often::Heavy || of_the_tour { 4 } else { dice.between(1, 4) },
            last_day: person.joined_day.saturating_add(u32::try_from(stays).unwrap_or(days)).min(days - 1),
        }
    }

    /// Every visit from the day they joined.
    pub fn visits(&self, dice: &mut Dice, joined_day: u32, first: Date) -> Vec<Visit> {
        let most = if self.often == Often::Once { usize::from(dice.chance(250)) + 1 } else { usize::MAX };
        let mut visits = Vec::new();
        let mut day = joined_day;
        while day <= self.last_day && visits.len() < most {
            let channel = dice.weighted(&self.channels);
            let date = date_of(first, day);
            let wanted = SEASON[usize::try_from(date.month() - 1).unwrap_or(0)];
            // The first purchase is how most of them came to join.
            if visits.is_empty() || dice.below(100) < wanted {
                let day = if channel == 0 { weekend(dice, date, day).min(self.last_day) } else { day };
                visits.push(Visit { day, channel, second: second(dice, channel) });
            }
            day = day.saturating_add(u32::try_from(dice.wait(self.gap_days)).unwrap_or(u32::MAX));
        }
        visits
    }
}

/// The date of a day of the history.
pub fn date_of(first: Date, day: u32) -> Date {
    first.checked_add(jiff::Span::new().days(i64::from(day))).unwrap_or(first)
}

/// Stores are fuller on Saturdays and Sundays.
fn weekend(dice: &mut Dice, date: Date, day: u32) -> u32 {
    let until_saturday = match date.weekday() {
        Weekday::Saturday | Weekday::Sunday => return day,
        weekday => 5_i8.saturating_sub(weekday.to_monday_zero_offset()),
    };
    let shift = if dice.chance(350) { u32::try_from(until_saturday).unwrap_or(0) } else { 0 };
    day + shift
}

fn second(dice: &mut Dice, channel: usize) -> u32 {
    const STORE_HOURS: [u32; 11] = [4, 9, 10, 8, 8, 9, 10, 12, 13, 11, 6];
    const HOME_HOURS: [u32; 16] = [2, 3, 4, 4, 8, 6, 4, 4, 5, 6, 6, 8, 12, 16, 14, 6];
    let hour = if channel == 0 { 11 + dice.weighted(&STORE_HOURS) } else { 8 + dice.weighted(&HOME_HOURS) };
    u32::try_from(hour).unwrap_or(12) * 3_600 + u32::try_from(dice.below(3_600)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> Date {
        Date::constant(2024, 11, 21)
    }

    fn all_visits() -> Vec<(Often, Vec<Visit>)> {
        let shopping = |place: u32| {
            let person = Person::of(1, place, 730);
            let mut dice = Dice::of(1, u64::from(place) * 2 + 1);
            let habit = Habit::of(&mut dice, &person, place == 0, 730);
            let visits = habit.visits(&mut dice, person.joined_day, first());
            assert!(visits.iter().all(|visit| (person.joined_day..730).contains(&visit.day)));
            (habit.often, visits)
        };
        (0..2_000).map(shopping).collect()
    }

    #[test]
    fn a_few_come_often_and_many_now_and_then() {
        let all = all_visits();
        let sum: usize = all.iter().map(|(_, visits)| visits.len()).sum();
        assert!((15_000..25_000).contains(&sum), "{sum}");
        let mut each: Vec<usize> = all.iter().map(|(_, visits)| visits.len()).collect();
        each.sort_unstable();
        let best: usize = each[1_600..].iter().sum();
        let share = best * 100 / sum;
        assert!((60..85).contains(&share), "the best fifth makes {share} % of all visits");
        assert!(each[0] >= 1 && each[600] <= 3);
    }

    #[test]
    fn november_is_the_fullest_month() {
        let mut months = [0_u32; 12];
        for visit in all_visits().into_iter().flat_map(|(_, visits)| visits) {
            months[usize::try_from(date_of(first(), visit.day).month() - 1).expect("1 to 12")] += 1;
        }
        let most = months.iter().max().copied();
        assert_eq!(most, Some(months[10]), "{months:?}");
    }

    #[test]
    fn stores_are_open_when_people_are_in_them() {
        let visits = all_visits().into_iter().flat_map(|(_, visits)| visits).filter(|visit| visit.channel == 0);
        let hours: Vec<u32> = visits.map(|visit| visit.second / 3_600).collect();
        assert!(hours.iter().all(|hour| (11..22).contains(hour)));
    }
}
