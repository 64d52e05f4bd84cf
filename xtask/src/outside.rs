//! What tests look at the suite from outside with: a Python of their own under target/, kubectl and buildah.

use std::path::{Path, PathBuf};
use std::process::Command;

use backing::install::{self, Package};

use crate::run::{Failure, output, tell};

/// Packages by name and version: DuckDB works figures out anew, kubernetes-validate knows the schemas of Kubernetes.
const PACKAGES: [&str; 2] = ["duckdb==1.5.6", "kubernetes-validate==1.37.0"];
const FOLDER: &str = "target/python";

const PYTHON: Package = Package { name: "Python", apt: "python3-venv", brew: "python" };
const BUILDAH: Package = Package { name: "buildah", apt: "buildah", brew: "buildah" };
const KUBECTL: Package = Package { name: "kubectl", apt: "kubernetes-client", brew: "kubernetes-cli" };

/// The interpreter, with the packages installed.
pub(crate) fn python() -> Result<PathBuf, Failure> {
    let folder = Path::new(FOLDER);
    let (python, noted) = (folder.join("bin/python"), folder.join("packages"));
    let wanted = PACKAGES.join(" ");
    if std::fs::read_to_string(&noted).is_ok_and(|there| there == wanted) && python.exists() {
        return absolute(&python);
    }
    tell("python", &format!("installing {wanted} under {FOLDER}"));
    let make = || output(Command::new("python3").args(["-m", "venv", "--clear", FOLDER]));
    if make().is_err() {
        install::install(PYTHON, &tell)?;
        make()?;
    }
    output(
        Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES),
    )?;
    std::fs::write(&noted, wanted).map_err(Failure::said)?;
    absolute(&python)
}

/// The program that renders what is deployed to Kubernetes.
pub(crate) fn kubectl() -> Result<PathBuf, Failure> {
    Ok(install::program("kubectl", KUBECTL, &tell)?)
}

/// The program that makes the container image.
pub(crate) fn buildah() -> Result<PathBuf, Failure> {
    Ok(install::program("buildah", BUILDAH, &tell)?)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(Failure::said)
}
