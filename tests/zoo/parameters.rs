//! What the parameters of the zoo's architectures do, against published numbers.

use archc::analyse::{Sums, analyse};
use archc::diagnostic::Diagnostics;
use archc::expand::{Program, Settings};
use archc::source::SourceMap;

/// The costs of an architecture with parameters set, for an input of a size of its own.
fn costs(arch: &str, set: &[(&str, &str)], input: Option<[usize; 3]>) -> Sums {
    let mut sources = SourceMap::new();
    let target = sources.open_target(&format!("zoo:{arch}")).expect("the zoo has it");
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, target.file, &mut diagnostics);
    let set = set.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let settings = Settings { set, input: input.map(Vec::from), side: None };
    let graph = program.expand(&mut sources, arch, &settings, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", super::shown(diagnostics, &sources));
    analyse(&graph.expect("there are no errors")).expect("costs fit").total
}

/// A count in millions, with as many decimals as the paper has.
fn millions(count: u64, decimals: usize) -> String {
    format!("{:.decimals$}", count as f64 / 1e6)
}

/// Howard et al. 2017, table 6.
#[test]
fn widths_of_mobilenet() {
    for (width, macs, params) in
        [("1.0", "569", "4.2"), ("0.75", "325", "2.6"), ("0.5", "149", "1.3"), ("0.25", "41", "0.5")]
    {
        let costs = costs("mobilenet_v1", &[("alpha", width)], None);
        assert_eq!([millions(costs.macs, 0), millions(costs.params, 1)], [macs, params], "width {width}");
    }
}

/// Howard et al. 2017, table 7; its numbers are partly rounded and partly cut off.
#[test]
fn resolutions_of_mobilenet() {
    for (size, macs) in [(224, 569.0), (192, 418.0), (160, 290.0), (128, 186.0)] {
        let costs = costs("mobilenet_v1", &[], Some([3, size, size]));
        let difference = costs.macs as f64 / 1e6 - macs;
        assert!(difference.abs() < 1.0, "{size}x{size}: {} MACs", costs.macs);
    }
}

#[test]
fn classes_change_the_last_layer_alone() {
    let (many, few) = (costs("resnet50", &[], None), costs("resnet50", &[("classes", "10")], None));
    assert_eq!(many.params - few.params, 990 * 2049);
    assert_eq!(many.macs - few.macs, 990 * 2048);
}

#[test]
fn another_norm_reaches_every_unit() {
    let costs = costs("resnet50", &[("norm", "group_norm(32)")], None);
    assert_eq!([costs.params, costs.buffers], [25_557_032, 0]);
}

#[test]
fn a_base_takes_what_its_members_set() {
    let own = costs("resnet", &[("unit", "basic"), ("depths", "[2, 2, 2, 2]")], None);
    assert_eq!(own, costs("resnet18", &[], None));
}
