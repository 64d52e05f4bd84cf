//! What a refusal or a decision says to the person in front of the screen, in the language they asked for.
//!
//! One table holds a sentence for every reason and language; the facts of the refusal or the decision fill it in.

use std::collections::HashMap;
use std::sync::OnceLock;

use proto::common::v1::LocalizedMessage;
use tonic::Extensions;

const TABLE: &str = include_str!("../messages/reasons.tsv");

/// A language refusals and decisions are told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Traditional Chinese as in Taiwan.
    ZhTw,
    /// Simplified Chinese.
    ZhCn,
    /// English.
    En,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ZhTw, Self::ZhCn, Self::En];

    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::ZhTw => "zh-TW",
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }

    /// What the caller of a request wants to be spoken to in, as the door read it from the headers; English where the
    /// request came by no door.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self::En)
    }

    /// The first language of an `accept-language` header that is spoken here, by its weights; English otherwise.
    pub fn accepted(header: &str) -> Self {
        let mut wanted: Vec<(u32, Self)> = header.split(',').filter_map(weighted).collect();
        // Equal weights keep their order in the header.
        wanted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        wanted.first().map_or(Self::En, |(_, language)| *language)
    }

    fn named(tag: &str) -> Option<Self> {
        let tag = tag.to_ascii_lowercase();
        let simplified = ["zh-cn", "zh-sg", "zh-hans"].iter().any(|known| tag.starts_with(known));
        match tag.split('-').next() {
            Some("zh") if simplified => Some(Self::ZhCn),
            Some("zh") => Some(Self::ZhTw),
            Some("en") => Some(Self::En),
            Some(_) | None => None,
        }
    }
}

/// One item of the header, its weight in thousandths; a weight of nothing refuses the language.
fn weighted(item: &str) -> Option<(u32, Language)> {
    let mut parts = item.trim().split(';');
    let language = Language::named(parts.next()?.trim())?;
    let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Some(1_000), thousandths)?;
    (weight > 0).then_some((weight, language))
}

fn thousandths(text: &str) -> Option<u32> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let rest: u32 = format!("{rest:0<3}").get(..3)?.parse().ok()?;
    Some((whole.parse::<u32>().ok()? * 1_000 + rest).min(1_000))
}

/// The sentence for a reason, filled in with facts; none for a reason nobody knows.
pub fn sentence(reason: &str, language: Language, facts: &HashMap<String, String>) -> Option<String> {
    let mut rest = *sentences().get(&(reason, language))?;
    let mut text = String::with_capacity(2 * rest.len());
    // One walk from left to right: what a fact says is never read as a place to fill in.
    while let Some((before, name, after)) = next_place(rest) {
        text.push_str(before);
        text.push_str(facts.get(name).map_or("", String::as_str));
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

/// The same as callers get it in an answer.
pub fn localized<'a>(
    reason: &str,
    language: Language,
    facts: impl IntoIterator<Item = (&'a str, String)>,
) -> Option<LocalizedMessage> {
    let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Some(LocalizedMessage { locale: language.tag().to_owned(), message: sentence(reason, language, &facts)? })
}

/// What stands before the next place to fill in, the name of its fact, and what stands after it.
fn next_place(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

fn sentences() -> &'static HashMap<(&'static str, Language), &'static str> {
    static SENTENCES: OnceLock<HashMap<(&'static str, Language), &'static str>> = OnceLock::new();
    SENTENCES.get_or_init(|| {
        let mut all = HashMap::new();
        for row in TABLE.lines() {
            let cells: Vec<&'static str> = row.split('\t').collect();
            let Some((reason, told)) = cells.split_first() else { continue };
            for pair in told.chunks_exact(2) {
                if let Some(language) = Language::named(pair[0]) {
                    all.insert((*reason, language), pair[1]);
                }
            }
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::*;

    /// Refusals and decisions, what stands in the way of a coupon, a reward or a benefit, and what whoever puts something is
    /// warned of.
    const WORDED: [&str; 8] = [
        "ErrorReason",
        "DecisionReason",
        "CouponObstacleKind",
        "RewardObstacleKind",
        "BenefitObstacleKind",
        "FairnessIssue",
        "BenefitIssue",
        "PlanningWarningKind",
    ];

    /// All of their reasons, as the table names them.
    fn reasons() -> Vec<String> {
        let files = FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).expect("the build has made it");
        let known = files.file.iter().flat_map(|file| &file.enum_type);
        let known = known.filter(|one| WORDED.contains(&one.name()));
        let values = known.flat_map(|one| &one.value).filter(|value| value.number() != 0);
        values.map(|value| value.name().trim_start_matches("ERROR_REASON_").to_owned()).collect()
    }

    #[test]
    fn every_reason_of_the_contract_speaks_every_language() {
        let reasons = reasons();
        assert!(reasons.iter().any(|reason| reason == "DECISION_REASON_EARN"), "decisions are among them");
        for reason in &reasons {
            for language in Language::ALL {
                let told = sentence(reason, language, &HashMap::new());
                assert!(told.is_some_and(|told| !told.is_empty()), "{reason} in {}", language.tag());
            }
        }
        assert_eq!(reasons.len() * Language::ALL.len(), sentences().len(), "no sentence without a reason");
    }

    #[test]
    fn a_reason_names_the_same_facts_in_every_language() {
        for reason in reasons() {
            let named = |language| {
                let mut rest = sentences()[&(reason.as_str(), language)];
                let mut names = std::collections::BTreeSet::new();
                while let Some((_, name, after)) = next_place(rest) {
                    names.insert(name);
                    rest = after;
                }
                names
            };
            for language in Language::ALL {
                assert_eq!(named(language), named(Language::En), "{reason} in {}", language.tag());
            }
        }
    }

    #[test]
    fn what_a_fact_says_is_no_place_to_fill_in() {
        let facts = [("points", "5"), ("why", "{points} for {nothing}")];
        let told = localized(
            "DECISION_REASON_ADDED_BY_HAND",
            Language::En,
            facts.map(|(name, value)| (name, value.to_owned())),
        );
        let told = told.expect("the reason is known");
        assert_eq!(
            (told.locale.as_str(), told.message.as_str()),
            ("en", "5 points added by hand: {points} for {nothing}.")
        );
        let empty = sentence("DECISION_REASON_LAPSE", Language::En, &HashMap::new());
        assert_eq!(empty.as_deref(), Some(" points lapsed: they were not spent by their last day."));
    }

    #[test]
    fn facts_fill_the_sentence() {
        let facts = [("asked", "5000"), ("spendable", "984"), ("short_by", "4016")];
        let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let told = sentence("INSUFFICIENT_POINTS", Language::ZhTw, &facts);
        assert_eq!(told.as_deref(), Some("要使用 5000 點,可用 984 點,還差 4016 點。"));
        assert_eq!(sentence("NO_SUCH_REASON", Language::En, &facts), None);
    }

    #[test]
    fn the_best_accepted_language_is_spoken() {
        let table = [
            ("zh-TW", Language::ZhTw),
            ("zh", Language::ZhTw),
            ("zh-Hans-CN, en;q=0.5", Language::ZhCn),
            ("fr, en;q=0.3, zh-TW;q=0.8", Language::ZhTw),
            ("zh-TW;q=0, en;q=0.1", Language::En),
            ("", Language::En),
            ("*", Language::En),
            ("zh-TW;q=nonsense", Language::En),
        ];
        for (header, language) in table {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }
}
