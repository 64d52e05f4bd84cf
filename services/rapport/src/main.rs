//! The program: one line for each command, and what all of them need before and after.

use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::Parser as _;
use rapport::cli::{Cli, Command};
use rapport::client::CliError;
use rapport::{
    clock, demo, doctor, events, explain, import, member, migrate, orders, points, programme, report, serve, tenant,
    token, up,
};

fn main() -> ExitCode {
    // First of all: with two providers in one binary, whoever asks for the default one panics.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("TLS could not be set up");
        return ExitCode::FAILURE;
    }
    let cli = Cli::parse();
    let mut settings = telemetry::Settings::from_environment("rapport");
    if std::env::var_os("RUST_LOG").is_none() {
        // What PostgreSQL remarks on the way is not news.
        settings.filter = if cli.command.serves() { "info,sqlx=warn" } else { "error" }.to_owned();
    }
    // Dropped last, after the runtime: sending the last spans blocks its thread.
    let _telemetry = telemetry::init(&settings);
    let workers = available_parallelism().map_or(2, |cores| cores.get().max(2));
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(error.exit_code())
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
        Command::Member(ask) => member::run(ask).await,
        Command::Orders(ask) => orders::run(ask).await,
        Command::Points(ask) => points::run(ask).await,
        Command::Explain(ask) => explain::run(ask).await,
        Command::Demo(ask) => demo::run(ask).await,
    }
}
