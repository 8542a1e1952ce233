//! The page of a graph: what it holds, and, where there is a Chromium, how it answers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::cli::archc;

/// The page of an architecture, drawn in `tests/cli`.
fn page(target: &str) -> String {
    let run = archc(&["graph", target, "--format", "html"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    run.out
}

/// What the page's script is given.
fn data(page: &str) -> serde_json::Value {
    let line = page.lines().find_map(|line| line.rsplit_once("start(").filter(|(_, rest)| rest.starts_with('{')));
    serde_json::from_str(line.unwrap().1.strip_suffix(");").unwrap()).unwrap()
}

#[test]
fn a_page_holds_the_graph_and_fetches_nothing() {
    let page = page("tiny.arch:tiny");
    for fetching in ["http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(fetching), "{fetching}");
    }
    let data = data(&page);
    let lines = ["parts", "nodes"].into_iter().flat_map(|name| data[name].as_array().unwrap());
    insta::assert_snapshot!("page_data", lines.map(ToString::to_string).collect::<Vec<_>>().join("\n"));
}

#[test]
fn no_text_of_a_file_ends_the_script() {
    let text = "arch net {\n input x[3, 8, 8]\n conv(4, 1) // </script><b>{{data}}\n output y\n}\n";
    let run = super::super::cli::archc_reading(&["graph", "-", "--format", "html"], text);
    assert_eq!(run.out.matches("</script>").count(), 1);
    assert!(data(&run.out)["nodes"][1]["code"].as_str().unwrap().contains("</script><b>{{data}}"));
}

#[test]
fn a_page_answers_in_a_browser() {
    let Some(chromium) = chromium() else {
        println!("no Chromium is found, so the page is not tried; ARCHC_CHROMIUM can name one");
        return;
    };
    let checks = include_str!("page_checks.js");
    let folder = tempfile::tempdir().unwrap();
    for target in ["zoo:resnet50", "zoo:preact_resnet1001"] {
        let html = page(target).replace("</body>", &format!("<script>{checks}</script></body>"));
        let path = folder.path().join("page.html");
        std::fs::write(&path, html).unwrap();
        let dom = dumped(&chromium, &path, folder.path());
        let found = dom.split_once("<pre id=\"checks\">").and_then(|(_, rest)| rest.split_once("</pre>"));
        let found = found.unwrap_or_else(|| panic!("the script did not end:\n{}", &dom[..dom.len().min(2000)])).0;
        assert!(found.lines().count() > 15 && found.lines().all(|line| line.starts_with("ok ")), "{target}:\n{found}");
    }
}

/// The page after its scripts have run.
fn dumped(chromium: &Path, page: &Path, folder: &Path) -> String {
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900", "--dump-dom"])
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
