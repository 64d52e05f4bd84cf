//! What members bring along, in the walk and in its model.

use jiff::SignedDuration;

use super::{Model, Walk};
use crate::account::opening::{Opening, open};

impl Model {
    /// Points that wait are taken first; what is not there is owed, whatever the programme says of owing.
    fn owe(&mut self, points: i64) {
        self.waiting.sort_unstable_by_key(|(_, point)| *point);
        self.points.sort_unstable();
        for _ in 0..points {
            if !self.waiting.is_empty() {
                self.waiting.remove(0);
            } else if self.points.is_empty() {
                self.owed += 1;
            } else {
                self.points.remove(0);
            }
        }
    }
}

impl Walk {
    pub(super) fn bring(&mut self, points: i64, wait: i64, days: i64) {
        let hours = |days: i64| SignedDuration::from_hours(24 * days);
        let (earned_at, usable) = (self.now - hours(500), self.now + hours(wait));
        let lapses = usable + hours(days);
        self.opened(points, (usable, lapses));
        for _ in 0..points {
            let point = (lapses, earned_at, None);
            match usable {
                usable if usable > self.now && self.model.owed == 0 => self.model.waiting.push((usable, point)),
                _now => self.model.add(point),
            }
        }
    }

    pub(super) fn owe(&mut self, points: i64) {
        self.opened(-points, (self.now, self.now));
        self.model.owe(points);
    }

    fn opened(&mut self, points: i64, (usable, lapses): (jiff::Timestamp, jiff::Timestamp)) {
        let terms = self.versions.at(self.now).expect("a programme").clone();
        let lot = points > 0;
        let opening = Opening {
            reference: format!("L-{}", self.holdings.openings.len()),
            points,
            earned_at: self.now - SignedDuration::from_hours(24 * 500),
            usable_from: lot.then_some(usable),
            lapses_at: lot.then_some(lapses),
        };
        open(&mut self.holdings, &self.versions, &terms, (&opening, "old card"), self.now).expect("in range");
    }
}
