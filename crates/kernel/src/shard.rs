//! The 256 shards: the one number that tables, event log and replicas agree on.

use crate::{MemberId, TenantId};

/// A number from 0 to 255, fixed for ever by what it is taken from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Shard(u8);

impl Shard {
    /// How many there are.
    pub const COUNT: usize = 256;

    /// All of them, ascending.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }

    /// Where everything a member owns lies.
    pub fn of_member(member: MemberId) -> Self {
        Self(fold(member.uuid().as_bytes(), FNV_OFFSET))
    }

    /// Where something lies that is looked up by a value: an identity by its text, an order by source and number.
    pub fn of_text(tenant: TenantId, parts: &[&str]) -> Self {
        let mut hash = fnv(tenant.uuid().as_bytes(), FNV_OFFSET);
        for part in parts {
            // A byte that no text holds keeps ("a", "bc") apart from ("ab", "c").
            hash = fnv(&[0xff], fnv(part.as_bytes(), hash));
        }
        Self(fold(&[], hash))
    }

    /// Where a tenant's own affairs lie: its settings, its programme.
    pub fn of_tenant(tenant: TenantId) -> Self {
        Self(fold(tenant.uuid().as_bytes(), FNV_OFFSET))
    }

    /// The number itself.
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// As the database and the event log write it.
    pub const fn number(self) -> i16 {
        self.0 as i16
    }

    /// Reads what the database or the event log wrote.
    pub fn from_number(number: i64) -> Option<Self> {
        u8::try_from(number).ok().map(Self)
    }
}

impl From<u8> for Shard {
    fn from(number: u8) -> Self {
        Self(number)
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

fn fnv(bytes: &[u8], start: u64) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}

/// FNV-1a mixes its high bits last; all eight bytes together make an even shard.
fn fold(bytes: &[u8], start: u64) -> u8 {
    fnv(bytes, start).to_le_bytes().into_iter().fold(0, |sum, byte| sum ^ byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_fixed_for_ever() {
        // Data written by any earlier version lies where these numbers say.
        let member = MemberId::parse("member_01h455vb4pex5vsknk084sn02q").expect("an id");
        let tenant = TenantId::parse("tenant_01h455vb4pex5vsknk084sn02q").expect("an id");
        assert_eq!(Shard::of_member(member).number(), 103);
        assert_eq!(Shard::of_text(tenant, &["web", "20261112-0042"]).number(), 119);
    }

    #[test]
    fn parts_are_kept_apart() {
        let tenant = TenantId::parse("tenant_01h455vb4pex5vsknk084sn02q").expect("an id");
        assert_ne!(Shard::of_text(tenant, &["a", "bc"]), Shard::of_text(tenant, &["ab", "c"]));
    }

    #[test]
    fn members_spread_evenly() {
        let mut counts = [0_u32; Shard::COUNT];
        for number in 0..25_600_i64 {
            let moment = jiff::Timestamp::from_millisecond(1_700_000_000_000 + number).expect("in range");
            counts[usize::from(Shard::of_member(MemberId::new_at(moment)).0)] += 1;
        }
        assert!(counts.iter().all(|count| (40..=180).contains(count)), "{counts:?}");
    }
}
