//! Six processes, one for each service: each with a login of its own on the database, and the addresses of the others.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::TenantId;
use rapport::client::{DEV_KEY, Suite};
use rapport::suite::Service;
use server::{DevIssuer, Peers};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::Database;
use tonic::transport::Endpoint;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rapport");
const PASSWORD: &str = "alone";
/// Few, for other tests use the server too.
const CONNECTIONS: &str = "6";
/// Below the ports that the system gives to whoever connects, so that a service finds its own again.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Where one service is to be found.
#[derive(Clone, Debug)]
pub struct Place {
    pub service: Service,
    pub grpc: String,
    pub admin: String,
    /// Odd while it runs and has its database; counts lives and deaths, so that who looks twice knows what was in between.
    life: Arc<AtomicU64>,
}

impl Place {
    pub fn life(&self) -> u64 {
        self.life.load(Ordering::SeqCst)
    }

    pub const fn is_alive(life: u64) -> bool {
        life % 2 == 1
    }

    fn turn(&self) {
        self.life.fetch_add(1, Ordering::SeqCst);
    }
}

/// The processes, by their service.
pub struct Fleet {
    places: Vec<Place>,
    processes: Vec<Option<Child>>,
    folder: PathBuf,
    logins: Logins,
    // Last: a database is dropped after those who use it.
    database: Database,
}

/// A login for each service, which may work as that one and as nobody else; dropped with this value.
struct Logins {
    server: String,
    prefix: String,
}

impl Fleet {
    /// A migrated database with a login for each service; nobody serves yet.
    pub async fn prepared(name: &str) -> Self {
        let database = Database::for_suite(&[]).await;
        let folder = std::env::temp_dir().join(format!("rapport-fleet-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the system's folder can be written");
        let mut ports = free_ports();
        let mut address = || format!("127.0.0.1:{}", ports.next().expect("twelve ports are free"));
        let places =
            Service::ALL.map(|service| Place { service, grpc: address(), admin: address(), life: Arc::default() });
        let processes = places.iter().map(|_| None).collect();
        let prefix = format!("alone_{}", uuid::Uuid::new_v4().simple());
        let logins = Logins { server: database.url().to_owned(), prefix };
        let fleet = Self { places: places.to_vec(), processes, folder, logins, database };
        let migrated = fleet.command(&["migrate"]).env("DATABASE_URL", fleet.database.url()).output();
        assert!(migrated.expect("the program runs").status.success());
        for service in Service::ALL {
            let login = fleet.logins.of(service);
            let statements =
                format!("CREATE ROLE {login} LOGIN PASSWORD '{PASSWORD}'; GRANT rapport_{service} TO {login}");
            fleet.alter(&statements).await;
        }
        fleet
    }

    pub fn places(&self) -> &[Place] {
        &self.places
    }

    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// The URL of a service's own login.
    pub fn url_of(&self, service: Service) -> String {
        let url = self.database.url();
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{}:{PASSWORD}@{host}", self.logins.of(service))
    }

    /// Somebody who may do everything, for a tenant or as an operator, who speaks to one of the processes.
    pub fn speaks_to(&self, service: Service, tenant: Option<TenantId>) -> Suite {
        let issuer = DevIssuer::open(self.folder.join(DEV_KEY)).expect("the processes have made it");
        let token = issuer.mint(tenant, server::auth::every_scope(), "a test", Duration::from_secs(3_600));
        let endpoint = Endpoint::from_shared(format!("http://{}", self.place(service).grpc)).expect("an address");
        let channel = endpoint.timeout(Duration::from_secs(10)).connect_lazy();
        Suite::with_token(channel, &token).expect("a token")
    }

    /// `kill -9`, of all of them at once.
    pub fn kill(&mut self, services: &[Service]) {
        for service in services {
            self.place(*service).turn();
            let process = self.process(*service).as_mut().expect("it runs");
            process.kill().expect("it can be killed");
        }
        for service in services {
            let mut process = self.process(*service).take().expect("it ran");
            process.wait().expect("it is gone");
        }
    }

    /// `kill -STOP`: the machine goes on taking connections for it, and nobody reads from them.
    pub fn freeze(&mut self, service: Service) {
        self.signal(service, "-STOP");
    }

    /// Lets it go on.
    pub fn thaw(&mut self, service: Service) {
        self.signal(service, "-CONT");
    }

    fn signal(&mut self, service: Service, name: &str) {
        let id = self.process(service).as_ref().expect("it runs").id();
        let sent = Command::new("kill").args([name, &id.to_string()]).status();
        assert!(sent.expect("kill is everywhere").success(), "kill {name} of {service}");
    }

    /// Starts them in this order, and waits until each says that it is ready.
    pub fn start(&mut self, services: &[Service]) {
        for service in services {
            let started = self.serve(*service);
            *self.process(*service) = Some(started);
        }
        for service in services {
            let stdout =
                self.process(*service).as_mut().and_then(|process| process.stdout.take()).expect("it is piped");
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            let ready = lines.any(|line| line.trim_start().starts_with("ready"));
            assert!(ready, "{service} did not start; see {}", self.folder.display());
            self.place(*service).turn();
        }
    }

    /// Takes the database away from one service, as an outage does: its connections end and no new one is let in.
    pub async fn take_database(&self, service: Service) {
        self.place(service).turn();
        let login = self.logins.of(service);
        self.alter(&format!("ALTER ROLE {login} CONNECTION LIMIT 0")).await;
        self.alter(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{login}'")).await;
    }

    /// Lets it in again; nothing is expected of it before [`Fleet::is_back`].
    pub async fn give_database_back(&self, service: Service) {
        self.alter(&format!("ALTER ROLE {} CONNECTION LIMIT -1", self.logins.of(service))).await;
    }

    pub fn is_back(&self, service: Service) {
        self.place(service).turn();
    }

    /// What a command says that is run beside registry, as in its container: where the others are, it is told as registry is.
    pub fn asked_beside_registry(&self, words: &[&str]) -> Output {
        let mut command = self.command(words);
        command.args(["--address", &self.place(Service::Registry).grpc]);
        self.tell_of_others(&mut command, Service::Registry);
        command.stdin(Stdio::null()).output().expect("the program runs")
    }

    fn tell_of_others(&self, command: &mut Command, service: Service) {
        for other in self.places.iter().filter(|other| other.service != service) {
            command.env(Peers::variable(other.service.name()), format!("http://{}", other.grpc));
        }
    }

    async fn alter(&self, statements: &str) {
        let mut look = self.database.look().await;
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut look).await.expect("a superuser may");
    }

    fn place(&self, service: Service) -> &Place {
        self.places.iter().find(|place| place.service == service).expect("all are there")
    }

    fn process(&mut self, service: Service) -> &mut Option<Child> {
        let at = self.places.iter().position(|place| place.service == service).expect("all are there");
        &mut self.processes[at]
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RAPPORT_")) {
            command.env_remove(name);
        }
        command.env_remove("REDIS_URL").env_remove("DATABASE_URL").env("RAPPORT_STATE_DIR", &self.folder).args(words);
        command
    }

    fn serve(&self, service: Service) -> Child {
        let place = self.place(service);
        let mut command = self.command(&["serve", service.name(), "--listen", &place.grpc, "--admin", &place.admin]);
        command.env("RAPPORT_CONNECTIONS", CONNECTIONS);
        command.env(format!("RAPPORT_{}_DATABASE_URL", service.name().to_uppercase()), self.url_of(service));
        self.tell_of_others(&mut command, service);
        let told = File::options().create(true).append(true).open(self.folder.join(format!("{service}.log")));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(told.expect("the folder is there"));
        command.spawn().expect("it starts")
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().flatten() {
            drop(process.kill());
            drop(process.wait());
        }
        // What the processes said is worth keeping where something went wrong.
        if !std::thread::panicking() {
            drop(std::fs::remove_dir_all(&self.folder));
        }
    }
}

impl Logins {
    fn of(&self, service: Service) -> String {
        format!("{}_{service}", self.prefix)
    }
}

impl Drop for Logins {
    fn drop(&mut self) {
        let dropped = Service::ALL.map(|service| format!("DROP ROLE IF EXISTS {}", self.of(service))).join(";");
        let server = self.server.clone();
        // A thread of its own, for a value may be dropped inside a runtime.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await.ok()?;
                sqlx::raw_sql(AssertSqlSafe(dropped)).execute(&mut connection).await.ok()
            })
        });
        // What is left over is thrown away with the server.
        drop(dropped.join());
    }
}

/// Ports that nobody listens on, found from a place that differs from process to process.
fn free_ports() -> impl Iterator<Item = u16> {
    let many = PORTS.end - PORTS.start;
    let first = u16::try_from(u32::from(many).min(std::process::id() * 24 % u32::from(many))).expect("a port");
    let all = (0..many).map(move |step| PORTS.start + (first + step) % many);
    all.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
}
