//! What somebody may have meant by a name that is not there.

/// Longer names are not compared: the work grows with the product of the lengths.
const LONGEST: usize = 64;

/// The name that is spelled most like this one; the first of equals. None where a third of the letters would have to
/// change.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    if name.len() > LONGEST {
        return None;
    }
    let most = name.chars().count().div_ceil(3).max(1);
    let near = names.map(|other| (distance(name, other), other)).min_by_key(|(distance, _)| *distance)?;
    (near.0 <= most).then(|| near.1.to_owned())
}

/// Letters to put in, take out or change, until one is the other. Capitals count as small letters.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut corner = line;
        let mut left = line.saturating_add(1);
        let mut next = vec![left];
        for (above, wanted) in row.iter().skip(1).zip(&other) {
            let changed = corner.saturating_add(usize::from(!letter.eq_ignore_ascii_case(wanted)));
            left = changed.min(left.saturating_add(1)).min(above.saturating_add(1));
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
