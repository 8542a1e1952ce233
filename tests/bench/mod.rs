//! `archc bench` measures what it says: figures that fit together. How large they are is the machine's business.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench")).arg("bench").args(args);
    command.env_remove("ARCHC_SIMD");
    command
}

fn bench(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

fn json(args: &[&str]) -> Value {
    let output = bench(&[args, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(arch: &Value, name: &str) -> f64 {
    arch[name].as_f64().unwrap_or_else(|| panic!("`{name}` is a number: {arch}"))
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-6 * b.abs(), "{a} and {b}");
}

#[test]
fn figures_fit_together() {
    let found = json(&["small.arch:small", "--batch", "3", "--threads", "2", "--iterations", "7", "--layers"]);
    let arch = &found["archs"][0];
    assert_eq!((arch["arch"].as_str(), arch["batch"].as_u64()), (Some("small"), Some(3)));
    assert_eq!((arch["threads"].as_u64(), arch["iterations"].as_u64()), (Some(2), Some(7)));
    let seconds = number(arch, "median_ms") / 1e3;
    assert!(number(arch, "min_ms") <= number(arch, "p10_ms") && number(arch, "p10_ms") <= number(arch, "median_ms"));
    assert!(number(arch, "median_ms") <= number(arch, "p90_ms"));
    close(number(arch, "images_per_s"), 3.0 / seconds);
    close(number(arch, "gflops"), 2.0 * number(arch, "macs") / seconds / 1e9);
    close(number(arch, "peak_fraction"), number(arch, "gflops") / number(arch, "peak_gflops"));
    assert!(cfg!(not(target_os = "linux")) || number(arch, "peak_rss_bytes") > 1e6);
    let layers = arch["layers"].as_array().unwrap();
    close(layers.iter().map(|layer| number(layer, "share")).sum(), 1.0);
    close(layers.iter().map(|layer| number(layer, "macs")).sum(), number(arch, "macs"));
}

#[test]
fn tables_name_every_architecture_and_step() {
    let output = bench(&["small.arch:small", "small.arch:other", "--iterations", "1", "--layers", "--exact"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    for word in ["small", "other", "direct convolution + relu", "depthwise convolution + relu", "GFLOP/s"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains("Winograd"), "{text}");
}

#[test]
fn the_environment_chooses_instructions() {
    let simd = |name: &str| {
        command(&["small.arch:other", "--iterations", "1", "--format", "json"]).env("ARCHC_SIMD", name).output()
    };
    let output = simd("scalar").unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"simd\":\"scalar\""));
    let output = simd("mmx").unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("ARCHC_SIMD is `mmx`, which is none of scalar, avx2, avx512 and neon"), "{told}");
}

#[test]
fn what_cannot_be_measured_is_told() {
    for (args, words) in [
        (&["small.arch"][..], "say which, as in `small.arch:small`"),
        (&["none.arch"][..], "none.arch"),
        (&["small.arch:small", "small.arch:other", "--weights", "w.safetensors"][..], "for one architecture"),
        (&["small.arch:small", "--weights", "w.safetensors"][..], "w.safetensors"),
        (&["small.arch:small", "--iterations", "0"][..], "0 is not in"),
        (&["small.arch:small", "--threads", "0"][..], "0 is not in"),
    ] {
        let output = bench(args);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && told.contains(words), "{args:?}: {told}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_batch_that_does_not_fit_is_refused() {
    for (input, batch) in [("3x100000x100000", "1"), ("3x10000x10000", "65536")] {
        let output = bench(&["small.arch:small", "--input", input, "--batch", batch]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && told.contains("too large to compute"), "{told}");
    }
    let output = bench(&["small.arch:small", "--input", "3x6000x6000", "--batch", "6000"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && told.contains("are free; a smaller batch"), "{told}");
}
