//! Times of many calls, and what is told of them.

use std::time::Duration;

/// How long something took, each time.
#[derive(Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// How many there were.
    pub fn many(&self) -> usize {
        self.0.len()
    }

    /// Prints the name, how many there were, and the milliseconds within which half of them and 99 in a hundred were over.
    pub fn tell(mut self, name: &str) {
        self.0.sort_unstable();
        println!("{name} {} {:.3} {:.3}", self.0.len(), self.within(50), self.within(99));
    }

    /// The milliseconds within which so many in a hundred were over; only once they are in order.
    pub fn within(&self, percent: usize) -> f64 {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(place).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_nearly_all_are_counted_by_their_rank() {
        let times = Times((1..=200).map(Duration::from_millis).collect());
        assert!((times.within(50) - 100.0).abs() < 1e-9 && (times.within(99) - 198.0).abs() < 1e-9);
        assert!(Times::default().within(99).abs() < 1e-9);
    }
}
