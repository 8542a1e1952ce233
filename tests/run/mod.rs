//! From a `.arch` file and a photo to predictions, against PyTorch and Keras.

use std::path::{Path, PathBuf};

use archc::classify::{Classifier, Guess};
use archc::diagnostic::{Diagnostic, Diagnostics};
use archc::expand::{Program, Settings};
use archc::image::{Orientation, Pixels};
use archc::plan::Options;
use archc::source::SourceMap;
use archc::weights::check_item;
use candle_core::Device;

mod cli;
mod many;
mod packed;
mod ways;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn json(file: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(root().join("tests/run").join(file)).unwrap()).unwrap()
}

pub fn floats(values: &serde_json::Value) -> Vec<f32> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

/// An architecture of the zoo with the weights that come with it.
pub fn classifier(arch: &str) -> Classifier {
    both(arch).0
}

/// The same, node by node and planned.
fn both(arch: &str) -> (Classifier, Classifier) {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let target = sources.open_target(&format!("zoo:{arch}")).unwrap();
    let program = Program::load(&mut sources, target.file, &mut diagnostics);
    let graph = program.expand(&mut sources, arch, &Settings::default(), &mut diagnostics);
    let item = program.weights().iter().find(|item| &*item.arch.name == arch).unwrap();
    let preset = check_item(item, &sources, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{:#?}", diagnostics.into_sorted());
    let (graph, preset) = (graph.unwrap(), preset.unwrap());
    let source = preset.open(&sources).unwrap();
    let labels = preset.labels(&sources).unwrap();
    let image = preset.image.unwrap();
    let plain = Classifier::new(&graph, &*source, &image, labels.clone(), &Device::Cpu).unwrap();
    (plain, Classifier::planned(&graph, &*source, &image, labels, Options::default(), None).unwrap())
}

/// All classes, in their order.
fn all(classifier: &Classifier, photo: &Pixels) -> Vec<Guess> {
    let mut guesses = classifier.classify(photo, "photo", usize::MAX).unwrap();
    guesses.sort_by_key(|guess| guess.index);
    guesses
}

/// The L2 norm of the difference, relative to that of what is expected.
pub fn relative_error(found: impl Iterator<Item = f32>, expected: &[f32]) -> f32 {
    let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
    let difference = norm(&mut found.zip(expected).map(|(a, b)| a - b));
    difference / norm(&mut expected.iter().copied())
}

/// Holds what is computed for the photos of `tests/run/{arch}.json` to PyTorch's results.
fn agrees_with_pytorch(arch: &str) {
    let (plain, planned) = both(arch);
    computes_what_pytorch_does(arch, &plain);
    computes_what_pytorch_does(arch, &planned);
}

fn computes_what_pytorch_does(arch: &str, classifier: &Classifier) {
    for case in json(&format!("{arch}.json"))["results"].as_array().unwrap() {
        let name = case["image"].as_str().unwrap();
        // Decoders of JPEG differ by a few levels; this is the photo as Pillow decodes it.
        let file =
            if name == "rocket.jpg" { "tests/image/rocket.decoded.png" } else { &format!("examples/images/{name}") };
        let photo = read(&root().join(file)).unwrap();

        let input = classifier.input().prepare(&photo, name).unwrap();
        for probe in case["input_probe"].as_array().unwrap() {
            let [c, y, x] = [0, 1, 2].map(|axis| probe["c_y_x"][axis].as_u64().unwrap() as usize);
            let value: f32 = input.get(0).unwrap().get(c).unwrap().get(y).unwrap().get(x).unwrap().to_scalar().unwrap();
            assert!((value - probe["value"].as_f64().unwrap() as f32).abs() < 1e-5, "{name} {probe}");
        }

        let top: Vec<Guess> = classifier.classify(&photo, name, 5).unwrap();
        let expected = case["top5"].as_array().unwrap();
        for (guess, expected) in top.iter().zip(expected) {
            assert_eq!(guess.index as u64, expected["index"].as_u64().unwrap(), "{name}");
            assert_eq!(guess.label.as_deref(), expected["label"].as_str(), "{name}");
            assert!((guess.probability - expected["probability"].as_f64().unwrap() as f32).abs() < 1e-3, "{name}");
        }
        let error = relative_error(all(classifier, &photo).iter().map(|guess| guess.logit), &floats(&case["logits"]));
        assert!(error < 1e-4, "{name}: {error}");
    }
}

#[test]
fn squeezenet_agrees_with_pytorch() {
    agrees_with_pytorch("squeezenet1_1");
}

#[test]
fn efficientnet_lite_agrees_with_pytorch() {
    agrees_with_pytorch("efficientnet_lite0");
}

/// Logits of `rocket.jpg` differ by less than 0.6 from those of Pillow's pixels, and the best class is the same.
fn a_jpeg_agrees(arch: &str) {
    let guesses = all(&classifier(arch), &read(&root().join("examples/images/rocket.jpg")).unwrap());
    let fixture = json(&format!("{arch}.json"));
    let case = fixture["results"].as_array().unwrap().iter().find(|case| case["image"] == "rocket.jpg").unwrap();
    let differences = guesses.iter().zip(floats(&case["logits"])).map(|(guess, logit)| (guess.logit - logit).abs());
    assert!(differences.fold(0.0, f32::max) < 0.6);
    let best = guesses.iter().max_by(|a, b| a.logit.total_cmp(&b.logit)).unwrap();
    assert_eq!(best.index as u64, case["top5"][0]["index"].as_u64().unwrap());
}

#[test]
fn a_jpeg_is_classified_as_from_any_decoder() {
    a_jpeg_agrees("squeezenet1_1");
    a_jpeg_agrees("efficientnet_lite0");
}

#[test]
fn mini_xception_agrees_with_keras() {
    let classifier = classifier("mini_xception");
    for case in json("mini_xception.json")["results"].as_array().unwrap() {
        let name = case["image"].as_str().unwrap();
        let guesses = all(&classifier, &read(&root().join("tests/run/mini_xception").join(name)).unwrap());
        let logits = relative_error(guesses.iter().map(|guess| guess.logit), &floats(&case["logits"]));
        let probabilities =
            relative_error(guesses.iter().map(|guess| guess.probability), &floats(&case["probabilities"]));
        assert!(logits < 1e-4 && probabilities < 1e-4, "{name}: {logits} {probabilities}");
        let best = guesses.iter().max_by(|a, b| a.probability.total_cmp(&b.probability)).unwrap();
        assert_eq!(best.label.as_deref(), case["top1"].as_str(), "{name}");
    }
}

/// A file below a folder that is there for one test.
pub fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_string()
}

fn read(path: &Path) -> Result<Pixels, Diagnostic> {
    archc::image::read(path, Orientation::Ignored)
}
