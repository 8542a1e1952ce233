//! `archc weights`.

use std::path::Path;
use std::process::{Command, Stdio};

use archc::weights::{Bytes, WeightSource, WeightsFile};

use super::{Run, archc};

const CHECKPOINT: &str = "../weights/pth/types.pth";

#[test]
fn every_command_helps_with_examples() {
    for name in ["ls", "check", "convert"] {
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

/// A file in a folder, as an argument.
fn place(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_string()
}

fn words(run: &Run) -> String {
    run.err.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

/// The network of `zip.pth`, and the same with other names.
const NETS: &str = "\
arch net {
  input image[3, 2, 2]
  conv: conv(2, 1, bias = false) -> bn: bn -> global_avg_pool -> flatten -> fc: linear(2)
  output logits
}
arch renamed {
  input image[3, 2, 2]
  body: { conv: conv(2, 1, bias = false) -> norm: bn } -> global_avg_pool -> flatten -> head: linear(2)
  output logits
}
weights theirs for renamed {
  names { \"conv.{x}\" => \"body.conv.{x}\"; \"bn.{x}\" => \"body.norm.{x}\"; \"fc.{x}\" => \"head.{x}\" }
}
";

fn nets(folder: &Path, text: &str) -> String {
    let path = place(folder, "nets.arch");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn weights_that_fit_are_fine() {
    let folder = tempfile::tempdir().unwrap();
    let arch = nets(folder.path(), NETS);
    let run = archc(&["weights", "check", &format!("{arch}:net"), "../weights/pth/legacy.pth"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.starts_with("../weights/pth/legacy.pth for `net`: 7 of 7 weights are there\n"), "{}", run.out);
    let by_item = archc(&["weights", "check", &format!("{arch}:renamed"), "../weights/pth/legacy.pth"]);
    assert_eq!(by_item.code, 0);
    assert!(by_item.out.contains("7 of 7 weights are there, by the names of the item `theirs`"), "{}", by_item.out);
}

#[test]
fn the_names_that_are_proposed_can_be_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let (networks, _) = NETS.split_once("weights").unwrap();
    let arch = nets(folder.path(), networks);
    let args = ["weights", "check", &format!("{arch}:renamed"), "../weights/pth/zip.pth"];
    let run = archc(&args);
    assert_eq!(run.code, 1, "{}", run.err);
    insta::assert_snapshot!("weights_check_names", run.out);
    let block = &run.out[run.out.find("  names {").unwrap()..];
    let item = format!("{networks}weights theirs for renamed {{\n{block}\n}}\n");
    let arch = nets(folder.path(), &item);
    let run = archc(&["weights", "check", &format!("{arch}:renamed"), "../weights/pth/zip.pth", "--names", "theirs"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
}

#[test]
fn what_does_not_fit_is_listed() {
    let wrong = archc(&["weights", "check", "zoo:squeezenet1_0", "../../archs/weights/squeezenet1_1.safetensors"]);
    assert_eq!(wrong.code, 1);
    insta::assert_snapshot!("weights_check_differing", wrong.out);
    let path = "../../archs/weights/squeezenet1_1.safetensors";
    let json = archc(&["weights", "check", "zoo:squeezenet1_0", path, "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let count = |name: &str| value[name].as_array().unwrap().len() as u64;
    assert_eq!(
        value["matched"].as_u64().unwrap() + count("missing") + count("differing"),
        value["needed"].as_u64().unwrap()
    );
    let unknown = archc(&["weights", "check", "zoo:squeezenet1_1", path, "--names", "mine"]);
    assert_eq!((unknown.code, unknown.out.as_str()), (2, ""));
    assert!(words(&unknown).contains("`squeezenet1_1` has no weights `mine`"), "{}", unknown.err);
    let missing = archc(&["weights", "check", "zoo:nonesuch", path]);
    assert_eq!(missing.code, 2);
}

#[test]
fn a_checkpoint_becomes_safetensors() {
    let folder = tempfile::tempdir().unwrap();
    let out = place(folder.path(), "out.safetensors");
    let run = archc(&["weights", "convert", "../weights/pth/zip.pth", &out]);
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{}", run.err);
    assert_eq!(
        run.err,
        format!(
            "note: left out 1 counter of batches seen in training, which nothing computes with; `--keep-all` keeps them\n\
             wrote {out}: 7 tensors, 80 B\n"
        )
    );
    let (before, after) = (
        WeightsFile::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/weights/pth/zip.pth")).unwrap(),
        WeightsFile::open(Path::new(&out)).unwrap(),
    );
    assert_eq!(after.tensors().len(), 7);
    for (name, entry) in after.tensors() {
        assert_eq!(after.values(name, entry).unwrap(), before.values(name, &before.tensors()[name]).unwrap(), "{name}");
    }
    let read = std::fs::read(&out).unwrap();
    assert_eq!(safetensors::SafeTensors::deserialize(&read).unwrap().len(), 7);

    let all = archc(&["weights", "convert", "../weights/pth/zip.pth", &out, "--keep-all", "--dtype", "bf16"]);
    assert_eq!(all.code, 0, "{}", all.err);
    let after = WeightsFile::open(Path::new(&out)).unwrap();
    let types: Vec<String> = after.tensors().values().map(|entry| entry.dtype.to_string()).collect();
    assert_eq!(types, ["BF16", "I64", "BF16", "BF16", "BF16", "BF16", "BF16", "BF16"]);
}

#[test]
fn names_go_to_the_architecture_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let arch = format!("{}:renamed", nets(folder.path(), NETS));
    let (ours, theirs) = (place(folder.path(), "ours.safetensors"), place(folder.path(), "theirs.safetensors"));
    let run = archc(&["weights", "convert", "../weights/pth/zip.pth", &ours, "--arch", &arch]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(archc(&["weights", "check", &arch, &ours]).code, 0);
    let names = WeightsFile::open(Path::new(&ours)).unwrap().shapes().unwrap().into_keys().collect::<Vec<_>>();
    assert_eq!(names[0], "body.conv.weight");
    let back = archc(&["weights", "convert", &ours, &theirs, "--arch", &arch, "--names", "theirs", "--to-file-names"]);
    assert_eq!(back.code, 0, "{}", back.err);
    let names = WeightsFile::open(Path::new(&theirs)).unwrap().shapes().unwrap().into_keys().collect::<Vec<_>>();
    assert_eq!(names[0], "bn.bias");

    let (networks, _) = NETS.split_once("weights").unwrap();
    let arch = format!("{}:renamed", nets(folder.path(), networks));
    let found = archc(&["weights", "convert", "../weights/pth/zip.pth", &ours, "--arch", &arch]);
    assert_eq!(found.code, 0, "rules are found where no item has them\n{}", found.err);
    let wrong = archc(&["weights", "convert", "../weights/pth/zip.pth", &ours, "--arch", "zoo:squeezenet1_1"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("E0603"), "{}", wrong.err);
}

#[test]
fn nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = place(folder.path(), "out.safetensors");
    std::fs::write(&out, "before").unwrap();
    let refused = |to: &str, more: &[&str], says: &str| {
        let run = archc(&[&["weights", "convert", "../weights/pth/types.pth", to], more].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{to}");
        assert!(words(&run).contains(says), "{to}: {}", run.err);
    };
    refused(&place(folder.path(), "none/out.safetensors"), &[], "there is no folder");
    refused(folder.path().to_str().unwrap(), &[], "it is a folder");
    refused("../weights/pth/types.pth", &[], "is the file that is read");
    if cfg!(target_os = "linux") {
        refused("/dev/full", &[], "No space left on device");
    }

    // A value that the type can't hold, and one that is no number: found while writing.
    let source = place(folder.path(), "in.safetensors");
    for (value, says) in [(1e6, "`a` holds 1e6, and the largest number of F16 is 65504"), (f32::NAN, "`a` holds NaN")] {
        let header = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        std::fs::write(&source, crate::weights::file(header, &value.to_le_bytes())).unwrap();
        let run = archc(&["weights", "convert", &source, &out, "--dtype", "f16"]);
        assert_eq!(run.code, 2);
        assert!(words(&run).contains(says), "{}", run.err);
    }
    assert_eq!(std::fs::read(&out).unwrap(), b"before");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
}

/// A disk that is full, as a limit on the size of files that a shell sets.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let out = place(folder.path(), "out.safetensors");
    std::fs::write(&out, "before").unwrap();
    let output = Command::new("bash")
        .args(["-c", r#"trap '' XFSZ; ulimit -f 8; "$0" weights convert "$1" "$2""#])
        .args([env!("CARGO_BIN_EXE_archc"), "archs/weights/mini_xception.safetensors", &out])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("can't write") && err.contains("File too large"), "{err}");
    assert_eq!(std::fs::read(&out).unwrap(), b"before");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Halves of every kind of value are what PyTorch makes of them: `tests/weights/pth/make.py` has it write both.
#[test]
fn values_round_as_in_pytorch() {
    let folder = tempfile::tempdir().unwrap();
    for (dtype, suffix) in [("f16", "half"), ("bf16", "bfloat16")] {
        let out = place(folder.path(), "out.safetensors");
        let run = archc(&["weights", "convert", "../weights/pth/round.pth", &out, "--dtype", dtype]);
        assert_eq!(run.code, 0, "{}", run.err);
        let ours = WeightsFile::open(Path::new(&out)).unwrap();
        let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/weights/pth/round_{suffix}.pth"));
        let theirs = WeightsFile::new(Bytes::open(&expected).unwrap(), "expected").unwrap();
        for name in ["single", "double"] {
            let (a, b) = (&ours.tensors()[name], &theirs.tensors()[name]);
            assert_eq!((a.dtype, ours.raw(a)), (b.dtype, theirs.raw(b)), "{dtype} {name}");
        }
    }
}
