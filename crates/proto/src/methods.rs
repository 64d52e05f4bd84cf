//! What every rpc declares about itself, taken from the contract when it is compiled.

/// One rpc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// As in the HTTP/2 request: "/rapport.loyalty.v1.LoyaltyService/RedeemPoints".
    pub path: &'static str,
    /// What a caller's token must carry.
    pub scope: &'static str,
    /// True when its request, or each item of it, carries a request id.
    pub mutating: bool,
    /// The caller streams.
    pub client_streaming: bool,
    /// The answer streams.
    pub server_streaming: bool,
    /// Full name of the request message.
    pub input: &'static str,
    /// Full name of the response message.
    pub output: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// Every rpc of the suite, by path.
pub fn methods() -> &'static [Method] {
    &METHODS
}

/// The rpc behind a path; none for health and reflection, which are not ours.
pub fn method(path: &str) -> Option<&'static Method> {
    METHODS.binary_search_by(|method| method.path.cmp(path)).ok().map(|place| &METHODS[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redeeming_points_is_a_mutation_with_a_scope() {
        let found = method("/rapport.loyalty.v1.LoyaltyService/RedeemPoints").expect("it is in the contract");
        assert_eq!(found.scope, "points.write");
        assert!(found.mutating);
        assert!(!found.server_streaming);
    }

    #[test]
    fn a_batch_of_requests_is_a_mutation_too() {
        let found = method("/rapport.loyalty.v1.LoyaltyService/RedeemPointsBatch").expect("it is in the contract");
        assert!(found.mutating);
    }

    #[test]
    fn reading_is_no_mutation() {
        let found = method("/rapport.registry.v1.RegistryService/GetMember").expect("it is in the contract");
        assert!(!found.mutating);
        assert_eq!(method("/grpc.health.v1.Health/Check"), None);
    }
}
