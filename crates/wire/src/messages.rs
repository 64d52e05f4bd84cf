//! What a refusal says to the person in front of the screen, in the language they asked for.
//!
//! One table holds a sentence for every reason and language; the facts of the refusal fill it in.

use std::collections::HashMap;
use std::sync::OnceLock;

const TABLE: &str = include_str!("../messages/reasons.tsv");

/// A language refusals are told in.
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

/// The sentence for a reason, filled in with the facts of a refusal; none for a reason nobody knows.
pub fn sentence(reason: &str, language: Language, facts: &HashMap<String, String>) -> Option<String> {
    let mut text = (*sentences().get(&(reason, language))?).to_owned();
    for (name, value) in facts {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    // A fact that a refusal does not carry leaves no brace behind.
    Some(text.chars().filter(|c| !['{', '}'].contains(c)).collect())
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

    #[test]
    fn every_reason_of_the_contract_speaks_every_language() {
        let files = FileDescriptorSet::decode(proto::FILE_DESCRIPTOR_SET).expect("the build has made it");
        let reasons = files.file.iter().flat_map(|file| &file.enum_type).filter(|one| one.name() == "ErrorReason");
        let mut count = 0;
        for value in reasons.flat_map(|one| &one.value).filter(|value| value.number() != 0) {
            let reason = value.name().trim_start_matches("ERROR_REASON_");
            for language in Language::ALL {
                assert!(sentence(reason, language, &HashMap::new()).is_some(), "{reason} in {}", language.tag());
            }
            count += 1;
        }
        assert_eq!(count * Language::ALL.len(), sentences().len(), "no sentence without a reason");
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
