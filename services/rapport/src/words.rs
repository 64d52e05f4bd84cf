//! Numbers, money and times as people write them: `541,909`, `NT$ 1,980`, `2011-12-09 12:50`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::{Currency, calendar};
use rust_decimal::Decimal;

/// A whole number with its thousands apart.
pub fn count(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = grouped(&number.unsigned_abs().to_string());
    if number < 0 { format!("-{digits}") } else { digits }
}

/// An exact amount as a file wrote it, with so many digits after the point at least.
pub fn exact(amount: Decimal, least_digits: u32) -> String {
    let text = amount.normalize().to_string();
    let (sign, bare) = text.strip_prefix('-').map_or(("", text.as_str()), |bare| ("-", bare));
    let (whole, fraction) = bare.split_once('.').unwrap_or((bare, ""));
    let width = usize::try_from(least_digits).unwrap_or(0);
    let point = if width == 0 && fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction:0<width$}", grouped(whole))
}

/// The same for programs: no commas.
pub fn plain(amount: Decimal, least_digits: u32) -> String {
    exact(amount, least_digits).replace(',', "")
}

/// One of something or many of it: `1 line`, `2,000 lines`.
pub fn counted(number: impl Into<i128>, one: &str, many: &str) -> String {
    let number = number.into();
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How one tenant writes: its zone, its currency and that currency's digits.
#[derive(Clone, Debug)]
pub struct Words {
    zone: TimeZone,
    currency: String,
    minor_digits: u32,
}

impl Words {
    /// As a tenant's settings say.
    pub fn new(zone: TimeZone, currency: &str, minor_digits: u32) -> Self {
        Self { zone, currency: currency.to_owned(), minor_digits }
    }

    /// The zone in which times are shown.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The tenant's own currency.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// Digits after the point of a currency: the tenant's setting for its own, else the usual ones.
    pub fn digits(&self, currency: &str) -> u32 {
        if currency == self.currency || currency.is_empty() {
            return self.minor_digits;
        }
        Currency::parse(currency).map_or(2, Currency::usual_minor_digits)
    }

    /// An amount with its sign of money: `NT$ 1,980`, `£ 12.50`, `-CHF 3.00`.
    pub fn money(&self, minor: i64, currency: &str) -> String {
        let currency = if currency.is_empty() { self.currency.as_str() } else { currency };
        let mark = match currency {
            "TWD" => "NT$",
            "GBP" => "£",
            "EUR" => "€",
            "USD" => "US$",
            other => other,
        };
        let amount = self.amount(minor, currency);
        match amount.strip_prefix('-') {
            Some(bare) => format!("-{mark} {bare}"),
            None => format!("{mark} {amount}"),
        }
    }

    /// The bare amount: `1,980`, `-12.50`.
    pub fn amount(&self, minor: i64, currency: &str) -> String {
        let digits = self.digits(currency);
        let amount = Decimal::try_from_i128_with_scale(i128::from(minor), digits);
        amount.map_or_else(|_| count(minor), |amount| exact(amount, digits))
    }

    /// The day an instant belongs to: `2011-12-09`.
    pub fn day(&self, moment: Timestamp) -> String {
        calendar::day_of(moment, &self.zone).to_string()
    }

    /// Day and time of the clock on the wall: `2011-12-09 12:50`.
    pub fn time(&self, moment: Timestamp) -> String {
        moment.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The last day before an instant that ends a day: `31 Dec 2026`.
    pub fn until(&self, end: Timestamp) -> String {
        long_day(self.day_ended_by(end))
    }

    fn day_ended_by(&self, end: Timestamp) -> Date {
        let end_day = calendar::day_of(end, &self.zone);
        let starts_a_day = calendar::start_of(end_day, &self.zone).is_ok_and(|start| start == end);
        if starts_a_day { end_day.yesterday().unwrap_or(end_day) } else { end_day }
    }

    /// The same, `31 Dec`, with the year where it is another than `now`'s.
    pub fn last_day_before(&self, end: Timestamp, now: Timestamp) -> String {
        let last = self.day_ended_by(end);
        if last.year() == calendar::day_of(now, &self.zone).year() { short_day(last) } else { long_day(last) }
    }
}

fn short_day(day: Date) -> String {
    day.strftime("%-d %b").to_string()
}

fn long_day(day: Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

/// The English name of a month, 1 to 12.
pub fn month_name(month: i32) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    usize::try_from(month - 1).ok().and_then(|place| NAMES.get(place)).copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(zone: &str, currency: &str, digits: u32) -> Words {
        Words::new(calendar::zone(zone).expect("known"), currency, digits)
    }

    #[test]
    fn thousands_stand_apart() {
        let table = [(0, "0"), (999, "999"), (1_000, "1,000"), (541_909, "541,909"), (-1_234_567, "-1,234,567")];
        for (number, text) in table {
            assert_eq!(count(number), text);
        }
        assert_eq!(counted(1, "line", "lines"), "1 line");
        assert_eq!(counted(2_000, "line", "lines"), "2,000 lines");
    }

    #[test]
    fn exact_amounts_keep_their_digits() {
        let exactly = |text: &str, digits| exact(text.parse().expect("a decimal"), digits);
        assert_eq!(exactly("9747747.934", 3), "9,747,747.934");
        assert_eq!(exactly("8911407.9", 3), "8,911,407.900");
        assert_eq!(exactly("-285470.400", 3), "-285,470.400");
        assert_eq!(exactly("0.0010", 0), "0.001");
        assert_eq!(exactly("12", 0), "12");
    }

    #[test]
    fn money_is_written_with_the_tenants_digits() {
        let taipei = words("Asia/Taipei", "TWD", 0);
        assert_eq!(taipei.money(1_980, "TWD"), "NT$ 1,980");
        assert_eq!(taipei.money(-5, ""), "-NT$ 5");
        assert_eq!(taipei.money(1_250, "GBP"), "£ 12.50");
        assert_eq!(words("Asia/Taipei", "TWD", 2).money(198_000, "TWD"), "NT$ 1,980.00");
        assert_eq!(taipei.money(300, "CHF"), "CHF 3.00");
    }

    #[test]
    fn points_lapse_after_the_last_day_they_are_good_for() {
        let taipei = words("Asia/Taipei", "TWD", 0);
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        assert_eq!(taipei.last_day_before(at("2026-12-31T16:00:00Z"), at("2026-11-01T00:00:00Z")), "31 Dec");
        assert_eq!(taipei.last_day_before(at("2027-12-31T16:00:00Z"), at("2026-11-01T00:00:00Z")), "31 Dec 2027");
        assert_eq!(taipei.last_day_before(at("2026-12-31T16:00:01Z"), at("2027-11-01T00:00:00Z")), "1 Jan");
        assert_eq!(taipei.time(at("2026-12-31T16:00:00Z")), "2027-01-01 00:00");
    }
}
