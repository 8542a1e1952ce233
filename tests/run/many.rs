//! `archc run` on many images, and where its results go.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::cli::{TINY, run, run_in, tiny_weights};
use super::{root, write};

const COFFEE: &str = "examples/images/coffee.png";

/// A folder with a tiny network, its weights, and photos of which one is broken.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            "tiny.arch",
            format!(
                "{TINY}weights w for tiny {{\n  file \"w.safetensors\"\n  image resize [2, 2] bilinear\n  labels [\"dog\", \"cat\"]\n}}\n"
            ),
        );
        write(folder.path(), "w.safetensors", tiny_weights(0.0));
        std::fs::create_dir(folder.path().join("photos")).unwrap();
        for name in ["a.png", "c.png", "d.png"] {
            std::fs::copy(root().join("tests/image/decode/rgb.png"), folder.path().join("photos").join(name)).unwrap();
        }
        write(folder.path(), "photos/b.png", "hello");
        Place { folder }
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        run_in(self.folder.path(), args)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

const BEFORE: [&str; 3] = ["photos", "tiny.arch", "w.safetensors"];

#[test]
fn a_folder_comes_in_order_whatever_the_batch_and_threads() {
    let place = Place::new();
    let (code, out, err) = place.run(&["tiny.arch", "photos", "--format", "csv", "--topk", "1", "--threads", "1"]);
    assert_eq!(code, 1);
    let dog = "1,0,dog,1,0.7310586,";
    let broken = "photos/b.png,,,,,,\"can't read the image `photos/b.png`: this is no image that is known here, and archc reads PNG and JPEG\"";
    assert_eq!(
        out,
        format!(
            "image,rank,index,label,logit,probability,error\nphotos/a.png,{dog}\n{broken}\nphotos/c.png,{dog}\nphotos/d.png,{dog}\n"
        )
    );
    assert!(err.contains("1 of 4 images could not be classified"), "{err}");
    for (batch, threads) in [("1", "2"), ("2", "1"), ("3", "3"), ("100", "2")] {
        let args = ["tiny.arch", "photos", "--format", "csv", "--topk", "1", "--batch", batch, "--threads", threads];
        assert_eq!(place.run(&args).1, out);
    }
}

#[test]
fn a_folder_without_images_and_a_pattern_without_matches_are_told() {
    let place = Place::new();
    std::fs::create_dir(place.folder.path().join("empty")).unwrap();
    let (code, out, err) = place.run(&["tiny.arch", "empty", "*.jpg"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("can't read images from `empty`: there are no images in this folder, or below it"), "{err}");
    assert!(err.contains("can't read images from `*.jpg`: no file is there, and the pattern matches none"), "{err}");
}

#[test]
fn an_image_can_come_through_standard_input() {
    let photo = std::fs::read(root().join(COFFEE)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    command.args(["run", "zoo:squeezenet1_1", "-", "--topk", "1"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&photo).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "-\n   96.57 %  espresso\n");
    let (code, _, err) = run(&["-", "-"]);
    assert_eq!(code, 2);
    assert!(err.contains("standard input can't be both the architecture and an image"), "{err}");
}

#[test]
fn labels_can_be_given() {
    let place = Place::new();
    write(place.folder.path(), "names.txt", "hot\ncold\n");
    let (code, out, _) = place.run(&["tiny.arch", "photos/a.png", "--labels", "names.txt"]);
    assert_eq!((code, out.as_str()), (0, "photos/a.png\n   73.11 %  hot\n   26.89 %  cold\n"));
    let says = |labels: &str| {
        let (code, out, err) = place.run(&["tiny.arch", "photos/a.png", "--labels", labels]);
        assert_eq!((code, out.as_str()), (2, ""));
        err
    };
    assert!(says("none.txt").contains("can't read the labels `none.txt`: there is no such file"));
    assert!(says("w.safetensors").contains("can't read the labels `w.safetensors`: it is not UTF-8 text"));
    assert!(says("photos").contains("can't read the labels `photos`: it is a folder"));
    assert!(says("imagenet1k").contains("`imagenet1k` has 1000 labels, and `tiny` has 2 classes"));
}

#[test]
fn a_file_gets_what_standard_output_would() {
    let place = Place::new();
    for format in ["table", "jsonl", "csv"] {
        let printed = place.run(&["tiny.arch", "photos", "--format", format]);
        let (code, out, err) = place.run(&["tiny.arch", "photos", "--format", format, "--output", "out"]);
        assert_eq!((code, out.as_str(), &err), (1, "", &printed.2));
        assert_eq!(std::fs::read_to_string(place.folder.path().join("out")).unwrap(), printed.1);
    }
    assert_eq!(place.names(), ["out", "photos", "tiny.arch", "w.safetensors"]);
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_any_work() {
    let place = Place::new();
    let says = |output: &str| {
        let (code, out, err) = place.run(&["tiny.arch", "photos/a.png", "--output", output]);
        assert_eq!((code, out.as_str()), (2, ""));
        err
    };
    assert!(says("none/out").contains("error: can't write `none/out`: there is no folder `none`"));
    assert!(says("photos").contains("error: can't write `photos`: it is a folder"));
    assert!(says("w.safetensors/out").contains("can't write `w.safetensors/out`: "));
    assert_eq!(place.names(), BEFORE);
}

/// `archc run` below a shell that sets limits first.
#[cfg(unix)]
fn limited(folder: &Path, limits: &str, args: &str) -> (i32, String) {
    let script = format!("{limits}; exec '{}' run {args}", env!("CARGO_BIN_EXE_archc"));
    let output = Command::new("sh").current_dir(folder).args(["-c", &script]).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_what_was_there() {
    let place = Place::new();
    write(place.folder.path(), "out", "before");
    // Files of no length at all, which is told as an error, and no signal.
    let (code, err) = limited(place.folder.path(), "trap '' XFSZ; ulimit -f 0", "tiny.arch photos/a.png -o out");
    assert_eq!(code, 2);
    assert!(err.contains("error: can't write `out`: File too large"), "{err}");
    assert_eq!(std::fs::read(place.folder.path().join("out")).unwrap(), b"before");
    assert_eq!(place.names(), ["out", "photos", "tiny.arch", "w.safetensors"]);

    let (code, err) = limited(place.folder.path(), ":", "tiny.arch photos/a.png -o /dev/full");
    assert_eq!(code, 2);
    assert!(err.contains("error: can't write `/dev/full`: No space left on device"), "{err}");
    let (code, err) = limited(place.folder.path(), ":", "tiny.arch photos/a.png > /dev/full");
    assert_eq!(code, 2);
    assert!(err.contains("can't write to standard output: No space left on device"), "{err}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_command_leaves_nothing() {
    let place = Place::new();
    for signal in ["INT", "TERM"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
        command.current_dir(place.folder.path()).args(["run", "tiny.arch", "photos", "-", "-o", "out"]);
        // It waits for an image that does not come.
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdin = child.stdin.take();
        while place.names().len() == BEFORE.len() {
            assert!(child.try_wait().unwrap().is_none(), "it has ended");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        // The part file is there just before the signal is waited for.
        std::thread::sleep(std::time::Duration::from_millis(300));
        let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        drop(stdin);
        assert_eq!(place.names(), BEFORE);
    }
}

#[test]
fn sixteen_bits_see_the_same() {
    let (code, out, err) = run(&["zoo:squeezenet1_1", COFFEE, "--topk", "1", "--dtype", "f16"]);
    assert_eq!(code, 0, "{err}");
    let percent: f32 = out.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(out.ends_with("espresso\n") && (percent - 96.57).abs() < 1.0, "{out}");
    let (code, _, err) = run(&["zoo:squeezenet1_1", COFFEE, "--dtype", "bf16"]);
    assert_eq!(code, 2);
    assert!(err.contains("can't compute in bf16 on `cpu`"), "{err}");
    let (code, _, err) = run(&["zoo:squeezenet1_1", COFFEE, "--dtype", "f64"]);
    assert_eq!(code, 2);
    assert!(err.contains("write f32, f16 or bf16"), "{err}");
}

#[test]
fn networks_with_other_inputs_are_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let says = |body: &str| {
        let arch = write(folder.path(), "net.arch", format!("arch net {{\n{body}\n}}\n"));
        let (code, out, err) = run(&[&arch, COFFEE]);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.contains("E0606"), "{err}");
        err
    };
    assert!(says("input a[3, 8, 8]\ninput b[3, 8, 8]\na -> add(b) -> flatten\noutput y").contains("it has 2 inputs"));
    assert!(says("input a[16]\nlinear(2)\noutput y").contains("its input is [16]"));
    assert!(says("input a[4, 8, 8]\nflatten -> linear(2)\noutput y").contains("its input is [4, 8, 8]"));
}

#[test]
fn an_orientation_is_applied_where_asked_for() {
    let place = Place::new();
    // The stored photo is 7x4 pixels, which is what this network takes; as shown it is 4x7.
    let arch = "arch tiny {\n  input image[3, 4, 7]\n  global_avg_pool -> flatten -> fc: linear(2)\n  output y\n}\nweights w for tiny {\n  file \"p.safetensors\"\n  image rgb\n}\n";
    write(place.folder.path(), "plain.arch", arch);
    let header = r#"{"fc.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"fc.bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}"#;
    write(place.folder.path(), "p.safetensors", crate::weights::file(header, &[0; 32]));
    let photo = root().join("tests/image/exif/6.png");
    let photo = photo.to_str().unwrap();
    assert_eq!(place.run(&["plain.arch", photo]).0, 0);
    let (code, _, err) = place.run(&["plain.arch", photo, "--exif"]);
    assert_eq!(code, 1);
    assert!(err.contains("it is 4x7 pixels, and the network takes 7x4"), "{err}");
}

#[cfg(target_os = "linux")]
#[test]
fn no_more_threads_compute_than_are_asked_for() {
    for threads in [1usize, 2, 3] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
        command.current_dir(root()).args(["run", "zoo:squeezenet1_1", COFFEE, "-", "--threads", &threads.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // After the first image it waits for the second.
        let mut printed = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut printed).unwrap();
        let tasks = std::fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
        let name =
            |task: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(task.unwrap().path().join("comm"));
        let names: Vec<String> = tasks.map(|task| name(task).unwrap()).collect();
        drop(child.stdin.take());
        assert_eq!(child.wait().unwrap().code(), Some(1));
        // Threads of kernels work beside the one that gives them work; those that packed the weights sleep.
        let kernels = names.iter().filter(|name| name.starts_with("archc kernel")).count();
        assert_eq!(kernels, threads - 1, "{names:?}");
        let (packers, readers) = (threads, if threads == 1 { 0 } else { 2 });
        assert!(names.len() <= 1 + threads + kernels + packers + readers, "{names:?}");
    }
}
