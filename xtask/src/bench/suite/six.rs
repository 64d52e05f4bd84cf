//! Six processes, one for each service.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::{FOLDER, RAPPORT};
use crate::bench::process::{free_port, ready, stop};
use crate::run::{Failure, Outcome, output};

/// In the order in which they hear each other, and in which `load` wants their addresses.
pub(super) const SERVICES: [&str; 6] =
    ["registry", "activity", "loyalty", "segmentation", "referrals", "subscriptions"];

/// Six processes on one migrated database.
pub(super) struct Six {
    pub(super) addresses: Vec<String>,
    pub(super) state: String,
    /// From the first one's start until all were ready.
    pub(super) seconds: f64,
    children: Vec<Child>,
}

impl Six {
    /// Migrates and starts them; answers when all are ready.
    pub(super) fn start(url: &str, name: &str, clock: &str) -> Result<Self, Failure> {
        let state = format!("{FOLDER}/state-{name}");
        drop(std::fs::remove_dir_all(&state));
        output(Command::new(RAPPORT).args(["migrate", "--database-url", url, "--state-dir", &state]))?;
        let ports = SERVICES.map(|_| Ok((free_port()?, free_port()?)));
        let ports = ports.into_iter().collect::<Result<Vec<(u16, u16)>, Failure>>()?;
        let addresses: Vec<String> = ports.iter().map(|(grpc, _)| format!("127.0.0.1:{grpc}")).collect();
        let mut six = Self { addresses, state, seconds: 0.0, children: Vec::new() };
        let began = Instant::now();
        for (place, (_, admin)) in ports.iter().enumerate() {
            let child = six.serve(place, *admin, url, clock)?;
            six.children.push(child);
        }
        for (child, (_, admin)) in six.children.iter_mut().zip(&ports) {
            ready(*admin, child)?;
        }
        six.seconds = began.elapsed().as_secs_f64();
        Ok(six)
    }

    fn serve(&self, place: usize, admin: u16, url: &str, clock: &str) -> Result<Child, Failure> {
        let mut command = Command::new(RAPPORT);
        command.args(["serve", SERVICES[place], "--database-url", url, "--listen", &self.addresses[place]]);
        command.args(["--admin", &format!("127.0.0.1:{admin}"), "--state-dir", &self.state, "--clock", clock]);
        for (other, address) in SERVICES.iter().zip(&self.addresses).filter(|(other, _)| **other != SERVICES[place]) {
            command.env(format!("RAPPORT_{}_URL", other.to_uppercase()), format!("http://{address}"));
        }
        command.env("RUST_LOG", "error").stdin(Stdio::null()).stdout(Stdio::null());
        command.spawn().map_err(Failure::said)
    }

    /// What the system tells of each process.
    pub(super) fn each(&self, told: fn(&Child) -> f64) -> Vec<f64> {
        self.children.iter().map(told).collect()
    }

    /// Ends them, and waits.
    pub(super) fn stop(mut self) -> Outcome {
        std::mem::take(&mut self.children).into_iter().try_for_each(stop)
    }
}

/// Where something went wrong on the way, nobody is left behind.
impl Drop for Six {
    fn drop(&mut self) {
        for child in &mut self.children {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
