//! Where a reader stands in a log, and from where it may go on after the log was restored. Only rules.
//!
//! A restored log is a beginning of what the log was: up to some position, its *end*, it is the same, and after it
//! positions are given out a second time for other events. A reader at or below the end has missed nothing. One beyond it
//! has applied events that are gone, and goes on from the end, because everything after it is new to it. So all turns on
//! knowing the end:
//!
//! - it was noted when the epoch ended, where the service found the restore out before it wrote anything (`certain`);
//! - else the mark of the reader's last event may prove that it stands below the end;
//! - else it cannot be known, and is said so.

use store::Head;
use uuid::Uuid;

/// A reader's word about one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reader {
    /// The epoch it has read in; none before its first read.
    pub epoch: Option<Uuid>,
    /// The last position applied.
    pub position: i64,
    /// The mark of the event there; 0 where it is not known.
    pub mark: i64,
}

/// An epoch of a partition that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Former {
    pub epoch: Uuid,
    pub position: i64,
    pub certain: bool,
    pub follower: Uuid,
}

/// Where a refused reader may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub from: i64,
    /// Events it has applied that are gone.
    pub gone: i64,
    /// It cannot be known what it has applied of what the log holds.
    pub unknown: bool,
    /// The end of its epoch was noted before anything was written behind it, and vouches for this way.
    pub certain: bool,
}

/// Where a reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    /// Where the log goes on.
    Served,
    /// In the present epoch, at an event that this log has not: it was restored, and nobody noticed.
    Ahead,
    /// In another epoch, or at a place that no epoch vouches for.
    Lost(Way),
}

/// Where a reader stands; `there` is the mark of the log's event at its position.
pub(crate) fn stand(reader: Reader, head: Head, former: &[Former], there: Option<i64>) -> Stand {
    let marked = reader.mark != 0 && reader.position > 0;
    let same = reader.position == 0 || (marked && there == Some(reader.mark));
    let other = reader.position > head.position || (marked && !same);
    let unknown = Stand::Lost(Way { from: head.position, gone: 0, unknown: true, certain: false });
    match reader.epoch {
        Some(epoch) if epoch != head.epoch => {
            let end = end_of(epoch, head.epoch, former);
            if same {
                let certain = end.is_some_and(|end| reader.position <= end);
                return Stand::Lost(Way { from: reader.position, gone: 0, unknown: false, certain });
            }
            match end {
                // An event that is another one below the end: neither can be trusted.
                Some(end) if other && reader.position <= end => unknown,
                Some(end) => {
                    let from = reader.position.min(end);
                    Stand::Lost(Way { from, gone: reader.position - from, unknown: false, certain: true })
                }
                None => unknown,
            }
        }
        Some(_) if other => Stand::Ahead,
        None if other => unknown,
        Some(_) | None => Stand::Served,
    }
}

/// Up to where an epoch is the same as the present one; none where that is not known.
fn end_of(epoch: Uuid, present: Uuid, former: &[Former]) -> Option<i64> {
    let (mut at, mut end) = (epoch, i64::MAX);
    for _ in 0..former.len() {
        let ended = former.iter().find(|one| one.epoch == at)?;
        if !ended.certain {
            return None;
        }
        end = end.min(ended.position);
        at = ended.follower;
        if at == present {
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);
    const C: Uuid = Uuid::from_u128(3);

    fn at(epoch: Uuid, position: i64, mark: i64) -> Reader {
        Reader { epoch: Some(epoch), position, mark }
    }

    fn head(epoch: Uuid, position: i64) -> Head {
        Head { epoch, position }
    }

    fn ended(epoch: Uuid, position: i64, certain: bool, follower: Uuid) -> Former {
        Former { epoch, position, certain, follower }
    }

    const fn from(from: i64, gone: i64) -> Stand {
        Stand::Lost(Way { from, gone, unknown: false, certain: true })
    }

    /// Its own event vouches for it, and nothing else does.
    const fn proved(from: i64) -> Stand {
        Stand::Lost(Way { from, gone: 0, unknown: false, certain: false })
    }

    #[test]
    fn within_an_epoch_the_event_at_the_place_decides() {
        assert_eq!(stand(at(A, 7, 5), head(A, 9), &[], Some(5)), Stand::Served);
        assert_eq!(stand(at(A, 7, 0), head(A, 9), &[], None), Stand::Served);
        assert_eq!(stand(at(A, 0, 0), head(A, 0), &[], None), Stand::Served);
        assert_eq!(stand(at(A, 7, 5), head(A, 9), &[], Some(6)), Stand::Ahead);
        assert_eq!(stand(at(A, 10, 0), head(A, 9), &[], None), Stand::Ahead);
    }

    #[test]
    fn after_a_restore_that_was_noticed_all_is_known() {
        let former = [ended(A, 98, true, B)];
        // Three were appended since.
        let present = head(B, 101);
        assert_eq!(stand(at(A, 40, 0), present, &former, Some(1)), from(40, 0));
        assert_eq!(stand(at(A, 98, 4), present, &former, Some(4)), from(98, 0));
        assert_eq!(stand(at(A, 100, 4), present, &former, Some(9)), from(98, 2));
        assert_eq!(stand(at(A, 120, 4), present, &former, None), from(98, 22));
        assert_eq!(stand(at(A, 0, 0), present, &former, None), from(0, 0));
    }

    #[test]
    fn the_lowest_end_of_several_restores_counts() {
        let former = [ended(A, 50, true, B), ended(B, 60, true, C)];
        assert_eq!(stand(at(A, 55, 0), head(C, 70), &former, None), from(50, 5));
        assert_eq!(stand(at(B, 55, 0), head(C, 70), &former, None), from(55, 0));
    }

    #[test]
    fn what_cannot_be_known_is_said() {
        let unknown = Stand::Lost(Way { from: 101, gone: 0, unknown: true, certain: false });
        let unnoticed = [ended(A, 98, false, B)];
        assert_eq!(stand(at(A, 40, 0), head(B, 101), &unnoticed, Some(1)), unknown);
        assert_eq!(stand(at(A, 120, 3), head(B, 101), &unnoticed, None), unknown);
        assert_eq!(stand(at(A, 40, 3), head(B, 101), &unnoticed, Some(3)), proved(40), "its event is still there");
        assert_eq!(stand(at(C, 40, 3), head(B, 101), &[], Some(3)), proved(40), "an epoch nobody knows");
        assert_eq!(stand(at(C, 40, 0), head(B, 101), &unnoticed, None), unknown, "an epoch nobody knows");
        let contradicted = [ended(A, 98, true, B)];
        assert_eq!(stand(at(A, 40, 3), head(B, 101), &contradicted, Some(4)), unknown);
    }
}
