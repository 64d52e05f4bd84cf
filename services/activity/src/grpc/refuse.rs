//! What the domain says no to, as the contract tells it.

use eventlog::Unreachable;
use tonic::Status;
use wire::{RefusalKind, Stop, Violations, stopped};

use crate::journal::Refusal;
use crate::orders::Unread;
use crate::products::NoProduct;

pub(super) fn journal(stop: Stop<Refusal>) -> Status {
    match stop {
        Stop::Refused(Refusal::Malformed(wrong)) => {
            let mut bad = Violations::new();
            for one in wrong {
                bad.add(one.field, one.what);
            }
            bad.settle(None::<()>).err().unwrap_or_else(|| Status::invalid_argument("the request is malformed"))
        }
        Stop::Refused(_)
        | Stop::RequestIdReused { .. }
        | Stop::RequestIdTooOld { .. }
        | Stop::TenantSuspended
        | Stop::Failed(_) => stopped(stop, told),
    }
}

fn told(refusal: Refusal) -> wire::Refusal {
    let (reason, text, facts) = (refusal.reason(), refusal.to_string(), refusal.facts());
    let kind = match refusal {
        Refusal::MemberNotFound { .. } | Refusal::OrderNotFound { .. } => RefusalKind::NotFound,
        Refusal::ReturnExceedsOrder { .. }
        | Refusal::OrderClosed { .. }
        | Refusal::OrderTaken { .. }
        | Refusal::BeforeOrder { .. } => RefusalKind::FailedPrecondition,
        Refusal::AlreadyApplied { .. } => RefusalKind::AlreadyExists,
        Refusal::Malformed(_) => RefusalKind::InvalidArgument,
    };
    wire::Refusal { reason, kind, text, facts }
}

pub(super) fn orders(stop: Stop<Unread>) -> Status {
    stopped(stop, |refusal| {
        let text = refusal.to_string();
        match refusal {
            Unread::NotFound(order) => wire::Refusal {
                reason: "ORDER_NOT_FOUND",
                kind: RefusalKind::NotFound,
                text,
                facts: vec![("order", order)],
            },
            Unread::Unreachable(unreachable) => unreachable_told(unreachable),
        }
    })
}

pub(super) fn overview(stop: Stop<Unreachable>) -> Status {
    stopped(stop, unreachable_told)
}

fn unreachable_told(unreachable: Unreachable) -> wire::Refusal {
    wire::Refusal {
        reason: "FRESHNESS_UNREACHABLE",
        kind: RefusalKind::FailedPrecondition,
        text: unreachable.to_string(),
        facts: vec![("source", unreachable.origin), ("service", unreachable.service.to_owned())],
    }
}

pub(super) fn products(stop: Stop<NoProduct>) -> Status {
    stopped(stop, |refusal| {
        let text = refusal.to_string();
        match refusal {
            NoProduct::NotFound(code) => wire::Refusal {
                reason: "PRODUCT_NOT_FOUND",
                kind: RefusalKind::NotFound,
                text,
                facts: vec![("product", code)],
            },
            NoProduct::Unreachable(unreachable) => unreachable_told(unreachable),
        }
    })
}
