//! Small questions to the operating system about programs and processes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The command with no input and no output of its own, started in a folder that every user can enter.
pub(crate) fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/")
}

/// The trimmed output of a program that succeeded.
pub(crate) fn output_of(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).current_dir("/").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where a program lies on the PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    path_folders().into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The folders of the PATH, and those that hold system programs but are missing from many users' PATH.
pub(crate) fn path_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/opt/homebrew/bin"].map(PathBuf::from);
    std::env::split_paths(&path).filter(|folder| folder.is_absolute()).chain(system).collect()
}

/// What a failed program said last, for an error message.
pub(crate) fn last_words(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    let words = last_lines(&said, 6);
    if words.is_empty() { output.status.to_string() } else { words }
}

/// The last lines of a text that are not blank, joined into one.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join(" | ")
}

/// The command line of a running process: `None` if there is no such process, or no way to ask.
pub(crate) fn command_line(pid: u32) -> Option<String> {
    if let Ok(raw) = std::fs::read(format!("/proc/{pid}/cmdline")) {
        let text = String::from_utf8_lossy(&raw).replace('\0', " ");
        return Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    }
    output_of("ps", &["-o", "command=", "-p", &pid.to_string()]).filter(|text| !text.is_empty())
}

/// Whether some process has this folder as its working directory, as every PostgreSQL process has its data folder.
/// Answers `false` where the system does not say.
pub(crate) fn any_working_in(folder: &Path) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    processes.flatten().any(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_skips_blanks_and_keeps_the_end() {
        assert_eq!(last_lines("one\n\n two \nthree\n\n", 2), "two | three");
        assert_eq!(last_lines("", 2), "");
    }

    #[test]
    fn a_process_is_known_by_its_command_line_and_folder() {
        assert!(command_line(std::process::id()).is_some());
        assert!(command_line(u32::MAX - 1).is_none());
        let folder = std::env::current_dir().unwrap();
        assert!(any_working_in(&folder) || !Path::new("/proc/self").exists());
    }
}
