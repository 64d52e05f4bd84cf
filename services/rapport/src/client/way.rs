//! Where the services of a suite answer: all at one address, or some at addresses of their own.

use std::collections::BTreeMap;

use server::Peers;
use tonic::transport::{Channel, Endpoint};

use super::CliError;
use crate::suite::Service;

/// One address, and those of services that run apart, said by the variables that say it to the services themselves. So a
/// command in a service's own container finds the others without being told anything.
#[derive(Clone, Debug)]
pub struct Way {
    usual: Place,
    apart: BTreeMap<&'static str, Place>,
}

/// Where some services answer.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// For a person: the address, and who said it.
    pub(super) name: String,
    pub(super) channel: Channel,
}

impl From<Channel> for Way {
    fn from(channel: Channel) -> Self {
        Self { usual: Place { name: "this process".to_owned(), channel }, apart: BTreeMap::new() }
    }
}

impl Way {
    /// The usual address, and whatever `RAPPORT_<SERVICE>_URL` says.
    pub(super) fn of(address: &str) -> Result<Self, CliError> {
        let mut way = Self { usual: open(address, "--address")?, apart: BTreeMap::new() };
        for service in Service::ALL {
            if let Some((variable, url)) = said(service) {
                way.apart.insert(service.name(), open(url.trim(), &variable)?);
            }
        }
        Ok(way)
    }

    /// Where nobody answered, for whoever reads of it: which service it was, an answer that did not come does not say.
    pub fn described(address: &str) -> String {
        if Service::ALL.into_iter().any(|service| said(service).is_some()) {
            format!("{address} or an address in RAPPORT_<SERVICE>_URL")
        } else {
            address.to_owned()
        }
    }

    /// To a service, by its name.
    pub(super) fn to(&self, service: &str) -> Channel {
        self.apart.get(service).unwrap_or(&self.usual).channel.clone()
    }

    /// To every process once.
    pub(super) fn everywhere(&self) -> impl Iterator<Item = &Place> {
        let usual = (self.apart.len() < Service::ALL.len()).then_some(&self.usual);
        usual.into_iter().chain(self.apart.values())
    }

    pub(super) fn is_one_process(&self) -> bool {
        self.everywhere().count() == 1
    }
}

/// The variable of a service and its URL, where it has one.
fn said(service: Service) -> Option<(String, String)> {
    let variable = Peers::variable(service.name());
    let url = std::env::var(&variable).ok().filter(|url| !url.trim().is_empty())?;
    Some((variable, url))
}

fn open(address: &str, said_by: &str) -> Result<Place, CliError> {
    let url = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    let endpoint = Endpoint::from_shared(url)
        .map_err(|_| CliError::Asked(format!("{said_by} {address} is no address: 127.0.0.1:50051")))?;
    let endpoint = endpoint.connect_timeout(std::time::Duration::from_secs(5));
    let channel = endpoint.http2_adaptive_window(true).connect_lazy();
    Ok(Place { name: format!("{address} ({said_by})"), channel })
}
