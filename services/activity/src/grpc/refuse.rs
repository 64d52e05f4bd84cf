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
    let (reason, text) = (refusal.reason(), refusal.to_string());
    let (kind, facts) = match refusal {
        Refusal::MemberNotFound { member } => (RefusalKind::NotFound, vec![("member", member.to_string())]),
        Refusal::OrderNotFound { order } => (RefusalKind::NotFound, vec![("order", order)]),
        Refusal::ReturnExceedsOrder { order, line, asked, left } => {
            let line = line.map(|line| line.to_string()).unwrap_or_default();
            let facts = vec![
                ("order", order.to_string()),
                ("line", line),
                ("asked", asked.to_string()),
                ("left", left.to_string()),
            ];
            (RefusalKind::FailedPrecondition, facts)
        }
        Refusal::OrderClosed { order, state } => {
            (RefusalKind::FailedPrecondition, vec![("order", order.to_string()), ("state", state.to_string())])
        }
        Refusal::OrderTaken { order } => (RefusalKind::FailedPrecondition, vec![("order", order.to_string())]),
        Refusal::BeforeOrder { order, bought_at, occurred_at } => {
            let facts = vec![
                ("order", order.to_string()),
                ("bought", bought_at.to_string()),
                ("occurred", occurred_at.to_string()),
            ];
            (RefusalKind::FailedPrecondition, facts)
        }
        Refusal::AlreadyApplied { what, id } => (RefusalKind::AlreadyExists, vec![("what", what), ("id", id)]),
        Refusal::Malformed(_) => (RefusalKind::InvalidArgument, Vec::new()),
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
