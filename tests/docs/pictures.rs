//! The pictures of the README: what the program prints in colour, as SVG. `ARCHC_PICTURES=draw` draws them anew.

use std::path::Path;
use std::process::Command;

/// File name and the arguments of the command that is pictured.
const PICTURES: &[(&str, &[&str])] =
    &[("check.svg", &["check", "docs/pictures/mistake.arch"]), ("stats.svg", &["stats", "zoo:googlenet"])];

/// File name and the arguments of the command that writes it.
const DRAWN: &[(&str, &[&str])] = &[
    ("zoo.svg", &["plot", "--format", "svg"]),
    (
        "sweep.svg",
        &[
            "plot",
            "zoo:mobilenet_v1",
            "--sweep",
            "alpha=0.25..1:0.25",
            "--sweep",
            "input=128..224:32",
            "--format",
            "svg",
        ],
    ),
    ("resnet18.svg", &["graph", "zoo:resnet18", "--format", "svg"]),
];

fn draw(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_archc"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--color", "always"])
        .args(args)
        .output()
        .unwrap();
    let screen = format!("$ archc {}\n{}", args.join(" "), String::from_utf8(output.stdout).unwrap());
    anstyle_svg::Term::new().render_svg(&screen)
}

fn write(args: &[&str]) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let output = Command::new(env!("CARGO_BIN_EXE_archc")).current_dir(root).args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn pictures_show_what_the_program_prints() {
    let shown = PICTURES.iter().map(|(name, args)| (name, draw(args)));
    let written = DRAWN.iter().map(|(name, args)| (name, write(args)));
    for (name, drawn) in shown.chain(written) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures").join(name);
        if std::env::var_os("ARCHC_PICTURES").is_some_and(|value| value == "draw") {
            std::fs::write(&path, &drawn).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == drawn, "{name} is out of date; run the tests with ARCHC_PICTURES=draw");
    }
}
