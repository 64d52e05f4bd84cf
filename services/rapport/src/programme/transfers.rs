//! Whether members may pass points on, as people read it out.

use super::terms::Transfers;
use crate::words;

/// What may go, what it costs, and how much at most.
pub(super) fn described(what: &str, policy: &Transfers) -> String {
    let mut text = format!("members may pass {what} on to anybody");
    let share = i64::from(policy.fee_basis_points);
    let (whole, rest) = (share.div_euclid(100), share.rem_euclid(100));
    let percent = if rest == 0 { format!("{whole} %") } else { format!("{whole}.{rest:02} %") };
    let fee = match (policy.fee_points, share) {
        (0, 0) => None,
        (points, 0) => Some(words::count(points)),
        (0, _) => Some(percent),
        (points, _) => Some(format!("{} and {percent}", words::count(points))),
    };
    text.extend(fee.map(|fee| format!(", for a fee of {fee}")));
    let limits = [
        (policy.least_points, "at least", "at once"),
        (policy.most_points, "at most", "at once"),
        (policy.most_points_day, "at most", "a day"),
        (policy.most_points_month, "at most", "a month"),
        (policy.most_points_year, "at most", "a year"),
    ];
    for (points, bound, when) in limits.into_iter().filter(|(points, ..)| *points > 0) {
        text.push_str(&format!(", {bound} {} {when}", words::count(points)));
    }
    if policy.least_days_left > 0 {
        let days = words::counted(policy.least_days_left, "day", "days");
        text.push_str(&format!(", if they keep {days} at least"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::terms::Allowed;
    use super::*;

    #[test]
    fn a_policy_is_one_sentence() {
        let policy = Transfers {
            allowed: Allowed::Anybody,
            fee_points: 2,
            fee_basis_points: 250,
            least_points: 0,
            most_points: 5_000,
            most_points_day: 0,
            most_points_month: 10_000,
            most_points_year: 0,
            least_days_left: 7,
        };
        let told = "members may pass points on to anybody, for a fee of 2 and 2.50 %, at most 5,000 at once, \
                    at most 10,000 a month, if they keep 7 days at least";
        assert_eq!(described("points", &policy), told);
    }
}
