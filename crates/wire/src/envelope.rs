//! What comes with every call besides its message.

use kernel::TenantId;
use tonic::{Request, Status};

use crate::Caller;

/// Who calls, and about which tenant.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Whose rows the call may touch; from the token only.
    pub tenant: TenantId,
    /// Who is answerable.
    pub actor: String,
}

/// Opens a call that is about the caller's tenant.
pub fn open<T>(call: Request<T>) -> Result<(Envelope, T), Status> {
    let caller = Caller::of(call.extensions())?;
    let envelope = Envelope { tenant: caller.require_tenant()?, actor: caller.actor.clone() };
    Ok((envelope, call.into_inner()))
}
