//! `rapport token`: tokens without an identity provider.
//!
//! `dev` speaks for a suite on this machine, whose development key it reads. `keys` and `make` are for a suite that listens on
//! more than loopback and has no identity provider yet: an issuer of one's own, whose public key the suite is given.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use kernel::TenantId;
use server::OwnIssuer;
use server::auth::{self, OWN_ISSUER, every_scope};

use crate::client::{CliError, Reach, Suite};
use crate::say::say;

/// What `rapport token` is told.
#[derive(Subcommand, Clone, Debug)]
pub enum Ask {
    /// Makes a token that a suite on this machine accepts, and prints it
    Dev(Dev),
    /// Makes an issuer of your own and the secrets of a suite, as files; those that are there stay
    Keys(Keys),
    /// Makes a token of your own issuer, and prints it
    Make(Make),
}

/// What a token says.
#[derive(Args, Clone, Debug)]
pub struct Wanted {
    /// A token without a tenant, as operators have it: for tenants, the clock and operations
    #[arg(long)]
    operator: bool,
    /// What it allows, separated by commas; everything if not said
    #[arg(long, value_delimiter = ',', value_name = "SCOPE")]
    scopes: Vec<String>,
    /// For how many hours
    #[arg(long, default_value_t = 12, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=8_760))]
    hours: u64,
    /// Whom records name
    #[arg(long, default_value = "developer", value_name = "NAME")]
    actor: String,
}

/// What `rapport token dev` is told.
#[derive(Args, Clone, Debug)]
pub struct Dev {
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    reach: Reach,
}

/// What `rapport token keys` is told.
#[derive(Args, Clone, Debug)]
pub struct Keys {
    /// Folder for issuer.key, jwks.json, secret and internal.key
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// What `rapport token make` is told.
#[derive(Args, Clone, Debug)]
pub struct Make {
    /// Folder that `rapport token keys` filled
    #[arg(long, value_name = "FOLDER")]
    keys: PathBuf,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    reach: Reach,
}

/// Prints a token and nothing else; or makes keys, and says what for.
///
/// # Errors
/// There is no key, or the tenant's code cannot be looked up.
pub async fn run(ask: Ask) -> Result<(), CliError> {
    match ask {
        Ask::Dev(dev) => {
            let tenant = if dev.wanted.operator { None } else { Some(tenant(&dev.reach).await?) };
            let (scopes, issuer) = (dev.wanted.scopes()?, dev.reach.issuer()?);
            say!("{}", issuer.mint(tenant, scopes, &dev.wanted.actor, dev.wanted.lifetime()));
        }
        Ask::Keys(keys) => keys.make()?,
        Ask::Make(make) => {
            let issuer = OwnIssuer::open(&make.keys).map_err(unusable)?;
            let tenant = if make.wanted.operator { None } else { Some(own_tenant(&issuer, &make).await?) };
            let scopes = make.wanted.scopes()?;
            say!("{}", issuer.mint(tenant, scopes, &make.wanted.actor, make.wanted.lifetime()));
        }
    }
    Ok(())
}

impl Wanted {
    fn scopes(&self) -> Result<Vec<&str>, CliError> {
        let known = every_scope();
        if let Some(unknown) = self.scopes.iter().find(|scope| !known.contains(scope.as_str())) {
            let all: Vec<&str> = known.into_iter().collect();
            return Err(CliError::Asked(format!(
                "--scopes {unknown}: no call asks for it; there are {}",
                all.join(", ")
            )));
        }
        Ok(if self.scopes.is_empty() {
            known.into_iter().collect()
        } else {
            self.scopes.iter().map(String::as_str).collect()
        })
    }

    const fn lifetime(&self) -> Duration {
        Duration::from_secs(self.hours * 3_600)
    }
}

impl Keys {
    fn make(&self) -> Result<(), CliError> {
        let issuer = OwnIssuer::open_or_make(&self.folder).map_err(unusable)?;
        issuer.publish().map_err(unusable)?;
        for name in ["secret", "internal.key"] {
            auth::kept(&self.folder.join(name)).map_err(unusable)?;
        }
        let folder = self.folder.display();
        say!(
            "{folder}/issuer.key     signs tokens: `rapport token make --keys {folder}`; keep it to yourself\n\
             {folder}/jwks.json      RAPPORT_JWKS_FILE, with RAPPORT_ISSUER={OWN_ISSUER}\n\
             {folder}/secret         RAPPORT_SECRET_FILE, one for the installation, for ever\n\
             {folder}/internal.key   RAPPORT_INTERNAL_KEY_FILE"
        );
        Ok(())
    }
}

fn unusable(error: server::auth::SecretError) -> CliError {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    CliError::Asked(format!("{error}{cause}; `rapport token keys FOLDER` makes what is missing"))
}

/// An id is taken as it is; a code is looked up in the running suite.
async fn tenant(reach: &Reach) -> Result<TenantId, CliError> {
    if let Ok(id) = TenantId::parse(&reach.tenant) {
        return Ok(id);
    }
    id_of(reach.entrance()?.tenant(&reach.tenant).await?.own_tenant().await?)
}

/// The same with a token of one's own issuer, for the look-up alone.
async fn own_tenant(issuer: &OwnIssuer, make: &Make) -> Result<TenantId, CliError> {
    if let Ok(id) = TenantId::parse(&make.reach.tenant) {
        return Ok(id);
    }
    let operator = issuer.mint(None, every_scope(), "rapport-cli", Duration::from_secs(60));
    let suite = Suite::with_token(make.reach.way()?, &operator)?;
    id_of(suite.tenant_named(&make.reach.tenant).await?)
}

fn id_of(tenant: proto::registry::v1::Tenant) -> Result<TenantId, CliError> {
    TenantId::parse(&tenant.id).map_err(|_| CliError::odd("the suite gave a tenant without an id"))
}
