//! Pages in a headless Chromium, where there is one.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What runs the checks of a script, and writes a line for each into `<pre id="checks">`.
const CHECKED: &str = include_str!("checks.js");

/// Opens a page with a script of checks, and looks that there are `least` of them and all are fine. Where no browser is found,
/// standard error says so.
pub fn check(page: &str, script: &str, least: usize) {
    let Some(chromium) = chromium() else {
        // Past the test harness, which keeps what passing tests print.
        let note = b"note: no Chromium is found, so that a page is not tried; ARCHC_CHROMIUM can name one\n";
        std::io::stderr().write_all(note).unwrap();
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    std::fs::write(&path, page.replace("</body>", &format!("<script>{CHECKED}{script}</script></body>"))).unwrap();
    let dom = dumped(&chromium, &path, folder.path());
    let found = dom.split_once("<pre id=\"checks\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let found = found.unwrap_or_else(|| panic!("the script did not end:\n{}", &dom[..dom.len().min(2000)])).0;
    assert!(found.lines().all(|line| line.starts_with("ok ")), "{found}");
    assert!(found.lines().count() >= least, "{found}");
}

/// The page after its scripts have run.
fn dumped(chromium: &Path, page: &Path, folder: &Path) -> String {
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"])
        .args(["--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The browser that is named, or one of those that are usual.
fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ARCHC_CHROMIUM") {
        return Some(named.into());
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.is_file())
}
