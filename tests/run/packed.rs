//! `--packed-cache` and `ARCHC_PACKED_CACHE`: files appear in the folder, are used, and never change or fail a command.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::cli::{TINY, archc_in, tiny_weights};
use super::{root, write};

/// A folder with an architecture and its weights, as old as weights are that are kept.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "tiny.arch", TINY);
    write_weights(folder.path(), 0.5, 3600);
    fs::copy(root().join("examples/images/coffee.png"), folder.path().join("coffee.png")).unwrap();
    folder
}

fn write_weights(folder: &Path, value: f32, age: u64) {
    let path = write(folder, "w.safetensors", tiny_weights(value));
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
}

/// The bytes of the files in a folder.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    fs::read_dir(folder).into_iter().flatten().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

const RUN: [&str; 7] = ["run", "tiny.arch", "coffee.png", "--weights", "w.safetensors", "--format", "csv"];

#[test]
fn a_file_is_written_and_used_and_results_stay_as_they_are() {
    let folder = folder();
    let at = folder.path();
    let plain = archc_in(at, &RUN, "");
    assert_eq!(plain.0, 0, "{}", plain.2);
    assert!(!at.join("kept").exists());
    let with = [&RUN[..], &["--packed-cache", "kept/here"]].concat();
    assert_eq!(archc_in(at, &with, ""), plain);
    let [first] = files(&at.join("kept/here")).try_into().unwrap();
    assert!(first.starts_with(b"archc packed"));
    assert_eq!(archc_in(at, &with, "not/this"), plain);
    assert_eq!(archc_in(at, &RUN, "kept/here"), plain);
    assert_eq!(files(&at.join("kept/here")), std::slice::from_ref(&first));
    assert!(!at.join("not").exists());

    write_weights(at, 0.25, 1800);
    let other = archc_in(at, &RUN, "");
    assert_ne!(other.1, plain.1);
    for _ in 0..2 {
        assert_eq!(archc_in(at, &with, ""), other);
    }
    let [second] = files(&at.join("kept/here")).try_into().unwrap();
    assert_ne!(first, second);
}

#[test]
fn a_damaged_file_is_told_and_replaced() {
    let folder = folder();
    let at = folder.path();
    let plain = archc_in(at, &RUN, "kept");
    let [path] = fs::read_dir(at.join("kept"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (code, out, err) = archc_in(at, &RUN, "kept");
    assert_eq!((code, out), (0, plain.1.clone()));
    let err = err.strip_prefix(&format!("{} ", plain.2)).unwrap();
    assert!(
        err.starts_with("note: `kept/w-") && err.ends_with("weights were packed again, and it is replaced"),
        "{err}"
    );
    assert_eq!(archc_in(at, &RUN, "kept"), plain);
}

#[test]
fn a_folder_that_cannot_be_written_is_a_warning() {
    let folder = folder();
    let at = folder.path();
    let plain = archc_in(at, &RUN, "");
    write(at, "file", "");
    let (code, out, err) = archc_in(at, &RUN, "file");
    assert_eq!((code, out), (0, plain.1));
    let err = err.strip_prefix(&format!("{} ", plain.2)).unwrap();
    assert!(err.starts_with("warning: can't keep packed weights as `file/w-"), "{err}");
}

#[test]
fn eval_and_bench_keep_weights_too() {
    let folder = folder();
    let at = folder.path();
    fs::create_dir_all(at.join("photos/0")).unwrap();
    fs::copy(at.join("coffee.png"), at.join("photos/0/coffee.png")).unwrap();
    let eval = ["eval", "tiny.arch", "photos", "--weights", "w.safetensors", "--packed-cache", "eval"];
    let (code, _, err) = archc_in(at, &eval, "");
    assert_eq!(code, 0, "{err}");
    let bench = ["bench", "tiny.arch", "--weights", "w.safetensors", "--iterations", "1", "--packed-cache", "bench"];
    let (code, _, err) = archc_in(at, &bench, "");
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(files(&at.join("eval")), files(&at.join("bench")));
    assert_eq!(files(&at.join("eval")).len(), 1);
}
