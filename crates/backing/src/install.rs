//! Installs what is missing with the machine's own package manager, when we may.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::account::we_are_root;
use crate::{Tell, Trouble, process};

/// Set to `never`, nothing is installed: what is missing is reported with the command to type.
pub const SETTING: &str = "RAPPORT_INSTALL";

/// A program under the names its packages have.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    /// What people call it.
    pub name: &'static str,
    /// Debian's name.
    pub apt: &'static str,
    /// Homebrew's name.
    pub brew: &'static str,
}

/// Where a program lies, which its package brings where it is missing.
pub fn program(name: &str, package: Package, tell: Tell<'_>) -> Result<PathBuf, Trouble> {
    if let Some(found) = process::on_path(name) {
        return Ok(found);
    }
    install(package, tell)?;
    process::on_path(name).ok_or_else(|| Trouble::failed(format!("looking for {name}"), "its package did not bring it"))
}

/// Installs the package, and answers by which means: "apt" or "brew".
///
/// On Debian, installing a server may also start the distribution's own default service. That one is left alone.
pub fn install(package: Package, tell: Tell<'_>) -> Result<&'static str, Trouble> {
    let missing = |why: &str, command: String| Trouble::Missing {
        program: package.name.to_owned(),
        why: why.to_owned(),
        command,
    };
    let apt = process::on_path("apt-get").is_some();
    let brew = process::on_path("brew").is_some();
    let by_hand = command_to_type(package, apt, brew);
    if std::env::var(SETTING).is_ok_and(|value| value == "never") {
        return Err(missing("nothing is installed, as RAPPORT_INSTALL=never says", by_hand));
    }
    if apt {
        let Some(rights) = rights() else {
            return Err(missing("installing it needs root, or sudo without a password", by_hand));
        };
        tell(package.name, &format!("not found, installing {} with apt", package.apt));
        run(package, rights, "apt-get", &["-q", "update"])?;
        run(
            package,
            rights,
            "apt-get",
            &["-q", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", package.apt],
        )?;
        return Ok("apt");
    }
    if brew {
        tell(package.name, &format!("not found, installing {} with brew", package.brew));
        run(package, &[], "brew", &["install", package.brew])?;
        return Ok("brew");
    }
    Err(missing("neither apt-get nor brew is here to install it", by_hand))
}

fn command_to_type(package: Package, apt: bool, brew: bool) -> String {
    match (apt, brew) {
        (true, _) => format!("sudo apt-get update && sudo apt-get install -y {}", package.apt),
        (false, true) => format!("brew install {}", package.brew),
        (false, false) => format!("your system's package manager, for {}", package.name),
    }
}

/// The words to put before a command that needs root: `None` if we cannot become root without asking.
fn rights() -> Option<&'static [&'static str]> {
    if we_are_root() {
        return Some(&[]);
    }
    process::output_of("sudo", &["-n", "true"]).map(|_| &["sudo", "-n"][..])
}

fn run(package: Package, rights: &[&str], program: &str, arguments: &[&str]) -> Result<(), Trouble> {
    let mut words = rights.iter().copied().chain(["env", "DEBIAN_FRONTEND=noninteractive", program]);
    let first = words.next().unwrap_or(program);
    let mut command = Command::new(first);
    command.args(words).args(arguments).stdin(Stdio::null()).current_dir("/");
    let doing = || format!("installing {} ({program} {})", package.name, arguments.join(" "));
    let output = command.output().map_err(|error| Trouble::failed(doing(), error))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Trouble::failed(doing(), process::last_words(&output)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: Package = Package { name: "Redis", apt: "redis-server", brew: "redis" };

    #[test]
    fn the_command_to_type_fits_the_machine() {
        assert_eq!(command_to_type(PACKAGE, true, true), "sudo apt-get update && sudo apt-get install -y redis-server");
        assert_eq!(command_to_type(PACKAGE, false, true), "brew install redis");
        assert!(command_to_type(PACKAGE, false, false).contains("for Redis"));
    }
}
