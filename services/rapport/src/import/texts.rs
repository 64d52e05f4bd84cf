//! Texts that come again and again, kept once.

use std::collections::HashMap;
use std::sync::Arc;

/// A text that is kept; the default is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(u32);

impl Text {
    /// True for the empty text.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The text itself.
    pub fn of(self, texts: &[Arc<str>]) -> &str {
        &texts[self.0 as usize]
    }
}

/// Keeps texts.
#[derive(Debug)]
pub struct Texts {
    texts: Vec<Arc<str>>,
    places: HashMap<Arc<str>, Text>,
}

impl Default for Texts {
    fn default() -> Self {
        let empty: Arc<str> = Arc::from("");
        Self { texts: vec![Arc::clone(&empty)], places: HashMap::from([(empty, Text(0))]) }
    }
}

impl Texts {
    /// Keeps a text, once.
    pub fn keep(&mut self, text: &str) -> Text {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = Text(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        let text: Arc<str> = Arc::from(text);
        self.texts.push(Arc::clone(&text));
        self.places.insert(text, place);
        place
    }

    /// The texts by their places; the way back is let go.
    pub fn finish(self) -> Vec<Arc<str>> {
        self.texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once() {
        let mut texts = Texts::default();
        let (one, other, again) = (texts.keep("85123A"), texts.keep("71053"), texts.keep("85123A"));
        assert_eq!((one == again, one == other, texts.keep("")), (true, false, Text::default()));
        let texts = texts.finish();
        assert_eq!((one.of(&texts), Text::default().of(&texts), texts.len()), ("85123A", "", 3));
    }
}
