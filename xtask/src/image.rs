//! `cargo xtask image`: the container image, from the release build.

use std::process::Command;

use crate::outside;
use crate::run::{Failure, Outcome, cargo, output, run as run_here, tell};

/// Builds the program and has buildah make an image of it, installing buildah where it is missing.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let tag = match words {
        [] => "localhost/rapport:dev",
        ["--tag", tag] => tag,
        _ => return Err(Failure::said("cargo xtask image takes --tag NAME:TAG and nothing else")),
    };
    let buildah = outside::buildah()?;
    run_here(&mut cargo(&["build", "--release", "--package", "rapport"]))?;
    run_here(Command::new("deploy/build-image.sh").args(["target/release/rapport", tag]))?;
    let size = output(Command::new(buildah).args(["images", "--noheading", "--format", "{{.Size}}", tag]))?;
    tell("image", &format!("{tag}, {size}; `buildah push {tag} oci-archive:rapport.tar` takes it elsewhere"));
    Ok(())
}
