//! The terms of referral as people write them into a file, and as the wire carries them.

use jiff::Timestamp;
use proto::referrals::v1 as wire;
use serde::{Deserialize, Serialize};

/// What inviting brings, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// Which version these are; said by the suite, never asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// From when they rule; from now where not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_time: Option<Timestamp>,
    /// ISO 4217 of the orders that count.
    pub currency: String,
    /// The least an order must come to, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_order_minor: Option<i64>,
    /// Points for who invited.
    pub inviter_points: i64,
    /// Points for who was invited.
    pub invitee_points: i64,
    /// What both read beside the points.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Days to wait before points are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_days: Option<i32>,
    /// Days within which goods are taken back; the longer of the two counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_window_days: Option<i32>,
    /// Days for which a touch counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touch_days: Option<i32>,
    /// How many referrals of one inviter are approved within `per_days`; 0 for any number.
    #[serde(default)]
    pub most_per_inviter: i64,
    /// Days that limit speaks of; 0 for all time.
    #[serde(default)]
    pub per_days: i32,
    /// Whoever bought before the touch is no invitee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_new_members: Option<bool>,
    /// Days a member may have been enrolled before the touch; 0 for any number.
    #[serde(default)]
    pub enrolled_at_most_days: i32,
    /// More attributions of one code within an hour than this wait for a person; 0 for any number.
    #[serde(default)]
    pub flag_per_hour: i64,
    /// Hours before the touch within which an order named at checkout may have been bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkout_hours: Option<i32>,
}

impl From<Promise> for wire::Terms {
    fn from(file: Promise) -> Self {
        Self {
            version: file.version.unwrap_or(0),
            effective_time: file.effective_time.map(proto::timestamp),
            currency_code: file.currency,
            least_order_minor: file.least_order_minor,
            inviter_points: file.inviter_points,
            invitee_points: file.invitee_points,
            reason: file.reason,
            hold_days: file.hold_days,
            return_window_days: file.return_window_days,
            touch_days: file.touch_days,
            most_per_inviter: file.most_per_inviter,
            per_days: file.per_days,
            only_new_members: file.only_new_members,
            enrolled_at_most_days: file.enrolled_at_most_days,
            flag_per_hour: file.flag_per_hour,
            checkout_hours: file.checkout_hours,
        }
    }
}

impl From<wire::Terms> for Promise {
    fn from(wire: wire::Terms) -> Self {
        Self {
            version: (wire.version > 0).then_some(wire.version),
            effective_time: wire.effective_time.and_then(|time| proto::instant(&time).ok()),
            currency: wire.currency_code,
            least_order_minor: wire.least_order_minor,
            inviter_points: wire.inviter_points,
            invitee_points: wire.invitee_points,
            reason: wire.reason,
            hold_days: wire.hold_days,
            return_window_days: wire.return_window_days,
            touch_days: wire.touch_days,
            most_per_inviter: wire.most_per_inviter,
            per_days: wire.per_days,
            only_new_members: wire.only_new_members,
            enrolled_at_most_days: wire.enrolled_at_most_days,
            flag_per_hour: wire.flag_per_hour,
            checkout_hours: wire.checkout_hours,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_to_the_wire_and_back_unchanged() {
        let text = r#"{"version":2,"effective_time":"2026-01-01T00:00:00Z","currency":"TWD","least_order_minor":500,
            "inviter_points":100,"invitee_points":50,"reason":"好友推薦","hold_days":14,"return_window_days":7,"touch_days":30,
            "most_per_inviter":10,"per_days":365,"only_new_members":true,"enrolled_at_most_days":30,"flag_per_hour":5,
            "checkout_hours":72}"#;
        let file: Promise = serde_json::from_str(text).expect("it reads");
        assert_eq!(Promise::from(wire::Terms::from(file.clone())), file);
        assert_eq!(wire::Terms::from(file).checkout_hours, Some(72));
        let least: Promise =
            serde_json::from_str(r#"{"currency":"TWD","inviter_points":1,"invitee_points":0}"#).expect("enough");
        let least = wire::Terms::from(least);
        assert_eq!((least.hold_days, least.checkout_hours), (None, None), "what is not said is the suite's to say");
        let wrong = serde_json::from_str::<Promise>(r#"{"currency":"TWD","inviter_pionts":1,"invitee_points":0}"#);
        assert!(wrong.expect_err("misspelt").to_string().contains("inviter_pionts"));
    }
}
