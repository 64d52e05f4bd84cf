//! Every setting of a serving process: by flag or by environment, secrets also from files.
//!
//! A local suite needs `DATABASE_URL` and nothing else: it listens on loopback, believes its own development issuer, and
//! keeps the secrets it makes in its state folder. As soon as an issuer of yours is named, the development issuer is gone
//! and the secrets must be given, for then several processes have to share them.

mod secrets;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use kernel::Clock;
use server::auth::{Algorithm, IssuerSettings};
use server::{DevIssuer, InternalKey, Verifier};
use store::Retention;
use wire::Keys;

use crate::client::DEV_KEY;
use crate::suite::Service;

/// What a serving process is told.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// PostgreSQL of all services: postgres://user:password@host/database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// File that holds the URL instead
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE")]
    pub database_url_file: Option<PathBuf>,
    /// PostgreSQL of registry alone
    #[arg(long, env = "RAPPORT_REGISTRY_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub registry_database_url: Option<String>,
    /// PostgreSQL of activity alone
    #[arg(long, env = "RAPPORT_ACTIVITY_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub activity_database_url: Option<String>,
    /// PostgreSQL of loyalty alone
    #[arg(long, env = "RAPPORT_LOYALTY_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub loyalty_database_url: Option<String>,
    /// PostgreSQL of segmentation alone
    #[arg(long, env = "RAPPORT_SEGMENTATION_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub segmentation_database_url: Option<String>,
    /// PostgreSQL of referrals alone
    #[arg(long, env = "RAPPORT_REFERRALS_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub referrals_database_url: Option<String>,
    /// PostgreSQL of subscriptions alone
    #[arg(long, env = "RAPPORT_SUBSCRIPTIONS_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub subscriptions_database_url: Option<String>,
    /// Connections of each service to its database
    #[arg(long, env = "RAPPORT_CONNECTIONS", default_value_t = 10, value_name = "N")]
    pub connections: u32,
    /// Redis for hot profiles; without it the cache in the process works alone
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub redis_url: Option<String>,
    /// File that holds the URL instead
    #[arg(long, env = "REDIS_URL_FILE", value_name = "FILE")]
    pub redis_url_file: Option<PathBuf>,
    /// Where gRPC answers
    #[arg(long, env = "RAPPORT_LISTEN", default_value = "127.0.0.1:50051", value_name = "HOST:PORT")]
    pub listen: SocketAddr,
    /// Where /metrics, /livez, /readyz and /version answer
    #[arg(long, env = "RAPPORT_ADMIN", default_value = "127.0.0.1:9090", value_name = "HOST:PORT")]
    pub admin: SocketAddr,
    /// Signs freshness and page tokens and digests what must not be guessed; one for the installation, for ever
    #[arg(long, env = "RAPPORT_SECRET", hide_env_values = true, value_name = "TEXT")]
    pub secret: Option<String>,
    /// File that holds it instead
    #[arg(long, env = "RAPPORT_SECRET_FILE", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Signs calls between services; one for all processes
    #[arg(long, env = "RAPPORT_INTERNAL_KEY", hide_env_values = true, value_name = "TEXT")]
    pub internal_key: Option<String>,
    /// File that holds it instead
    #[arg(long, env = "RAPPORT_INTERNAL_KEY_FILE", value_name = "FILE")]
    pub internal_key_file: Option<PathBuf>,
    /// Issuer of your tokens (`iss`); without one a development issuer is believed, on loopback only
    #[arg(long, env = "RAPPORT_ISSUER", requires = "jwks_file", value_name = "URL")]
    pub issuer: Option<String>,
    /// Its public keys, a JWKS file
    #[arg(long, env = "RAPPORT_JWKS_FILE", requires = "issuer", value_name = "FILE")]
    pub jwks_file: Option<PathBuf>,
    /// Audience its tokens carry (`aud`)
    #[arg(long, env = "RAPPORT_AUDIENCE", default_value = server::auth::EXTERNAL_AUDIENCE, value_name = "TEXT")]
    pub audience: String,
    /// Business time: `system`, or `manual:2011-12-01T00:00:00Z` to move it by hand from there
    #[arg(long, env = "RAPPORT_CLOCK", default_value = "system", value_name = "CLOCK")]
    pub clock: ClockSetting,
    /// Days that a request is remembered, so that saying it again answers the same; older request ids are refused
    ///
    /// [default: 400; for ever under a manual clock]
    #[arg(long, env = "RAPPORT_REQUEST_LOG_DAYS", value_parser = clap::value_parser!(u16).range(1..), value_name = "DAYS")]
    pub request_log_days: Option<u16>,
    /// File that loyalty adds the seals of its ledger to, every hour; keep it where the database's owner cannot write
    #[arg(long, env = "RAPPORT_SEALS_FILE", value_name = "FILE")]
    pub seals_file: Option<PathBuf>,
    /// Folder for what a local suite makes and remembers
    #[arg(long, env = "RAPPORT_STATE_DIR", default_value = ".rapport", value_name = "FOLDER")]
    pub state_dir: PathBuf,
    /// Print these settings without their secrets, and end
    #[arg(long)]
    pub print_config: bool,
}

const CLOCKS: &str = "is `system`, or `manual:` and an instant such as 2011-12-01T00:00:00Z";

/// For whoever named a database that does not answer, or does not let them in.
pub(crate) const DATABASE_ADVICE: &str = "is PostgreSQL up there, and are user and password right? DATABASE_URL is written \
     postgres://user:password@host:5432/database, and its user must be allowed to create schemas and roles";

/// Where business time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSetting {
    /// The machine.
    System,
    /// A hand, from this instant on.
    Manual(Timestamp),
}

impl std::str::FromStr for ClockSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "system" => Ok(Self::System),
            Some(("manual", instant)) => instant.parse().map(Self::Manual).map_err(|_| CLOCKS.to_owned()),
            _ => Err(CLOCKS.to_owned()),
        }
    }
}

impl std::fmt::Display for ClockSetting {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::System => out.write_str("system"),
            Self::Manual(instant) => write!(out, "manual:{instant}"),
        }
    }
}

/// A setting that cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Something needed is not said.
    #[error("{0}")]
    Missing(String),
    /// A file cannot be read or made.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A key is too short, or others can read its file.
    #[error(transparent)]
    Secret(#[from] server::auth::SecretError),
    /// The issuer cannot be believed as configured.
    #[error(transparent)]
    Issuer(#[from] server::auth::IssuerError),
}

/// What signs and what is believed.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Freshness and page tokens.
    pub keys: Keys,
    /// Calls between services.
    pub internal: InternalKey,
    /// Callers.
    pub verifier: Arc<Verifier>,
    /// The development issuer, where it is believed.
    pub dev: Option<DevIssuer>,
}

impl Settings {
    /// The database of each service.
    ///
    /// # Errors
    /// One has none.
    pub fn databases(&self, services: &[Service]) -> Result<BTreeMap<Service, String>, ConfigError> {
        let shared = secrets::given(self.database_url.as_deref(), self.database_url_file.as_deref())?;
        let own = |service: Service| match service {
            Service::Registry => self.registry_database_url.clone(),
            Service::Activity => self.activity_database_url.clone(),
            Service::Loyalty => self.loyalty_database_url.clone(),
            Service::Segmentation => self.segmentation_database_url.clone(),
            Service::Referrals => self.referrals_database_url.clone(),
            Service::Subscriptions => self.subscriptions_database_url.clone(),
        };
        let each = services.iter().map(|service| {
            let url = own(*service).filter(|url| !url.trim().is_empty()).or_else(|| shared.clone());
            let missing = || {
                ConfigError::Missing(format!(
                    "nobody said where the database of {} is: set DATABASE_URL (`cargo xtask up` starts a private one)",
                    service.name()
                ))
            };
            Ok((*service, url.ok_or_else(missing)?))
        });
        each.collect()
    }

    /// Where Redis answers, if there is one.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub fn redis(&self) -> Result<Option<String>, ConfigError> {
        secrets::given(self.redis_url.as_deref(), self.redis_url_file.as_deref())
    }

    /// The clock as configured; a manual one begins where it was left, if that is later (`left_at`).
    #[must_use]
    pub fn clock(&self, left_at: Option<Timestamp>) -> Clock {
        match self.clock {
            ClockSetting::System => Clock::system(),
            ClockSetting::Manual(start) => Clock::manual(left_at.map_or(start, |left| left.max(start))),
        }
    }

    /// How long requests are remembered. Callers make their ids by a clock of their own, and it does not follow one that
    /// is moved by hand: a year would make every new id too old. So nothing is forgotten there unless it is asked for.
    #[must_use]
    pub fn retention(&self) -> Retention {
        match (self.request_log_days, self.clock) {
            (Some(days), ClockSetting::System | ClockSetting::Manual(_)) => Retention::of_days(days),
            (None, ClockSetting::System) => Retention::default(),
            (None, ClockSetting::Manual(_)) => Retention::FOREVER,
        }
    }

    /// Keys and issuers.
    ///
    /// # Errors
    /// A secret is missing or unusable, or the issuer's keys are.
    pub fn trust(&self) -> Result<Trust, ConfigError> {
        let local = self.issuer.is_none();
        let secret = secrets::given(self.secret.as_deref(), self.secret_file.as_deref())?;
        let secret = secrets::or_made(secret, local, &self.state_dir.join("secret"), "RAPPORT_SECRET")?;
        let internal = secrets::given(self.internal_key.as_deref(), self.internal_key_file.as_deref())?;
        let internal = secrets::or_made(internal, local, &self.state_dir.join("internal.key"), "RAPPORT_INTERNAL_KEY")?;
        let internal = InternalKey::try_new(internal.as_bytes())?;
        let (verifier, dev) = match (&self.issuer, &self.jwks_file) {
            (Some(issuer), Some(jwks)) => {
                let algorithms =
                    [Algorithm::EdDSA, Algorithm::ES256, Algorithm::ES384, Algorithm::RS256, Algorithm::PS256];
                let (issuer, audience, jwks) = (issuer.clone(), self.audience.clone(), jwks.clone());
                let settings = IssuerSettings { issuer, audience, algorithms: algorithms.to_vec(), jwks };
                (Verifier::new(&internal).with_issuer(settings)?, None)
            }
            _ => {
                let dev = DevIssuer::open(self.state_dir.join(DEV_KEY))?;
                (Verifier::new(&internal).with_dev(&dev), Some(dev))
            }
        };
        Ok(Trust { keys: Keys::new(secret.as_bytes()), internal, verifier: Arc::new(verifier), dev })
    }

    /// The settings for a person to read, secrets left out.
    #[must_use]
    pub fn redacted(&self) -> String {
        let url = |url: &Option<String>| url.as_deref().map_or_else(String::new, secrets::without_password);
        let file = |file: &Option<PathBuf>| file.as_ref().map_or_else(String::new, |file| file.display().to_string());
        let hidden = |text: &Option<String>| text.as_ref().map_or_else(String::new, |_| "***".to_owned());
        let lines = [
            ("DATABASE_URL", url(&self.database_url)),
            ("DATABASE_URL_FILE", file(&self.database_url_file)),
            ("RAPPORT_REGISTRY_DATABASE_URL", url(&self.registry_database_url)),
            ("RAPPORT_ACTIVITY_DATABASE_URL", url(&self.activity_database_url)),
            ("RAPPORT_LOYALTY_DATABASE_URL", url(&self.loyalty_database_url)),
            ("RAPPORT_SEGMENTATION_DATABASE_URL", url(&self.segmentation_database_url)),
            ("RAPPORT_REFERRALS_DATABASE_URL", url(&self.referrals_database_url)),
            ("RAPPORT_SUBSCRIPTIONS_DATABASE_URL", url(&self.subscriptions_database_url)),
            ("RAPPORT_CONNECTIONS", self.connections.to_string()),
            ("REDIS_URL", url(&self.redis_url)),
            ("REDIS_URL_FILE", file(&self.redis_url_file)),
            ("RAPPORT_LISTEN", self.listen.to_string()),
            ("RAPPORT_ADMIN", self.admin.to_string()),
            ("RAPPORT_SECRET", hidden(&self.secret)),
            ("RAPPORT_SECRET_FILE", file(&self.secret_file)),
            ("RAPPORT_INTERNAL_KEY", hidden(&self.internal_key)),
            ("RAPPORT_INTERNAL_KEY_FILE", file(&self.internal_key_file)),
            ("RAPPORT_ISSUER", self.issuer.clone().unwrap_or_default()),
            ("RAPPORT_JWKS_FILE", file(&self.jwks_file)),
            ("RAPPORT_AUDIENCE", self.audience.clone()),
            ("RAPPORT_CLOCK", self.clock.to_string()),
            ("RAPPORT_REQUEST_LOG_DAYS", self.retention().days().map_or_else(String::new, |days| days.to_string())),
            ("RAPPORT_SEALS_FILE", file(&self.seals_file)),
            ("RAPPORT_STATE_DIR", self.state_dir.display().to_string()),
        ];
        lines.map(|(name, value)| format!("{name}={value}\n")).concat()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        settings: Settings,
    }

    fn settings(words: &[&str]) -> Settings {
        Program::try_parse_from([&["rapport"], words].concat()).expect("it is understood").settings
    }

    #[test]
    fn a_service_may_have_a_database_of_its_own() {
        let said = settings(&["--database-url", "postgres://all", "--loyalty-database-url", "postgres://loyalty"]);
        let urls = said.databases(&Service::ALL).expect("all are said");
        for (service, url) in urls {
            let own = if service == Service::Loyalty { "postgres://loyalty" } else { "postgres://all" };
            assert_eq!(url, own, "{service}");
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        let said = settings(&[
            "--database-url=postgres://me:hush@db:5432/shop?sslmode=require",
            "--redis-url=redis://:hush@cache",
            "--secret=hush hush",
            "--internal-key=hush hush",
        ]);
        let shown = said.redacted();
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains("DATABASE_URL=postgres://me:***@db:5432/shop?sslmode=require"), "{shown}");
    }

    #[test]
    fn a_clock_is_read() {
        assert_eq!("system".parse(), Ok(ClockSetting::System));
        let manual = "manual:2011-12-01T00:00:00Z".parse::<ClockSetting>().expect("an instant");
        assert_eq!(manual.to_string(), "manual:2011-12-01T00:00:00Z");
        assert!("tomorrow".parse::<ClockSetting>().is_err() && "manual:tomorrow".parse::<ClockSetting>().is_err());
    }

    #[test]
    fn requests_are_forgotten_by_the_machines_clock_unless_days_are_said() {
        let manual = "--clock=manual:2011-12-01T00:00:00Z";
        assert_eq!(settings(&[]).retention(), Retention::of_days(400));
        assert_eq!(settings(&["--request-log-days=30"]).retention(), Retention::of_days(30));
        assert_eq!(settings(&[manual]).retention(), Retention::FOREVER);
        assert_eq!(settings(&[manual, "--request-log-days=30"]).retention(), Retention::of_days(30));
        assert!(Program::try_parse_from(["rapport", "--request-log-days=0"]).is_err());
    }

    #[test]
    fn a_manual_clock_goes_on_where_it_was_left() {
        let said = settings(&["--clock", "manual:2011-12-01T00:00:00Z"]);
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        assert_eq!(said.clock(None).now(), at("2011-12-01T00:00:00Z"));
        assert_eq!(said.clock(Some(at("2011-12-10T00:00:00Z"))).now(), at("2011-12-10T00:00:00Z"));
        assert_eq!(said.clock(Some(at("2010-01-01T00:00:00Z"))).now(), at("2011-12-01T00:00:00Z"));
    }

    #[test]
    fn an_issuer_of_yours_wants_secrets_that_are_shared() {
        let folder = std::env::temp_dir().join(format!("rapport-config-{}", std::process::id()));
        let state = folder.to_str().expect("a text");
        let said = settings(&["--issuer=https://id.example", "--jwks-file=/nowhere", "--state-dir", state]);
        let error = said.trust().expect_err("no secret").to_string();
        assert!(error.contains("RAPPORT_SECRET"), "{error}");
        settings(&["--state-dir", state]).trust().expect("a local suite makes its own");
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
