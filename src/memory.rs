//! The memory of this process and its machine, where the system tells of it.
#![allow(clippy::disallowed_methods, reason = "the system tells of memory in files")]

/// What a process can still have, in bytes.
pub fn available() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    kib(info.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?)
}

/// The most that this process has held since the last [`forget_peak`], in bytes.
pub fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    kib(status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?)
}

/// Forgets what was held before, where the system can; elsewhere [`peak`] is that of the whole process so far.
pub fn forget_peak() {
    // A system that can't says so, and loses nothing by it.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// `  2048 kB` in bytes.
fn kib(text: &str) -> Option<u64> {
    text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
