//! Tokens seen and found good, until they expire: a signature costs more than a hot read.
//!
//! The whole token is the key, so nothing is believed that was not verified to the last character.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use wire::Caller;

const MOST: usize = 8_192;

#[derive(Debug, Default)]
pub(super) struct Remembered {
    good: RwLock<HashMap<Box<str>, (Caller, u64)>>,
}

impl Remembered {
    pub(super) fn find(&self, token: &str, now: u64) -> Option<Caller> {
        let good = self.good.read().unwrap_or_else(PoisonError::into_inner);
        good.get(token).filter(|(_, until)| now <= *until).map(|(caller, _)| caller.clone())
    }

    pub(super) fn keep(&self, token: &str, caller: Caller, until: u64, now: u64) {
        let mut good = self.good.write().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= MOST {
            good.retain(|_, (_, until)| *until >= now);
        }
        if good.len() >= MOST {
            good.clear();
        }
        good.insert(token.into(), (caller, until));
    }
}
