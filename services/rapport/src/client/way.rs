//! Where the services of a suite answer: all at one address, or some at addresses of their own.

use server::Peers;
use tonic::transport::{Channel, Endpoint};

use super::CliError;
use crate::suite::Service;

/// One address, and those of services that run apart, said by the variables that say it to the services themselves. So
/// a command in a service's own container finds the others without being told anything.
#[derive(Clone, Debug)]
pub struct Way {
    /// Each process once, in the order of its first service, however many variables lead to it.
    places: Vec<Place>,
}

/// Where some services answer.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// As it was said first.
    address: String,
    said_by: Vec<String>,
    door: String,
    /// Those that are asked here.
    pub(super) services: Vec<Service>,
    pub(super) channel: Channel,
}

/// An address as somebody said it.
#[derive(Clone, Debug)]
struct Address {
    text: String,
    endpoint: Endpoint,
    /// The same for all ways to write it.
    door: String,
}

impl From<Channel> for Way {
    fn from(channel: Channel) -> Self {
        let (address, said_by, door) = ("this process".to_owned(), Vec::new(), String::new());
        Self { places: vec![Place { address, said_by, door, services: Service::ALL.to_vec(), channel }] }
    }
}

impl Way {
    /// The usual address, and whatever `RAPPORT_<SERVICE>_URL` says.
    pub(super) fn of(address: &str) -> Result<Self, CliError> {
        Self::leading(address, said)
    }

    /// The usual address, and the variable and URL of each service that has one.
    fn leading(address: &str, said: impl Fn(Service) -> Option<(String, String)>) -> Result<Self, CliError> {
        let usual = Address::parse(address, "--address")?;
        let mut places: Vec<Place> = Vec::new();
        for service in Service::ALL {
            let (address, said_by) = match said(service) {
                Some((variable, url)) => (Address::parse(&url, &variable)?, variable),
                None => (usual.clone(), "--address".to_owned()),
            };
            match places.iter_mut().find(|place| place.door == address.door) {
                Some(place) => place.serves_too(service, said_by),
                None => places.push(Place::at(address, service, said_by)),
            }
        }
        Ok(Self { places })
    }

    /// Where nobody answered, for whoever reads of it: which service it was, an answer that did not come does not say.
    pub fn described(address: &str) -> String {
        if Service::ALL.into_iter().any(|service| said(service).is_some()) {
            format!("{address} or an address in RAPPORT_<SERVICE>_URL")
        } else {
            address.to_owned()
        }
    }

    /// To a service, by its name. Of a name that no service has, any process says so.
    pub(super) fn to(&self, service: &str) -> Channel {
        let own = self.places.iter().find(|place| place.services.iter().any(|one| one.name() == service));
        own.or(self.places.first()).expect("each service answers somewhere").channel.clone()
    }

    /// To every process once.
    pub(super) fn everywhere(&self) -> &[Place] {
        &self.places
    }

    pub(super) fn is_one_process(&self) -> bool {
        self.places.len() == 1
    }
}

impl Place {
    fn at(address: Address, service: Service, said_by: String) -> Self {
        let Address { text, endpoint, door } = address;
        let (said_by, services, channel) = (vec![said_by], vec![service], endpoint.connect_lazy());
        Self { address: text, said_by, door, services, channel }
    }

    fn serves_too(&mut self, service: Service, said_by: String) {
        self.services.push(service);
        if !self.said_by.contains(&said_by) {
            self.said_by.push(said_by);
        }
    }

    /// For a person: the address, and who said it.
    pub(super) fn name(&self) -> String {
        let Self { address, said_by, .. } = self;
        if said_by.is_empty() { address.clone() } else { format!("{address} ({})", said_by.join(", ")) }
    }
}

impl Address {
    fn parse(text: &str, said_by: &str) -> Result<Self, CliError> {
        let text = text.trim();
        let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let door = url.trim_end_matches('/').to_ascii_lowercase();
        let endpoint = Endpoint::from_shared(url)
            .map_err(|_| CliError::Asked(format!("{said_by} {text} is no address: 127.0.0.1:50051")))?;
        let endpoint = endpoint.connect_timeout(std::time::Duration::from_secs(5)).http2_adaptive_window(true);
        Ok(Self { text: text.to_owned(), endpoint, door })
    }
}

/// The variable of a service and its URL, where it has one.
fn said(service: Service) -> Option<(String, String)> {
    let variable = Peers::variable(service.name());
    let url = std::env::var(&variable).ok().filter(|url| !url.trim().is_empty())?;
    Some((variable, url))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A way where these services have a URL, told with what leads there and who is asked there.
    fn way(address: &str, urls: &[(Service, &str)]) -> Way {
        let said = |service: Service| {
            let (_, url) = urls.iter().find(|(one, _)| *one == service)?;
            Some((Peers::variable(service.name()), (*url).to_owned()))
        };
        Way::leading(address, said).expect("addresses")
    }

    fn places(way: &Way) -> Vec<(String, Vec<Service>)> {
        way.everywhere().iter().map(|place| (place.name(), place.services.clone())).collect()
    }

    #[tokio::test]
    async fn one_address_is_one_process() {
        let way = way("127.0.0.1:50051", &[]);
        assert!(way.is_one_process());
        assert_eq!(places(&way), [("127.0.0.1:50051 (--address)".to_owned(), Service::ALL.to_vec())]);
    }

    #[tokio::test]
    async fn six_urls_of_one_address_are_one_process_however_they_are_written() {
        let ways = ["http://suite:50051", "http://suite:50051/", "HTTP://Suite:50051", "suite:50051"];
        let urls: Vec<(Service, &str)> = Service::ALL.into_iter().zip(ways.into_iter().cycle()).collect();
        let way = way("127.0.0.1:50051", &urls);
        assert!(way.is_one_process(), "{:?}", places(&way));
        let (name, services) = places(&way).remove(0);
        assert!(name.starts_with("http://suite:50051 (RAPPORT_REGISTRY_URL, RAPPORT_ACTIVITY_URL, "), "{name}");
        assert_eq!(services, Service::ALL, "nobody is asked at an address that no service has");
    }

    #[tokio::test]
    async fn a_url_that_says_what_the_address_says_is_no_other_process() {
        let way = way("127.0.0.1:50051", &[(Service::Loyalty, " http://127.0.0.1:50051/ ")]);
        assert!(way.is_one_process());
        assert_eq!(places(&way)[0].0, "127.0.0.1:50051 (--address, RAPPORT_LOYALTY_URL)");
    }

    #[tokio::test]
    async fn those_that_run_together_are_asked_once() {
        let there = "http://there:50051";
        let way = way("127.0.0.1:50051", &[(Service::Loyalty, there), (Service::Referrals, there)]);
        assert!(!way.is_one_process());
        let here = vec![Service::Registry, Service::Activity, Service::Segmentation, Service::Subscriptions];
        let expected = [
            ("127.0.0.1:50051 (--address)".to_owned(), here),
            (
                format!("{there} (RAPPORT_LOYALTY_URL, RAPPORT_REFERRALS_URL)"),
                vec![Service::Loyalty, Service::Referrals],
            ),
        ];
        assert_eq!(places(&way), expected);
    }

    #[tokio::test]
    async fn another_port_or_another_scheme_is_another_process() {
        let urls = [(Service::Loyalty, "http://127.0.0.1:50052"), (Service::Referrals, "https://127.0.0.1:50051")];
        assert_eq!(places(&way("127.0.0.1:50051", &urls)).len(), 3);
    }

    #[tokio::test]
    async fn what_is_no_address_is_told_with_who_said_it() {
        let said =
            |service| (service == Service::Loyalty).then(|| ("RAPPORT_LOYALTY_URL".to_owned(), "a b".to_owned()));
        let told = Way::leading("127.0.0.1:50051", said).expect_err("no address").to_string();
        assert_eq!(told, "RAPPORT_LOYALTY_URL a b is no address: 127.0.0.1:50051");
    }
}
