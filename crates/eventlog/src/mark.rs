//! What tells an event from any other that could stand at its place.

use proto::eventlog::v1 as wire_log;

/// FNV-1a over everything the event says. Nobody gains by making two alike, and the ids within are random.
pub(crate) fn of(event: &wire_log::Event) -> i64 {
    let instant = |at: &Option<prost_types::Timestamp>| {
        let at = at.unwrap_or_default();
        [at.seconds.to_be_bytes().as_slice(), &at.nanos.to_be_bytes()].concat()
    };
    let parts = [
        event.tenant.as_bytes(),
        event.subject.as_bytes(),
        event.r#type.as_bytes(),
        &instant(&event.occur_time),
        &instant(&event.record_time),
        &event.payload,
    ];
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        // A byte that no text holds keeps neighbours apart.
        for byte in part.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    // Nothing stands for an unknown mark.
    i64::from_be_bytes(hash.max(1).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_differs_makes_another_mark() {
        let event = wire_log::Event { subject: "member_1".to_owned(), ..wire_log::Event::default() };
        let moved = wire_log::Event { subject: "member_".to_owned(), r#type: "1".to_owned(), ..event.clone() };
        let other = wire_log::Event { payload: vec![0], ..event.clone() };
        assert_eq!(of(&event), of(&wire_log::Event { mark: 7, position: 9, ..event.clone() }));
        assert_ne!(of(&event), of(&moved));
        assert_ne!(of(&event), of(&other));
        assert_ne!(of(&event), 0);
    }
}
