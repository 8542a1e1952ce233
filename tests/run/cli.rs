//! `archc run`, the program itself.

use std::path::Path;
use std::process::Command;

use super::{root, write};

/// Exit code, standard output and standard error of `archc run` in the project's folder.
pub fn run(args: &[&str]) -> (i32, String, String) {
    run_in(&root(), args)
}

/// The same in another folder.
pub fn run_in(folder: &Path, args: &[&str]) -> (i32, String, String) {
    archc_in(folder, &[&["run"], args].concat(), "")
}

/// The same of any command, with a folder for packed weights in the environment.
pub fn archc_in(folder: &Path, args: &[&str], packed_cache: &str) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_archc"))
        .current_dir(folder)
        .args(args)
        .env("ARCHC_CACHE", "no/such/cache")
        .env("ARCHC_PACKED_CACHE", packed_cache)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    // Reports are wrapped at the width of a terminal.
    let words = text(output.stderr).split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    (output.status.code().unwrap(), text(output.stdout), words)
}

#[test]
fn the_best_classes_of_a_photo_are_printed() {
    let (code, out, err) = run(&["archs/squeezenet.arch", "examples/images/coffee.png", "--topk", "2"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, "examples/images/coffee.png\n   96.57 %  espresso\n    3.10 %  consomme\n");
}

#[test]
fn json_lines_hold_every_image_and_every_error() {
    let images = ["examples/images/coffee.png", "docs/errors", "tests/run/mini_xception/pattern.png"];
    let (code, out, err) = run(&["zoo:squeezenet1_1", images[0], images[1], images[2], "--format", "jsonl"]);
    assert_eq!(code, 1, "{err}");
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["image"].as_str().unwrap()).collect::<Vec<_>>(), images);
    let best = &lines[0]["top"][0];
    assert_eq!((best["index"].as_u64(), best["label"].as_str()), (Some(967), Some("espresso")));
    assert!((best["probability"].as_f64().unwrap() - 0.965737).abs() < 1e-4);
    assert!((best["logit"].as_f64().unwrap() - 37.658).abs() < 1e-3);
    assert_eq!(lines[0]["top"].as_array().unwrap().len(), 5);
    assert_eq!(
        lines[1],
        serde_json::json!({
            "image": "docs/errors",
            "error": "can't read images from `docs/errors`: there are no images in this folder, or below it",
        })
    );
    assert!(
        err.contains("there are no images in this folder") && err.contains("1 of 3 images could not be classified"),
        "{err}"
    );
}

#[test]
fn another_size_of_input_works() {
    let (code, out, _) =
        run(&["zoo:squeezenet1_1", "examples/images/coffee.png", "--input", "3x448x448", "--topk", "1"]);
    assert_eq!(code, 0);
    assert!(out.contains("espresso"), "{out}");
}

#[test]
fn without_weights_it_says_how_to_get_some() {
    let (code, out, err) = run(&["zoo:squeezenet1_0", "examples/images/coffee.png"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("E0601") && err.contains("there are no weights for `squeezenet1_0`"), "{err}");
    assert!(err.contains("`--weights FILE`"), "{err}");
}

pub const TINY: &str = "arch tiny {\n  input image[3, 2, 2]\n  flatten -> fc: linear(2)\n  output logits\n}\n";

pub fn tiny_weights(value: f32) -> Vec<u8> {
    let header = r#"{"fc.weight":{"dtype":"F32","shape":[2,12],"data_offsets":[0,96]},"fc.bias":{"dtype":"F32","shape":[2],"data_offsets":[96,104]}}"#;
    let data = [value.to_le_bytes().repeat(24), 1f32.to_le_bytes().to_vec(), 0f32.to_le_bytes().to_vec()].concat();
    crate::weights::file(header, &data)
}

#[test]
fn a_missing_file_is_named_with_where_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let item = "weights w for tiny {\n  file \"none.safetensors\"\n  url \"https://example.org/w.safetensors\"\n}\n";
    let arch = write(folder.path(), "tiny.arch", format!("{TINY}{item}"));
    let (code, _, err) = run(&[&arch, "examples/images/coffee.png"]);
    assert_eq!(code, 2);
    assert!(err.contains("the weights `w` are not there"), "{err}");
    assert!(err.contains("download https://example.org/w.safetensors to"), "{err}");
}

#[test]
fn a_checkpoint_of_pytorch_is_read_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let body = "conv: conv(2, 1, bias = false) -> bn: bn -> global_avg_pool -> flatten -> fc: linear(2)";
    let arch = write(
        folder.path(),
        "net.arch",
        format!("arch net {{\n  input image[3, 2, 2]\n  {body}\n  output logits\n}}\n"),
    );
    for name in ["zip.pth", "legacy.pth", "nested.pth"] {
        let weights = format!("tests/weights/pth/{name}");
        let (code, out, err) = run(&[&arch, "examples/images/coffee.png", "--weights", &weights]);
        assert_eq!(code, 0, "{err}");
        assert!(out.contains("class 0") && out.contains("class 1"), "{out}");
        assert_eq!(err.contains("the weights are those of `state_dict`"), name == "nested.pth", "{err}");
    }
    let (code, _, err) = run(&[&arch, "examples/images/coffee.png", "--weights", "tests/weights/pth/runs.pth"]);
    assert_eq!(code, 2);
    assert!(err.contains("it asks for `posix.system`"), "{err}");
}

#[test]
fn weights_from_elsewhere_need_no_item() {
    let folder = tempfile::tempdir().unwrap();
    let arch = write(folder.path(), "tiny.arch", TINY);
    let weights = write(folder.path(), "w.safetensors", tiny_weights(0.0));
    let (code, out, err) = run(&[&arch, "examples/images/coffee.png", "--weights", &weights]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(out, "examples/images/coffee.png\n   73.11 %  class 0\n   26.89 %  class 1\n");
    assert!(err.contains("no `weights` item says how images are prepared for `tiny`"), "{err}");
}

#[test]
fn broken_and_misfitting_weights_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let arch = write(folder.path(), "tiny.arch", TINY);
    let whole = tiny_weights(0.0);
    let says = |name: &str, content: &[u8]| {
        let weights = write(folder.path(), name, content);
        let (code, out, err) = run(&[&arch, "examples/images/coffee.png", "--weights", &weights]);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        err
    };
    assert!(says("cut.safetensors", &whole[..whole.len() - 1]).contains("there are 103 bytes of that"));
    assert!(says("nan.safetensors", &tiny_weights(f32::NAN)).contains("`fc.weight` holds NaN"));
    let other = crate::weights::file(r#"{"fc.weight":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, &[0; 2]);
    let err = says("other.safetensors", &other);
    assert!(err.contains("1 missing: fc.bias [2]") && err.contains("fc.weight is [2] and should be [2, 12]"), "{err}");
}

#[test]
fn what_is_no_classifier_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let arch = write(folder.path(), "map.arch", "arch map {\n  input image[3, 8, 8]\n  relu\n  output map\n}\n");
    let (code, _, err) = run(&[&arch, "examples/images/coffee.png"]);
    assert_eq!(code, 2);
    assert!(
        err.contains("E0606") && err.contains("its output is [3, 8, 8], and not one score for each class"),
        "{err}"
    );
}
