//! The program: one line for each command, and what all of them need before and after.

use std::ffi::OsString;
use std::process::ExitCode;
use std::thread::available_parallelism;

use rapport::cli::{self, Command};
use rapport::client::{CliError, Way};
use rapport::{
    benefits, clock, coupons, demo, doctor, draws, events, explain, import, ledger, member, migrate, missions, orders,
    points, programme, reconcile, referrals, report, rewards, segments, serve, subscriptions, tenant, token, up,
};

fn main() -> ExitCode {
    // First of all: with two providers in one binary, whoever asks for the default one panics.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::from(cli::tell(&CliError::Failed("TLS could not be set up".to_owned()), false));
    }
    let words: Vec<OsString> = std::env::args_os().collect();
    let asked = match cli::read(&words) {
        Ok(asked) => asked,
        Err(code) => return ExitCode::from(code),
    };
    let mut settings = telemetry::Settings::from_environment("rapport");
    if std::env::var_os("RUST_LOG").is_none() {
        // What PostgreSQL remarks on the way is not news.
        settings.filter = if asked.command.serves() { "info,sqlx=error" } else { "error" }.to_owned();
    }
    // Dropped last, after the runtime: sending the last spans blocks its thread.
    let _telemetry = telemetry::init(&settings);
    let workers = available_parallelism().map_or(2, |cores| cores.get().max(2));
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = CliError::Failed(format!("the system gives no threads: {error}"));
            return ExitCode::from(cli::tell(&error, asked.json));
        }
    };
    match runtime.block_on(dispatch(asked.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let address = asked.address.as_deref().map(Way::described);
            ExitCode::from(cli::tell(&error.at(address.as_deref()), asked.json))
        }
    }
}

async fn dispatch(command: Command) -> Result<(), CliError> {
    match command {
        Command::Up(ask) => up::run(*ask).await,
        Command::Serve(ask) => serve::run(*ask).await,
        Command::Migrate(ask) => migrate::run(*ask).await,
        Command::Token(ask) => token::run(ask).await,
        Command::Doctor(ask) => doctor::run(ask).await,
        Command::Events(ask) => events::run(ask).await,
        Command::Clock(ask) => clock::run(ask).await,
        Command::Tenant(ask) => tenant::run(ask).await,
        Command::Programme(ask) => programme::run(ask).await,
        Command::Import(ask) => import::run(ask).await,
        Command::Report(ask) => report::run(ask).await,
        Command::Segments(ask) => segments::run(ask).await,
        Command::Member(ask) => member::run(ask).await,
        Command::Orders(ask) => orders::run(ask).await,
        Command::Points(ask) => points::run(ask).await,
        Command::Rewards(ask) => rewards::run(ask).await,
        Command::Benefits(ask) => benefits::run(ask).await,
        Command::Coupons(ask) => coupons::run(ask).await,
        Command::Ledger(ask) => ledger::run(ask).await,
        Command::Reconcile(ask) => reconcile::run(ask).await,
        Command::Missions(ask) => missions::run(ask).await,
        Command::Draws(ask) => draws::run(ask).await,
        Command::Referrals(ask) => referrals::run(ask).await,
        Command::Subscriptions(ask) => subscriptions::run(ask).await,
        Command::Explain(ask) => explain::run(ask).await,
        Command::Demo(ask) => demo::run(ask).await,
    }
}
