use std::sync::Arc;

use super::{Subject, View, comparison, grouped, json, layers, short, table, times};
use crate::analyse::{Load, NodeCost, Port, Report, Sums, Weight};

/// A report of nodes given as `(path, op, params, macs)`, each with an output of 2 x 4 x 4.
fn subject(arch: &str, nodes: &[(&str, &'static str, u64, u64)]) -> Subject {
    let mut total = Sums::default();
    let mut weights = Vec::new();
    let nodes = nodes.iter().map(|(path, op, params, macs)| {
        let sums =
            Sums { params: *params, buffers: 1, macs: *macs, flops: 2 * macs, activation_elements: 32, counted: 0 };
        total.add_part(&sums);
        weights.push(Weight { name: format!("{path}.weight"), shape: vec![*params as usize], trainable: true });
        let detail = if *op == "conv" { "3x3, stride 2".to_string() } else { String::new() };
        NodeCost {
            path: Arc::from(*path),
            op,
            detail,
            output: vec![2, 4, 4],
            sums,
            load: Load { live: 256, saved: 128, moved: 4 * macs },
            field: None,
            call: None,
        }
    });
    let nodes = nodes.collect();
    let port = |name: &str| Port { name: Arc::from(name), shape: vec![3, 8, 8] };
    let (inputs, outputs) = (vec![port("image")], vec![port("logits")]);
    let report = Report {
        arch: Arc::from(arch),
        batch: 1,
        inputs,
        outputs,
        nodes,
        weights,
        total,
        load: Load { live: 256, saved: 640, moved: 1000 },
        layers: 2,
        image: Some([8, 8]),
        last_map: None,
    };
    Subject { file: "net.arch".to_string(), report }
}

fn small() -> Subject {
    subject(
        "small",
        &[("conv1", "conv", 1234, 5_600_000), ("layer1.0.conv1", "conv", 10, 1000), ("layer1.0.relu1", "relu", 0, 0)],
    )
}

fn large() -> Subject {
    subject("large", &[("conv1", "conv", 2148, 16_803_000)])
}

#[test]
fn numbers_are_short_and_exact_where_it_matters() {
    assert_eq!(
        ["0", "999", "1,000", "25,557,032"],
        [0, 999, 1000, 25_557_032].map(grouped).each_ref().map(String::as_str)
    );
    let shorts = [0, 999, 1000, 999_994, 999_996, 4_089_184_256, u64::MAX].map(short);
    assert_eq!(shorts, ["0", "999", "1.00 k", "999.99 k", "1.00 M", "4.09 G", "18.45 E"]);
    assert_eq!([times(174, 100), times(1, 1), times(1, 0), times(1, 1000)], ["x1.74", "x1.00", "-", "x1.0e-3"]);
}

#[test]
fn one_architecture_is_a_tree() {
    insta::assert_snapshot!("tree", layers(&small(), None).to_text(None));
    insta::assert_snapshot!("tree_at_depth_1", layers(&small(), Some(1)).to_text(None));
    insta::assert_snapshot!("tree_markdown", layers(&small(), None).to_markdown());
}

#[test]
fn several_architectures_are_a_comparison() {
    insta::assert_snapshot!("comparison", comparison(&[small(), large()]).to_text(None));
    let elsewhere = Subject { file: "other.arch".to_string(), ..large() };
    insta::assert_snapshot!("comparison_of_files", comparison(&[small(), elsewhere]).to_markdown());
}

#[test]
fn a_narrow_table_is_wrapped() {
    let text = layers(&small(), None).to_text(Some(60));
    let (_, table) = text.split_once("\n\n").unwrap();
    assert!(table.lines().all(|line| line.chars().count() <= 60), "{text}");
}

#[test]
fn a_tree_without_a_depth_fits_a_screen() {
    let paths: Vec<String> = (0..30).flat_map(|i| [format!("a.{i}.x"), format!("a.{i}.y")]).collect();
    let nodes: Vec<_> = paths.iter().map(|path| (path.as_str(), "conv", 1, 1)).collect();
    let grid = layers(&subject("deep", &nodes), None);
    assert_eq!(grid.rows.len(), 31);
    assert!(grid.head.contains(&"Blocks are summed at depth 2; `--depth 3` shows every layer.".to_string()));
}

fn csv(subjects: &[Subject], depth: Option<usize>) -> String {
    table(subjects, &View { depth, ..View::default() }, true).unwrap_or_else(|refused| panic!("{refused:?}")).csv()
}

#[test]
fn csv_has_exact_numbers() {
    insta::assert_snapshot!("layers_csv", csv(&[small()], None));
    insta::assert_snapshot!("layers_csv_at_depth_1", csv(&[small()], Some(1)));
    insta::assert_snapshot!("comparison_csv", csv(&[small(), large()], None));
}

#[test]
fn json_has_the_documented_fields() {
    let value: serde_json::Value = serde_json::from_str(&json(&[small(), large()], &View::default())).unwrap();
    assert_eq!(value["format"], 1);
    let arch = &value["archs"][0];
    let documented = include_str!("../../docs/stats-json.md");
    let example = documented.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let example: serde_json::Value = serde_json::from_str(example).unwrap();
    assert_eq!(fields(arch), fields(&example["archs"][0]));
    for list in ["inputs", "outputs", "layers", "weights"] {
        assert_eq!(fields(&arch[list][0]), fields(&example["archs"][0][list][0]), "{list}");
    }
    assert_eq!(arch["layers"][0]["outputs"], serde_json::json!([[2, 4, 4]]));
}

fn fields(object: &serde_json::Value) -> Vec<&String> {
    object.as_object().unwrap().keys().collect()
}
