//! Blocks marked `console`: lines that begin with `$` are run, in the folder of their page, and what follows each is what
//! it prints. `ARCHC_PICTURES=draw` writes it anew.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Pages with such blocks, examples among them.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pattern = |folder: &str| glob::glob(root.join(folder).join("*.md").to_str().unwrap()).unwrap();
    let mut pages: Vec<PathBuf> = ["docs", "examples"].into_iter().flat_map(pattern).map(Result::unwrap).collect();
    pages.sort();
    pages
}

/// All that a command prints, run by a shell that knows `archc`.
fn printed(folder: &Path, command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_archc")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{command} 2>&1")]).current_dir(folder).env("PATH", path);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        shell.env_remove(name);
    }
    let output = shell.output().unwrap();
    // 1 is the answer of `archc diff`.
    assert!(output.status.code().is_some_and(|code| code < 2), "{command}\n{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The page with the outputs that its commands have now, and how many commands it has.
fn rendered(page: &str, folder: &Path) -> (String, usize) {
    let (mut text, mut commands) = (String::new(), 0);
    let (mut inside, mut output) = (false, false);
    for line in page.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => (inside, output) = (false, false),
            (true, line) if line.starts_with("$ ") => {
                if output {
                    text.push('\n');
                }
                text.push_str(&format!("{line}\n{}", printed(folder, &line[2..])));
                (commands, output) = (commands + 1, true);
                continue;
            }
            // What the command printed when the page was written.
            (true, _) if output => continue,
            _ => {}
        }
        text.push_str(line);
        text.push('\n');
    }
    (text, commands)
}

#[cfg(unix)]
#[test]
fn commands_print_what_pages_say() {
    let (mut tested, mut stale) = (0, Vec::new());
    for path in pages() {
        let page = std::fs::read_to_string(&path).unwrap();
        let (now, commands) = rendered(&page, path.parent().unwrap());
        if page != now && std::env::var_os("ARCHC_PICTURES").is_some_and(|value| value == "draw") {
            std::fs::write(&path, &now).unwrap();
        }
        let differs = page.lines().zip(now.lines()).find(|(kept, new)| kept != new);
        stale.extend(differs.map(|lines| format!("{}: {lines:?}\n", path.display())));
        tested += commands;
    }
    assert!(stale.is_empty(), "{}run the tests with ARCHC_PICTURES=draw", stale.concat());
    assert!(tested > 0, "no command was found");
}

/// Every example is a file and a page, stands in the index, and has nothing wrong with it.
#[test]
fn examples_are_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let files = glob::glob(folder.join("*.arch").to_str().unwrap()).unwrap().map(Result::unwrap);
    let names: Vec<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_string()).collect();
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        assert!(index.contains(&format!("]({name}.md)")) && index.contains(&format!("]({name}.arch)")), "{name}");
        let page = std::fs::read_to_string(folder.join(format!("{name}.md"))).unwrap();
        assert!(page.contains(&format!("]({name}.arch)")) && page.contains("```console\n"), "{name}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
        command.current_dir(&folder).args(["check", "--deny", "warnings", &format!("{name}.arch")]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
