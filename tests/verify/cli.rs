use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A run of `archc verify` in `examples/porting/`: what it was given and said, and how it ended.
fn verify(args: &[&str], input: &str) -> (String, i32) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_archc"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/porting"))
        .env_remove("CLICOLOR_FORCE")
        .arg("verify")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that fails before it reads leaves the pipe closed.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    let code = output.status.code().unwrap();
    (format!("$ archc verify {}\n{out}--- standard error\n{err}--- exit code {code}\n", args.join(" ")), code)
}

/// net.arch with some text replaced.
fn edited(from: &str, to: &str) -> String {
    assert!(super::NET.contains(from));
    super::NET.replace(from, to)
}

/// Fractions as `#`: what rounding leaves in their last digits depends on the processor.
fn masked(text: &str) -> String {
    let mask = |word: &str| {
        let sign = word.trim_start_matches('-');
        let number = sign.starts_with(|c: char| c.is_ascii_digit()) && sign.contains(['.', 'e']);
        let number = number && sign.trim_end_matches(',').parse::<f64>().is_ok();
        if number { "#".to_string() } else { word.to_string() }
    };
    let line = |line: &str| line.split(' ').map(mask).collect::<Vec<_>>().join(" ");
    text.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn a_port_is_proved() {
    let (transcript, code) = verify(&["net.arch", "reference.json"], "");
    assert_eq!(code, 0);
    insta::assert_snapshot!("agrees", masked(&transcript));
    assert_eq!(verify(&["-", "reference.json"], super::NET).1, 0);
    assert_eq!(verify(&["net.arch", "-"], super::REFERENCE).1, 0);
}

#[test]
fn what_differs_is_shown() {
    let transcripts = [
        verify(&["-", "reference.json"], &edited("silu -> gate: gate", "relu -> gate: gate")),
        verify(&["-", "reference.json"], &edited("reduce:", "squeeze:")),
        verify(&["-", "reference.json"], &edited("linear(classes)", "linear(11)")),
        verify(&["-", "reference.json"], &edited("image[3, 64, 64]", "image[3, 32, 32]")),
    ];
    assert!(transcripts.iter().all(|(_, code)| *code == 1));
    insta::assert_snapshot!("differs", transcripts.map(|(text, _)| masked(&text)).join("\n"));
}

#[test]
fn the_page_shows_what_is_printed() {
    let page = include_str!("../../docs/porting.md");
    let shown: Vec<&str> = page.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let printed = [
        verify(&["net.arch", "reference.json"], ""),
        verify(&["-", "reference.json"], &edited("silu -> gate: gate", "relu -> gate: gate")),
    ];
    assert_eq!(shown.len(), printed.len());
    for (shown, (printed, _)) in shown.iter().zip(&printed) {
        assert!(masked(printed).contains(&masked(shown)), "{printed}");
    }
}

#[test]
fn machines_get_json() {
    let (out, code) = verify(&["-", "reference.json", "--format", "json"], &edited("units: seq", "blocks: seq"));
    assert_eq!(code, 1);
    let line = out.lines().nth(1).unwrap();
    let found: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&found["agrees"], &found["format"]), (&false.into(), &1.into()));
    assert_eq!(found["layers"]["differing"][0]["path"], "units.0.depthwise");
    assert_eq!(found["layers"]["differing"][0]["after"], "stem.1");
    assert!(found["layers"]["differing"][0]["found"].is_null());
    assert_eq!(found["params"], serde_json::json!({"expected": 5322, "found": 5322}));
}

#[test]
fn what_can_t_be_compared_is_told() {
    let transcripts = [
        verify(&["net.arch", "nowhere.json"], ""),
        verify(&["net.arch", ".."], ""),
        verify(&["net.arch", "net.py"], ""),
        verify(&["net.arch", "-"], "{\"input\": [3, 64, 64], \"params\": \"many\"}"),
        verify(&["nowhere.arch", "reference.json"], ""),
        verify(&["-", "reference.json"], &edited("silu", "sulu")),
        verify(&["net.arch", "reference.json", "--names", "timm"], ""),
        verify(&["net.arch", "reference.json", "--device", "gpu"], ""),
    ];
    assert!(transcripts.iter().all(|(_, code)| *code == 2));
    insta::assert_snapshot!("not_compared", transcripts.map(|(text, _)| text).join("\n"));
}

/// More than any reference has, and never all in memory.
#[cfg(target_os = "linux")]
#[test]
fn a_file_without_end_is_not_read() {
    let (transcript, code) = verify(&["net.arch", "/dev/zero"], "");
    assert_eq!(code, 2);
    assert!(transcript.contains("it is larger than 64 MiB"), "{transcript}");
}
