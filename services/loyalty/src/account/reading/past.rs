//! What a balance was: the entries that were written, less what had lapsed and was not written yet.

use std::collections::HashMap;

use kernel::LotId;

use crate::account::holdings::Draw;

/// An entry as a past balance needs it.
pub(super) struct PastEntry {
    pub points: i64,
    pub draws: Vec<Draw>,
}

/// The balance after these entries, when these lots had lapsed.
///
/// What the entries left in a lot is gone with its lapse, but for what is held of it; where the lapse is among them, nothing
/// else is left.
pub(super) fn balance(entries: &[PastEntry], lapsed: &HashMap<LotId, i64>) -> i64 {
    let mut left: HashMap<LotId, i64> = HashMap::new();
    for draw in entries.iter().flat_map(|entry| &entry.draws).filter(|draw| lapsed.contains_key(&draw.lot)) {
        let lot = left.entry(draw.lot).or_default();
        *lot = lot.saturating_add(draw.points);
    }
    let sum = entries.iter().fold(0_i64, |sum, entry| sum.saturating_add(entry.points));
    let gone = left.into_iter().map(|(lot, left)| left.saturating_sub(lapsed.get(&lot).copied().unwrap_or_default()));
    gone.filter(|gone| *gone > 0).fold(sum, i64::saturating_sub)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_had_lapsed_is_gone_whether_or_not_that_is_written() {
        let (first, second) = (LotId::from(Uuid::from_u128(1)), LotId::from(Uuid::from_u128(2)));
        let entry = |lot, points| PastEntry { points, draws: vec![Draw { lot, points }] };
        let unwritten = [entry(first, 50), entry(second, 30), entry(first, -20)];
        assert_eq!(balance(&unwritten, &HashMap::new()), 60);
        assert_eq!(balance(&unwritten, &HashMap::from([(first, 0)])), 30);
        let written = [entry(first, 50), entry(second, 30), entry(first, -20), entry(first, -30)];
        assert_eq!(balance(&written, &HashMap::from([(first, 0)])), 30);
        // A hold keeps some of it.
        assert_eq!(balance(&unwritten, &HashMap::from([(first, 20)])), 50);
        // What fills a deficit first is in no lot.
        let owing = [PastEntry { points: -10, draws: Vec::new() }, PastEntry { points: 25, ..entry(first, 15) }];
        assert_eq!(balance(&owing, &HashMap::from([(first, 0)])), 0);
    }
}
