//! Pages of a list: keyset only, with a token bound to what selects and orders the list.

use prost::Message as _;
use proto::common::v1::PageMarks;

use crate::{Keys, Violations};

/// Where the last page ended: the sort key of its last row, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageToken(pub Vec<String>);

impl PageToken {
    /// The token as a caller carries it. `selection` is everything that selects and orders the list.
    pub fn seal(&self, keys: &Keys, selection: &[&str]) -> String {
        let marks = PageMarks { selection: selection_digest(keys, selection), after: self.0.clone() };
        keys.seal("page", &marks.encode_to_vec())
    }

    /// Reads a token; an empty one is the first page.
    pub fn open(bad: &mut Violations, keys: &Keys, text: &str, selection: &[&str]) -> Option<Option<Self>> {
        if text.is_empty() {
            return Some(None);
        }
        let marks = keys.unseal("page", text).and_then(|content| PageMarks::decode(content.as_slice()).ok());
        match marks {
            Some(marks) if marks.selection == selection_digest(keys, selection) => Some(Some(Self(marks.after))),
            Some(_) => {
                bad.add("page_token", "belongs to a list with another filter or order");
                None
            }
            None => {
                bad.add("page_token", "must be the next_page_token of an earlier answer");
                None
            }
        }
    }
}

/// How many rows a page has: 100 unless asked for, at most 1,000.
pub fn page_size(bad: &mut Violations, asked: i32) -> i64 {
    match asked {
        0 => 100,
        asked => bad.number("page_size", i64::from(asked), 0..=i64::from(i32::MAX)).unwrap_or(100).min(1_000),
    }
}

fn selection_digest(keys: &Keys, selection: &[&str]) -> Vec<u8> {
    let parts: Vec<&[u8]> = selection.iter().map(|part| part.as_bytes()).collect();
    keys.digest("page selection", &parts)[..8].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_belongs_to_its_list() {
        let keys = Keys::new(b"a secret");
        let token = PageToken(vec!["2011".to_owned()]).seal(&keys, &["entries", "member_1"]);
        let mut bad = Violations::new();
        let read = PageToken::open(&mut bad, &keys, &token, &["entries", "member_1"]);
        assert_eq!(read, Some(Some(PageToken(vec!["2011".to_owned()]))));
        assert_eq!(PageToken::open(&mut bad, &keys, &token, &["entries", "member_2"]), None);
        assert_eq!(PageToken::open(&mut bad, &keys, "made up", &["entries"]), None);
        assert!(!bad.is_empty());
    }
}
