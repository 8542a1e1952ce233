//! The ways to compute that users choose between: exactly or not, threads, vector instructions. All agree.

use std::process::Command;

use archc::kernels::Level;

use super::{relative_error, root};

/// Exit code, standard output and standard error with `ARCHC_SIMD` as `simd` says.
fn archc(args: &[&str], simd: Option<&str>) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    command.current_dir(root()).args(args).env_remove("ARCHC_SIMD");
    simd.map(|simd| command.env("ARCHC_SIMD", simd));
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const RUN: [&str; 3] = ["run", "zoo:squeezenet1_1", "examples/images/coffee.png"];

/// The logits of all classes, in their order.
fn logits(options: &[&str], simd: Option<&str>) -> Vec<f32> {
    let (code, out, err) = archc(&[&RUN[..], &["--topk", "1000", "--format", "jsonl"], options].concat(), simd);
    assert_eq!((code, err.as_str()), (0, ""), "{options:?} {simd:?}");
    let line: serde_json::Value = serde_json::from_str(&out).unwrap();
    let mut logits = vec![f32::NAN; 1000];
    for guess in line["top"].as_array().unwrap() {
        logits[guess["index"].as_u64().unwrap() as usize] = guess["logit"].as_f64().unwrap() as f32;
    }
    logits
}

#[test]
fn every_way_gives_the_same_classes() {
    let default = logits(&[], None);
    let levels = Level::available();
    let ways = [&["--exact"][..], &["--threads", "1"], &["--threads", "3"], &["--exact", "--threads", "2"]];
    let ways = ways.map(|options| (options, None)).into_iter();
    for (options, simd) in ways.chain(levels.iter().map(|level| (&[][..], Some(level.name())))) {
        let error = relative_error(logits(options, simd).into_iter(), &default);
        assert!(error < 1e-3, "{options:?} {simd:?}: {error}");
    }
    assert_ne!(logits(&["--exact"], None), default, "it leaves out what rounds in another way");
}

#[test]
fn every_way_is_right_as_often() {
    let folder = tempfile::tempdir().unwrap();
    for (class, image) in [("967", "coffee.png"), ("espresso", "chelsea.png")] {
        std::fs::create_dir(folder.path().join(class)).unwrap();
        std::fs::copy(root().join("examples/images").join(image), folder.path().join(class).join(image)).unwrap();
    }
    let eval = |options: &[&str], simd: Option<&str>| {
        let folder = folder.path().to_str().unwrap();
        archc(&[&["eval", "zoo:squeezenet1_1", folder, "--format", "json"], options].concat(), simd)
    };
    let default = eval(&[], None);
    assert_eq!((default.0, default.2.as_str()), (0, ""));
    assert!(default.1.contains("\"top1\":0.5"), "{}", default.1);
    for options in [&["--exact"][..], &["--threads", "1"], &["--batch", "2"]] {
        assert_eq!(eval(options, None), default, "{options:?}");
    }
    for level in Level::available() {
        assert_eq!(eval(&[], Some(level.name())), default, "{level:?}");
    }
}

#[test]
fn instructions_that_are_none_are_told() {
    let folder = "examples/images";
    for args in [&RUN[..], &["eval", "zoo:squeezenet1_1", folder], &["bench", "zoo:squeezenet1_1"]] {
        let (code, out, err) = archc(args, Some("sse9"));
        assert_eq!((code, out.as_str()), (2, ""));
        insta::assert_snapshot!("sse9", err);
    }
    let there = Level::available();
    let all = [Level::Scalar, Level::Avx2, Level::Avx512, Level::Neon];
    for level in all.into_iter().filter(|level| !there.contains(level)) {
        let (code, _, err) = archc(&RUN, Some(level.name()));
        assert!(code == 2 && err.contains("which this machine does not have; it has"), "{err}");
    }
}

#[test]
fn where_nothing_is_inexact_a_note_says_so() {
    let args = ["run", "zoo:mini_xception", "tests/run/mini_xception/pattern.png", "--exact"];
    let (code, _, err) = archc(&[&args[..], &["--dtype", "f16"]].concat(), None);
    assert!(code == 0 && err.contains("note: `--exact` changes nothing here"), "{err}");
    assert_eq!(archc(&args, None).2, "");
}
