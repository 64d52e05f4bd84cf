//! Ids: one kind for each noun, so that a lot can never be passed where a member is meant.
//!
//! Inside they are uuids of version 7, which the database keeps in 16 bytes and in order of making; outside they are
//! TypeIDs, `member_01h455vb4pex5vsknk084sn02q`, which say what they are and survive a double click.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use crate::Shard;

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// It does not begin with the prefix of its kind.
    #[error("must be an id that begins with \"{0}_\"")]
    Prefix(&'static str),
    /// What follows the prefix is not 26 characters of the id alphabet.
    #[error("must be \"{0}_\" followed by the 26 characters of an id")]
    Suffix(&'static str),
    /// It is not a uuid.
    #[error("must be a uuid that the caller has made, of version 7 by preference")]
    Uuid,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What its text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, made at a moment of business time.
            pub fn new_at(moment: Timestamp) -> Self {
                Self(uuid_at(moment))
            }

            /// The id that always follows from the same cause, so that a rule can name what it makes.
            pub fn derived_from(cause: Uuid, what: &str) -> Self {
                Self(Uuid::new_v5(&cause, what.as_bytes()))
            }

            /// Reads the text form.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                parse_typeid($prefix, text).map(Self)
            }

            /// As the database keeps it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}_{}", $prefix, Base32(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// One programme's home in an installation.
    TenantId = "tenant";
    /// A person who belongs to a programme.
    MemberId = "member";
    /// Something bought at once.
    OrderId = "order";
    /// Goods or money that came back.
    ReturnId = "return";
    /// A movement of money that is no purchase.
    AdjustmentId = "adjustment";
    /// Something the shop sells.
    ProductId = "product";
    /// One line of a member's statement of points.
    EntryId = "entry";
    /// Points earned together, that lapse together.
    LotId = "lot";
    /// Points held back for something that is yet to be paid.
    HoldId = "hold";
    /// Points that a member passed on to another.
    TransferId = "transfer";
    /// An invitation that somebody took up.
    ReferralId = "referral";
    /// What can be subscribed to.
    PlanId = "plan";
    /// A member's standing order.
    SubscriptionId = "subscription";
    /// An attempt to be paid for one occurrence.
    ChargeId = "charge";
    /// A coupon of a member.
    CouponId = "coupon";
    /// Coupons and codes put aside for an order.
    ReservationId = "reservation";
    /// A reward that a member took for points.
    ClaimId = "claim";
    /// What a member is given for a mission.
    MissionRewardId = "mreward";
    /// A ticket of a prize draw.
    DrawTicketId = "ticket";
    /// Something of a member that is no order: they joined, had their birthday, did something.
    OccasionId = "occasion";
}

impl EntryId {
    /// The id of a member's entry with this number. It says the number and the member's shard, so that the entry is found
    /// without an index of ids; the rest of it is a digest of the member and the number.
    pub fn numbered(member: MemberId, number: i64) -> Self {
        Self::of_statement(member, number, &format!("entry/{number}"))
    }

    /// The same of a statement beside the member's first, which has a name.
    pub fn numbered_in(member: MemberId, statement: &str, number: i64) -> Self {
        Self::of_statement(member, number, &format!("entry/{statement}/{number}"))
    }

    fn of_statement(member: MemberId, number: i64, name: &str) -> Self {
        let derived = Self::derived_from(member.uuid(), name);
        let [0, 0, place @ ..] = number.to_be_bytes() else { return derived };
        let mut bytes = derived.0.into_bytes();
        bytes[7] = Shard::of_member(member).byte();
        bytes[10..].copy_from_slice(&place);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The shard and the number that the id says. Ids of version 5, from before they said it, tell nothing.
    pub fn place(self) -> Option<(Shard, i64)> {
        let [_, _, _, _, _, _, _, shard, _, _, a, b, c, d, e, f] = *self.0.as_bytes();
        let number = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        (self.0.get_version_num() == 8).then_some((Shard::from(shard), number))
    }
}

/// What a caller makes and keeps so that a call can be repeated safely: a plain uuid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A new id, made at a moment.
    pub fn new_at(moment: Timestamp) -> Self {
        Self(uuid_at(moment))
    }

    /// The same id for the same cause, so that a call that follows from it is made once.
    pub fn caused_by(cause: Uuid, what: &str) -> Self {
        Self(Uuid::new_v5(&cause, what.as_bytes()))
    }

    /// Reads the text form; any uuid but the nil one.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        match Uuid::try_parse(text) {
            Ok(uuid) if !uuid.is_nil() => Ok(Self(uuid)),
            Ok(_) | Err(_) => Err(IdError::Uuid),
        }
    }

    /// As the database keeps it.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// When it was made by the clock of whoever made it, to the millisecond; only ids of version 7 tell.
    pub fn made_at(self) -> Option<Timestamp> {
        let [a, b, c, d, e, f, ..] = *self.0.as_bytes();
        let millis = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        Timestamp::from_millisecond(millis).ok().filter(|_| self.0.get_version_num() == 7)
    }
}

impl From<Uuid> for RequestId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

fn uuid_at(moment: Timestamp) -> Uuid {
    let seconds = u64::try_from(moment.as_second()).unwrap_or(0);
    let nanos = u32::try_from(moment.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos))
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 26;
const BITS: u32 = 5;

struct Base32(Uuid);

impl fmt::Display for Base32 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_u128();
        let mut digits = [b'0'; DIGITS];
        for digit in digits.iter_mut().rev() {
            let low = usize::try_from(rest & 31).unwrap_or(0);
            *digit = ALPHABET[low];
            rest >>= BITS;
        }
        out.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

fn parse_typeid(prefix: &'static str, text: &str) -> Result<Uuid, IdError> {
    let suffix = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(IdError::Prefix(prefix))?;
    let digits = suffix.as_bytes();
    // 26 digits hold 130 bits: a first digit above 7 would not fit into 128.
    if digits.len() != DIGITS || digits[0] > b'7' {
        return Err(IdError::Suffix(prefix));
    }
    let mut value: u128 = 0;
    for digit in digits {
        let place = ALPHABET.iter().position(|known| known == digit).ok_or(IdError::Suffix(prefix))?;
        value = (value << BITS) | place as u128;
    }
    Ok(Uuid::from_u128(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_is_a_typeid() {
        let uuid = Uuid::try_parse("01890a5d-ac96-774b-bcce-b302099a8057").expect("from the TypeID specification");
        let member = MemberId::from(uuid);
        assert_eq!(member.to_string(), "member_01h455vb4pex5vsknk084sn02q");
        assert_eq!(MemberId::parse("member_01h455vb4pex5vsknk084sn02q"), Ok(member));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert_eq!(LotId::parse("member_01h455vb4pex5vsknk084sn02q"), Err(IdError::Prefix("lot")));
        assert_eq!(MemberId::parse("member_81h455vb4pex5vsknk084sn02q"), Err(IdError::Suffix("member")));
        assert_eq!(MemberId::parse("member_01h455vb4pex5vsknk084sn02"), Err(IdError::Suffix("member")));
        assert_eq!(MemberId::parse("member_01h455vb4pex5vsknk084sn0é"), Err(IdError::Suffix("member")));
        assert_eq!(MemberId::parse(""), Err(IdError::Prefix("member")));
    }

    #[test]
    fn ids_made_later_sort_later() {
        let early = EntryId::new_at("2011-12-09T12:50:00Z".parse().expect("an instant"));
        let late = EntryId::new_at("2011-12-09T12:50:01Z".parse().expect("an instant"));
        assert!(early < late);
    }

    #[test]
    fn the_id_of_an_entry_says_where_it_stands() {
        let members = [MemberId::from(Uuid::from_u128(1)), MemberId::new_at(Timestamp::UNIX_EPOCH)];
        let mut seen = std::collections::BTreeSet::new();
        for member in members {
            for number in [1, 2, 255, 256, 1 << 40, (1 << 48) - 1] {
                let id = EntryId::numbered(member, number);
                assert_eq!(id.place(), Some((Shard::of_member(member), number)), "{id}");
                assert_eq!(id, EntryId::numbered(member, number));
                assert!(seen.insert(id), "{id} twice");
            }
            let stamps = EntryId::numbered_in(member, "stamps", 7);
            assert_eq!(stamps.place(), Some((Shard::of_member(member), 7)));
            assert!(seen.insert(stamps), "{stamps} twice");
            assert_eq!(EntryId::numbered(member, 1 << 48).place(), None, "it does not fit");
            assert_eq!(EntryId::derived_from(member.uuid(), "entry/1").place(), None);
        }
    }

    #[test]
    fn only_a_request_id_of_version_7_tells_when_it_was_made() {
        let moment = "2011-12-09T12:50:00.123Z".parse().expect("an instant");
        assert_eq!(RequestId::new_at(moment).made_at(), Some(moment));
        assert_eq!(RequestId::caused_by(RequestId::new_at(moment).uuid(), "a batch").made_at(), None);
        assert_eq!(RequestId::from(Uuid::new_v4()).made_at(), None);
    }

    #[test]
    fn the_nil_uuid_is_no_request_id() {
        assert_eq!(RequestId::parse("00000000-0000-0000-0000-000000000000"), Err(IdError::Uuid));
    }
}
