//! Mistakes in `weights` items, each with its report.

use archc::diagnostic::{Diagnostics, Style, render};
use archc::expand::Program;
use archc::image::{Colour, Filter, Preprocess, Resize};
use archc::source::SourceMap;
use archc::weights::{Accuracy, Labels, Preset, check_item};

const ARCH: &str = "arch net { input image[3, 8, 8]; global_avg_pool -> flatten -> linear(2); output logits }\n";

/// What the only item of a text says, and the reports.
fn check(text: &str) -> (Option<Preset>, String) {
    let mut sources = SourceMap::new();
    let file = sources.add("net.arch", text);
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, file, &mut diagnostics);
    let preset = check_item(&program.weights()[0], &sources, &mut diagnostics);
    let reports = diagnostics.into_sorted();
    (preset, reports.iter().map(|diagnostic| render(diagnostic, &sources, Style::PLAIN)).collect())
}

#[test]
fn every_mistake_has_its_report() {
    insta::glob!("items/*.arch", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let (preset, reports) = check(&text);
        assert!(preset.is_none());
        insta::assert_snapshot!(reports);
    });
}

#[test]
fn a_whole_item_is_understood() {
    let text = r#"
weights w for net {
  hub "timm/net" file "model.safetensors"
  url "https://example.org/w.pth"
  names { "head.{x}" => "fc.{x}", "a" => "b", "aux.{x}" => "" }
  image grey, resize [64, 32] lanczos, crop 32, scale 2 * (1 - 0.5)/255, mean [0.5], std 2**-1
  labels ["cat", "dog"]
  accuracy top5 90, top1 71.5
}
"#;
    let (preset, reports) = check(&format!("{ARCH}{text}"));
    assert_eq!(reports, "");
    let preset = preset.unwrap();
    assert_eq!(preset.hub.as_ref().map(|hub| (&*hub.repo, &*hub.file)), Some(("timm/net", "model.safetensors")));
    assert_eq!(
        (preset.names.map("head.weight"), preset.names.map("a")),
        (Some("fc.weight".to_string()), Some("b".to_string()))
    );
    assert_eq!(preset.names.map("aux.weight"), None);
    assert_eq!(preset.accuracy, Some(Accuracy { top1: 71.5, top5: Some(90.0) }));
    assert_eq!(preset.labels, Some(Labels::List(vec!["cat".to_string(), "dog".to_string()])));
    let image = Preprocess {
        colour: Colour::Grey,
        resize: Some((Resize::Exact([64, 32]), Filter::Lanczos)),
        crop: Some([32, 32]),
        scale: 1.0 / 255.0,
        mean: vec![0.5],
        std: vec![0.5],
    };
    assert_eq!(preset.image, Some(image));
}

#[test]
fn a_crop_with_a_filter_is_a_part_of_the_image() {
    let item = |steps: &str| check(&format!("{ARCH}weights w for net {{ file \"w.safetensors\"\nimage {steps} }}\n"));
    for (steps, part) in [("crop 0.875 bicubic", 0.875), ("rgb, crop 1 bicubic", 1.0), ("crop 224/256 bicubic", 0.875)]
    {
        let (preset, reports) = item(steps);
        assert_eq!(reports, "");
        let image = preset.unwrap().image.unwrap();
        assert_eq!((image.resize, image.crop), (Some((Resize::Part(part), Filter::Bicubic)), None));
    }
    let (preset, _) = item("resize 9 bilinear, crop 1");
    assert_eq!(preset.unwrap().image.unwrap().crop, Some([1, 1]));
}

#[test]
fn the_built_in_labels_are_a_thousand() {
    let (preset, _) = check(&format!("{ARCH}weights w for net {{\n  labels \"imagenet1k\"\n}}\n"));
    let labels = preset.unwrap().labels(&SourceMap::new()).unwrap().unwrap();
    assert_eq!((labels.len(), &*labels[0], &*labels[967], &*labels[999]), (1000, "tench", "espresso", "toilet tissue"));
}
