//! The public weights of the zoo: every set of `tests/reference/presets.json` has an item that says what the set's authors
//! say, and whose names lead from those in the published file to the architecture's.

use std::collections::{BTreeMap, BTreeSet};

use archc::diagnostic::{Diagnostic, Diagnostics};
use archc::expand::{Program, Settings};
use archc::image::{Colour, Filter, Preprocess, Resize};
use archc::ir::Graph;
use archc::ops::WeightSpec;
use archc::source::SourceMap;
use archc::weights::{Accuracy, Fit, Labels, Preset, Renamed, WeightSource, check_item};
use candle_core::{Device, Tensor};
use serde_json::Value;

fn json(file: &str) -> Value {
    serde_json::from_str(&super::read(&format!("tests/reference/{file}"))).expect("it is JSON")
}

/// An architecture of the zoo and its weights.
fn load(arch: &str) -> (Graph, Vec<Preset>) {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let target = sources.open_target(&format!("zoo:{arch}")).unwrap();
    let program = Program::load(&mut sources, target.file, &mut diagnostics);
    let graph = program.expand(&mut sources, arch, &Settings::default(), &mut diagnostics);
    let items = program.weights().iter().filter(|item| &*item.arch.name == arch);
    let presets = items.map(|item| check_item(item, &sources, &mut diagnostics).unwrap()).collect();
    (graph.unwrap(), presets)
}

/// Where a set comes from, as `public.json` names it.
fn origin(preset: &Preset) -> Option<&str> {
    preset.hub.as_ref().map(|hub| hub.repo.as_str()).or(preset.url.as_deref())
}

fn sets() -> Vec<(String, Vec<Value>)> {
    let all = json("presets.json");
    let all = all.as_object().unwrap().iter();
    all.map(|(arch, sets)| (arch.clone(), sets.as_array().unwrap().clone())).collect()
}

#[test]
fn every_public_set_has_an_item_that_says_what_its_authors_say() {
    for (arch, sets) in sets() {
        let (_, presets) = load(&arch);
        let public: Vec<&Preset> = presets.iter().filter(|preset| origin(preset).is_some()).collect();
        assert_eq!(public.len(), sets.len(), "{arch}");
        for set in sets {
            let from = set["hub"].as_str().or(set["url"].as_str()).unwrap();
            let preset = public.iter().find(|preset| origin(preset) == Some(from));
            let preset = preset.unwrap_or_else(|| panic!("{arch} has no item for {from}"));
            if let Some(file) = set["file"].as_str() {
                assert_eq!(preset.hub.as_ref().unwrap().file, file, "{from}");
            }
            assert_eq!(preset.image.as_ref(), Some(&preparation(&set)), "{from}");
            let accuracy = set["acc1"].as_f64().map(|top1| Accuracy { top1, top5: set["acc5"].as_f64() });
            assert_eq!(preset.accuracy, accuracy, "{from}");
            assert_eq!(preset.labels, Some(Labels::ImageNet1k), "{from}");
            assert_eq!(preset.sha256.as_deref(), in_file_name(from), "{from}");
        }
    }
}

/// How the set's authors prepare images. timm resizes to the crop divided by its `crop_pct`, without the fraction.
fn preparation(set: &Value) -> Preprocess {
    let crop = set["crop"].as_u64().or(set["input"][1].as_u64()).unwrap() as usize;
    let resize = match set["crop_pct"].as_f64() {
        Some(fraction) => (crop as f64 / fraction).floor() as usize,
        None => set["resize"].as_u64().unwrap() as usize,
    };
    let filter = Filter::ALL.into_iter().find(|filter| Some(filter.name()) == set["interpolation"].as_str());
    let numbers = |field: &str| set[field].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
    Preprocess {
        colour: Colour::Rgb,
        resize: Some((Resize::Shorter(resize), filter.unwrap())),
        crop: Some([crop, crop]),
        scale: 1.0 / 255.0,
        mean: numbers("mean"),
        std: numbers("std"),
    }
}

/// The digits of the checksum in the names of torchvision's files.
fn in_file_name(from: &str) -> Option<&str> {
    from.strip_suffix(".pth")?.rsplit_once('-').map(|(_, digits)| digits)
}

/// A file of which only the names and shapes are known.
struct Published<'a> {
    name: &'a str,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl WeightSource for Published<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>> {
        Some(self.shapes.clone())
    }

    fn get(&self, _: &str, _: &WeightSpec, _: &Device) -> Result<Tensor, Diagnostic> {
        unreachable!("the fit asks for names and shapes only")
    }
}

#[test]
fn the_names_of_every_published_file_lead_to_the_architectures() {
    let public = json("public.json");
    let mut tested = BTreeSet::new();
    for (arch, _) in sets() {
        let (graph, presets) = load(&arch);
        for preset in &presets {
            let Some(from) = origin(preset) else { continue };
            let shapes = match &public[from] {
                Value::Null => super::reference::reference(&arch).state,
                state => serde_json::from_value(state.clone()).unwrap(),
            };
            let file = Renamed::new(Published { name: from, shapes }, &preset.names).unwrap();
            let fit = Fit::of(&graph, &file);
            assert!(fit.error().is_none(), "{}", fit.error().unwrap().message);
            assert_eq!(fit.unexpected, [], "{from}");
            tested.insert(from.to_string());
        }
    }
    let all: BTreeSet<String> = public.as_object().unwrap().keys().cloned().collect();
    assert_eq!(tested, all);
}
