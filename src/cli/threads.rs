//! `--threads`, for all that computes.

use std::process::Command;

use super::Failure;

/// What candle and rayon read, once each, when they start their threads.
const VARIABLES: [&str; 2] = ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"];

/// Makes this process one in which no more than `threads` threads compute. candle takes their number from the environment
/// alone, which a process can't soundly change for itself, so where it says otherwise the program starts anew in its
/// place. To be called before anything is read or written.
///
/// # Errors
/// The program can't be started.
pub fn limit(threads: u16) -> Result<(), Failure> {
    let wanted = threads.to_string();
    if VARIABLES.iter().all(|name| std::env::var(name).is_ok_and(|value| value == wanted)) {
        return Ok(());
    }
    let failed = |error: std::io::Error| Failure::usage(format!("can't start with {wanted} threads: {error}"));
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(std::env::args_os().skip(1)).envs(VARIABLES.map(|name| (name, &wanted)));
    replace(command).map_err(failed)
}

#[cfg(unix)]
fn replace(mut command: Command) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt;
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    Err(command.exec())
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> std::io::Result<()> {
    std::process::exit(command.status()?.code().unwrap_or(2))
}
