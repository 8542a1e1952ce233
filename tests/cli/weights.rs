//! `archc weights`.

use super::archc;

const CHECKPOINT: &str = "../weights/pth/types.pth";

#[test]
fn every_command_helps_with_examples() {
    for name in ["ls"] {
        let run = archc(&["weights", name, "--help"]);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        assert!(run.out.contains("Examples:"), "{}", run.out);
        insta::assert_snapshot!(format!("help_weights_{name}"), run.out);
    }
}

#[test]
fn tensors_are_listed() {
    for format in ["table", "json", "csv"] {
        let run = archc(&["weights", "ls", CHECKPOINT, "--format", format]);
        insta::assert_snapshot!(format!("weights_ls_{format}"), run.transcript());
    }
    let safetensors = archc(&["weights", "ls", "../../archs/weights/mini_xception.safetensors", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&safetensors.out).unwrap();
    assert_eq!((safetensors.code, value["format"].as_str()), (0, Some("safetensors")));
    let elements = |tensor: &serde_json::Value| tensor["elements"].as_u64().unwrap();
    assert_eq!(value["elements"], value["tensors"].as_array().unwrap().iter().map(elements).sum::<u64>());
}

#[test]
fn what_is_no_weights_file_is_told() {
    for (file, says) in [
        ("../../examples/images/coffee.png", "it is a PNG image"),
        ("../weights/pth/runs.pth", "it asks for `posix.system`"),
        ("none.pth", "there is no such file"),
        ("../weights", "it is a folder"),
    ] {
        let run = archc(&["weights", "ls", file]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{file}");
        let words = run.err.replace("│", " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("E0602") && words.contains(says), "{words}");
    }
}
