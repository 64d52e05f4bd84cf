//! Who belongs to the demo shop: names as they are common in Taiwan, how each is known, when and where they joined.

use jiff::Timestamp;
use jiff::civil::Date;
use proto::registry::v1::{Consent, Identity, IdentityKind, NewMember};

use super::dice::Dice;
use super::shelf;

/// The provider whose user ids the shop's LINE account sees.
pub const LINE_PROVIDER: &str = "demo";
/// The first member is the one the tour looks at, found by this number.
pub const TOUR_PHONE: &str = "0912345678";

const SURNAMES: [(&str, u32); 40] = [
    ("陳", 111),
    ("林", 83),
    ("黃", 60),
    ("張", 53),
    ("李", 51),
    ("王", 41),
    ("吳", 40),
    ("劉", 32),
    ("蔡", 29),
    ("楊", 27),
    ("許", 23),
    ("鄭", 19),
    ("謝", 18),
    ("洪", 15),
    ("郭", 15),
    ("邱", 15),
    ("曾", 14),
    ("廖", 13),
    ("賴", 13),
    ("徐", 13),
    ("周", 12),
    ("葉", 12),
    ("蘇", 12),
    ("莊", 9),
    ("呂", 9),
    ("江", 9),
    ("何", 8),
    ("蕭", 8),
    ("羅", 8),
    ("高", 8),
    ("潘", 7),
    ("簡", 7),
    ("朱", 7),
    ("鍾", 7),
    ("彭", 6),
    ("游", 6),
    ("詹", 6),
    ("胡", 5),
    ("施", 5),
    ("沈", 5),
];
const HERS: [&str; 24] = [
    "淑芬", "淑惠", "美玲", "雅婷", "怡君", "佳穎", "欣怡", "雅雯", "詩涵", "宜蓁", "思妤", "品妤", "郁婷", "靜怡",
    "佩珊", "婉婷", "麗華", "秀英", "惠雯", "心怡", "子晴", "沛君", "玉婷", "曉薇",
];
const HIS: [&str; 24] = [
    "志明", "俊傑", "建宏", "家豪", "宗翰", "冠宇", "承恩", "宥廷", "柏翰", "彥廷", "信宏", "志豪", "文雄", "俊宏",
    "明哲", "育誠", "威廷", "哲瑋", "政勳", "國華", "品睿", "冠廷", "睿哲", "嘉偉",
];
const NICKS: [&str; 12] =
    ["sunny", "kiki", "mochi", "leo", "amber", "ocean", "taro", "coco", "eason", "vivi", "nana", "kevin"];

/// How the shop knows somebody, and how they shop.
#[derive(Clone, Debug)]
pub struct Person {
    /// As they write it.
    pub name: String,
    /// Mobile number.
    pub phone: String,
    /// Some have one.
    pub email: Option<String>,
    /// Some follow the shop on LINE.
    pub line: Option<String>,
    /// When they were born.
    pub birthday: Date,
    /// `女` or `男`.
    pub gender: &'static str,
    /// The day they joined, counted from the first day of the history.
    pub joined_day: u32,
    /// Place of the store near them.
    pub store: usize,
    /// Whether they joined at that store, or by themselves.
    pub at_store: bool,
    /// Whether they agree to be written to.
    pub agrees: bool,
}

impl Person {
    /// The person at a place in the list; the same for the same seed.
    pub fn of(seed: u64, place: u32, days: u32) -> Self {
        let mut dice = Dice::of(seed, u64::from(place) * 2);
        let woman = place == 0 || dice.chance(580);
        let weights: Vec<u32> = SURNAMES.iter().map(|(_, weight)| *weight).collect();
        let surname = SURNAMES[dice.weighted(&weights)].0;
        let given = *dice.pick(if woman { &HERS } else { &HIS });
        let name = if place == 0 { "王淑芬".to_owned() } else { format!("{surname}{given}") };
        let birthday = if place == 0 { Date::constant(1986, 11, 8) } else { birthday(&mut dice) };
        let email = dice.chance(560).then(|| {
            let nick = *dice.pick(&NICKS);
            format!("{nick}{:02}{:02}.{place}@example.com", birthday.month(), birthday.day())
        });
        let line = (dice.chance(610) || place == 0).then(|| format!("U{:016x}{:016x}", dice.any(), dice.any()));
        // The shop had members when the history begins; the others come bit by bit.
        let joined_day = if dice.chance(380) { dice.below(21) } else { dice.below(u64::from(days)) };
        Self {
            name,
            phone: phone(place),
            email,
            line,
            birthday,
            gender: if woman { "女" } else { "男" },
            joined_day: if place == 0 { 3 } else { u32::try_from(joined_day).unwrap_or(0) },
            store: if place == 0 { 0 } else { dice.weighted(&shelf::STORE_SIZES) },
            at_store: place == 0 || dice.chance(640),
            agrees: dice.chance(720),
        }
    }

    /// As the suite enrols them.
    pub fn member(&self, joined: Timestamp) -> NewMember {
        let identity = |kind: IdentityKind, issuer: &str, value: &str, verified| Identity {
            kind: kind.into(),
            issuer: issuer.to_owned(),
            value: value.to_owned(),
            verified,
        };
        let mut identities = vec![identity(IdentityKind::Phone, "", &self.phone, true)];
        identities.extend(self.email.as_deref().map(|email| identity(IdentityKind::Email, "", email, self.agrees)));
        identities.extend(self.line.as_deref().map(|line| identity(IdentityKind::Line, LINE_PROVIDER, line, true)));
        let source = if self.at_store { "till" } else { "web-form" };
        let consent = |purpose: &str, granted| Consent {
            purpose: purpose.to_owned(),
            granted,
            source: source.to_owned(),
            state_time: None,
        };
        NewMember {
            identities,
            name: self.name.clone(),
            birthday: Some(self.birthday.into()),
            gender: self.gender.to_owned(),
            language: "zh-TW".to_owned(),
            consents: vec![consent("sms.marketing", self.agrees), consent("profiling", true)],
            acquisition_source: source.to_owned(),
            touchpoint: if self.at_store { shelf::STORES[self.store].to_owned() } else { "官網".to_owned() },
            join_time: Some(proto::timestamp(joined)),
            ..Default::default()
        }
    }
}

fn birthday(dice: &mut Dice) -> Date {
    let year = i16::try_from(dice.between(1955, 2006)).unwrap_or(1980);
    let month = i8::try_from(dice.between(1, 12)).unwrap_or(1);
    let first = Date::new(year, month, 1).unwrap_or(Date::constant(1980, 1, 1));
    let day = dice.between(1, u64::from(first.days_in_month().unsigned_abs()));
    Date::new(year, month, i8::try_from(day).unwrap_or(1)).unwrap_or(first)
}

/// A mobile number of its own for each place; the step has no factor in common with 10^8, so none comes twice.
fn phone(place: u32) -> String {
    let digits = (12_345_678 + u64::from(place) * 61_803_399) % 100_000_000;
    format!("09{digits:08}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_first_member_is_the_one_of_the_tour() {
        let person = Person::of(1, 0, 730);
        assert_eq!((person.name.as_str(), person.phone.as_str()), ("王淑芬", TOUR_PHONE));
        assert_eq!(shelf::STORES[person.store], "台北信義店");
        assert_eq!(Person::of(2, 0, 730).name, person.name);
    }

    #[test]
    fn nobody_shares_a_name_the_suite_knows_them_by() {
        let people: Vec<Person> = (0..5_000).map(|place| Person::of(1, place, 730)).collect();
        let phones: BTreeSet<&str> = people.iter().map(|person| person.phone.as_str()).collect();
        let emails: Vec<&String> = people.iter().filter_map(|person| person.email.as_ref()).collect();
        let lines: Vec<&String> = people.iter().filter_map(|person| person.line.as_ref()).collect();
        assert_eq!(phones.len(), 5_000);
        assert_eq!(emails.iter().collect::<BTreeSet<_>>().len(), emails.len());
        assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len());
        assert!(phones.iter().all(|phone| phone.len() == 10 && phone.starts_with("09")));
        assert!(people.iter().all(|person| person.joined_day < 730));
    }

    #[test]
    fn a_person_is_the_same_every_time() {
        let told = |seed| format!("{:?}", Person::of(seed, 41, 730));
        assert_eq!(told(9), told(9));
        assert_ne!(told(9), told(10));
    }
}
