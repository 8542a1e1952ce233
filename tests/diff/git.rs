//! archc as git's difference tool, by the recipes of docs/diff.md.

use std::path::Path;
use std::process::{Command, Output};

/// What `GIT_EXTERNAL_DIFF` is to be; git gives it seven arguments, of which the second and the fifth are the files.
const EXTERNAL: &str = r#"f() { archc diff "$2" "$5" || test $? = 1; }; f"#;

/// git in a folder, where `archc` is this program; nothing where there is no git.
fn git(folder: &Path, args: &[&str], variable: Option<(&str, &str)>) -> Option<Output> {
    let program = Path::new(env!("CARGO_BIN_EXE_archc")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
    let mut command = Command::new("git");
    command.current_dir(folder).args(who).args(args).env("PATH", path).env("GIT_CONFIG_GLOBAL", "/dev/null");
    // The repository that the tests may be run from.
    command.env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").envs(variable);
    command.output().ok()
}

/// A repository where `net.arch` has changed since it was committed, and `new.arch` is new.
fn repository() -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, width: usize| {
        let text = format!("arch net {{ input image[3, 8, 8]; conv({width}, 3) -> relu; output y }}\n");
        std::fs::write(folder.path().join(name), text).unwrap();
    };
    write("net.arch", 4);
    for args in [&["init", "-q"] as &[&str], &["add", "net.arch"], &["commit", "-qm", "first"]] {
        assert!(git(folder.path(), args, None)?.status.success());
    }
    write("net.arch", 8);
    write("new.arch", 2);
    git(folder.path(), &["add", "-N", "new.arch"], None)?;
    Some(folder)
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

#[test]
fn git_shows_differences_of_architectures() {
    let page = include_str!("../../docs/diff.md");
    let Some(folder) = repository() else { return };
    assert!(page.contains(EXTERNAL), "docs/diff.md has another recipe");
    let output = git(folder.path(), &["diff"], Some(("GIT_EXTERNAL_DIFF", EXTERNAL))).unwrap();
    let shown = text(&output);
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("conv: out 4 -> 8"), "{shown}");
    // What the working tree alone has comes as a difference to nothing.
    assert!(shown.contains("+   net") && shown.contains("only in new.arch"), "{shown}");
}

#[test]
fn archc_is_a_difftool() {
    assert!(include_str!("../../docs/diff.md").contains("git difftool -y -x 'archc diff'"));
    let Some(folder) = repository() else { return };
    let output = git(folder.path(), &["difftool", "-y", "-x", "archc diff", "HEAD", "--", "net.arch"], None).unwrap();
    let shown = text(&output);
    assert!(shown.contains("conv: out 4 -> 8"), "{shown}");
}
