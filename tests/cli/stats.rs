use super::{archc, archc_reading};

#[test]
fn one_architecture_is_a_tree() {
    insta::assert_snapshot!("stats_table", archc(&["stats", "tiny.arch:tiny"]).transcript());
    insta::assert_snapshot!("stats_depth", archc(&["stats", "tiny.arch:tiny", "--depth", "1"]).transcript());
    insta::assert_snapshot!("stats_csv", archc(&["stats", "tiny.arch:tiny", "--format", "csv"]).transcript());
    insta::assert_snapshot!("stats_md", archc(&["stats", "tiny.arch:tiny", "--format", "md"]).transcript());
    insta::assert_snapshot!("stats_json", archc(&["stats", "tiny.arch:tiny", "--format", "json"]).transcript());
}

#[test]
fn a_file_without_a_name_is_a_comparison() {
    insta::assert_snapshot!("stats_comparison", archc(&["stats", "tiny.arch"]).transcript());
    insta::assert_snapshot!("stats_comparison_csv", archc(&["stats", "tiny.arch", "--format", "csv"]).transcript());
    let run = archc(&["stats", "tiny.arch:wide", "zoo:squeezenet1_1", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let names: Vec<&str> =
        value["archs"].as_array().unwrap().iter().map(|arch| arch["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["wide", "squeezenet1_1"]);
    assert_eq!(value["archs"][1]["params"], 1_235_496);
}

#[test]
fn settings_change_what_is_counted() {
    let totals = |more: &[&str]| {
        let args = [&["stats", "tiny.arch:tiny", "--format", "json"], more].concat();
        let value: serde_json::Value = serde_json::from_str(&archc(&args).out).unwrap();
        ["params", "macs", "activation_elements"].map(|name| value["archs"][0][name].as_u64().unwrap())
    };
    let [params, macs, activations] = totals(&[]);
    assert_eq!(totals(&["--batch", "8"]), [params, 8 * macs, 8 * activations]);
    assert_eq!(totals(&["--set", "classes=10"])[0], params + 6 * 9);
    assert_eq!(totals(&["--set", "classes=10", "--set", "width = 2 * 8"])[0], 5_204 + 6 * 17);
    let larger = totals(&["--input", "3x32x32"]);
    assert_eq!(larger, totals(&["--set", "H=32", "--set", "W=32"]));
    assert!(larger[0] == params && larger[1] > 3 * macs);
}

#[test]
fn settings_that_do_not_fit_are_usage_errors() {
    let wrong: [&[&str]; 5] =
        [&["--set", "clases=10"], &["--set", "classes"], &["--input", "3x0x4"], &["--batch", "0"], &["--depth", "0"]];
    for more in wrong {
        let run = archc(&[&["stats", "tiny.arch:tiny"], more].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.transcript());
    }
    let run = archc(&["stats", "tiny.arch:tiny", "--set", "clases=10"]);
    assert!(run.err.contains("E0007") && run.err.contains("`classes`"), "{}", run.err);
}

#[test]
fn errors_are_shown_and_nothing_else() {
    let run = archc(&["stats", "wrong.arch"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.err.contains("E0201") && run.err.contains("E0404"), "{}", run.err);
}

#[test]
fn parameters_without_defaults_can_be_set() {
    let run = archc(&["stats", "open.arch"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("E0006") && run.err.contains("needs `classes`"), "{}", run.err);
    let run = archc(&["stats", "open.arch", "--set", "classes=3", "--format", "csv"]);
    assert_eq!((run.code, run.out.lines().count()), (0, 3), "{}", run.transcript());
}

#[test]
fn targets_that_name_nothing_are_told() {
    for target in ["tiny.arch:tinny", "zoo:resnet5", "missing.arch", "-"] {
        let run = archc(&["stats", target]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.transcript());
    }
}

#[test]
fn standard_input_is_a_file() {
    let run = archc_reading(&["stats", "-", "--format", "csv"], include_str!("tiny.arch"));
    assert_eq!(run.code, 0);
    assert!(run.out.contains("tiny,<stdin>,3x16x16,"), "{}", run.out);
}

#[test]
fn counts_that_do_not_fit_are_errors() {
    let run = archc(&["stats", "tiny.arch:tiny", "--batch", "9999999999999999"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.err.contains("E0408"), "{}", run.err);
}

/// The outputs of `archc stats` with each of these arguments, one after another.
fn transcripts(target: &str, cases: &[&str]) -> String {
    let run = |more: &&str| archc(&["stats", target].into_iter().chain(more.split_whitespace()).collect::<Vec<_>>());
    cases.iter().map(|more| run(more).transcript()).collect::<Vec<_>>().join("\n")
}

const SPEC: &str = "--device-spec peak=100G,bandwidth=20G";

#[test]
fn columns_are_chosen() {
    let all = format!("--columns all {SPEC}");
    for format in ["table", "csv", "md"] {
        let cases = [
            format!("{all} --by layer --format {format}"),
            format!("--columns +receptive_field,stride,centre --format {format}"),
            format!("--columns all --by arch {SPEC} --format {format} --optimizer momentum"),
        ];
        let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
        insta::assert_snapshot!(format!("stats_columns_{format}"), transcripts("tiny.arch:tiny", &cases));
    }
    insta::assert_snapshot!("stats_columns_of_several", transcripts("tiny.arch", &["--columns +peak_memory,layers"]));
}

#[test]
fn rows_are_grouped() {
    for format in ["table", "csv", "md"] {
        let cases = ["op", "block", "layer"].map(|by| format!("--by {by} --format {format} --device a100"));
        let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
        insta::assert_snapshot!(format!("stats_by_{format}"), transcripts("tiny.arch:tiny", &cases));
    }
    let cases = ["op", "block"].map(|by| format!("--by {by} --format json {SPEC}"));
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    insta::assert_snapshot!("stats_by_json", transcripts("tiny.arch:tiny", &cases));
}

#[test]
fn columns_and_devices_that_there_are_not_are_told() {
    let one = [
        "--columns receptive_fields",
        "--columns speed",
        "--columns ,",
        "--columns training_memory",
        "--by op --columns stride",
        "--columns latency",
        "--by shape",
        "--device a1000",
        "--device-spec peak=fast,bandwidth=1G",
        "--device-spec peak=1T",
        "--device a100 --device-spec peak=1T,bandwidth=1T",
        "--optimizer rprop",
    ];
    let several = ["--by op", "--columns op"];
    let shown = [transcripts("tiny.arch:tiny", &one), transcripts("tiny.arch", &several)].join("\n");
    assert_eq!(shown.matches("--- exit code 2").count(), one.len() + several.len());
    insta::assert_snapshot!("stats_bad_columns", shown);
}

#[test]
fn every_combination_is_a_row() {
    let formats = ["table", "md", "csv", "json"].map(|format| {
        format!("--sweep width=2,4 --sweep input=16..32:8 --format {format} --columns +receptive_field {SPEC}")
    });
    let mut cases: Vec<&str> = formats.iter().map(String::as_str).collect();
    cases.extend([
        "--sweep classes=1..3 --set width=2 --input 3x8x8 --batch 2 --format csv",
        "--sweep width=[4][0],2*4",
    ]);
    insta::assert_snapshot!("stats_sweep", transcripts("tiny.arch:tiny", &cases));
}

#[test]
fn sweeps_that_make_no_sense_are_told() {
    let cases = [
        "--sweep width",
        "--sweep width=",
        "--sweep width=1,,2",
        "--sweep width=8..4",
        "--sweep width=4..8:0",
        "--sweep width=1..4000000",
        "--sweep width=1..2000 --sweep classes=1..2000",
        "--sweep width=4 --sweep width=8",
        "--sweep width=4 --set width=8",
        "--sweep input=32 --input 3x8x8",
        "--sweep input=large",
        "--sweep input=1x2",
        "--sweep widht=4",
        "--sweep width=4 --by op",
        "--sweep width=4 --depth 2",
        "--sweep width=4 --columns speed",
    ];
    let shown = transcripts("tiny.arch:tiny", &cases);
    assert_eq!(shown.matches("--- exit code 2").count(), cases.len());
    let broken = ["--sweep width=1+", "--sweep width=4,wide", "--sweep classes=2,0 --sweep width=8,16"];
    let failed = transcripts("tiny.arch:tiny", &broken);
    assert_eq!(failed.matches("--- exit code 1").count(), broken.len());
    let several = archc(&["stats", "tiny.arch", "--sweep", "width=4"]).transcript();
    let files = archc(&["stats", "tiny.arch:tiny", "zoo:alexnet", "--sweep", "classes=4"]).transcript();
    insta::assert_snapshot!("stats_bad_sweeps", [shown, failed, several, files].join("\n"));
}

#[test]
fn totals_are_by_the_rules_of_other_programs() {
    let names = ["macs", "flops", "torchinfo", "fvcore", "ptflops", "ptflops-aten", "thop"];
    let each = names.map(|name| format!("--convention {name} --depth 1"));
    let cases: Vec<&str> = each.iter().map(String::as_str).collect();
    insta::assert_snapshot!("stats_conventions", transcripts("tiny.arch:tiny", &cases));
    let cases = [
        "--convention fvcore --format csv",
        "--convention fvcore --format md",
        "--convention fvcore --format json",
        "--convention fvcore --by op",
        "--convention fvcore --by op --format json",
        "--convention fvcore --by block",
        "--convention fvcore --columns convention,macs --by arch",
        "--convention fvcore --columns op",
        "--convention fvcore --sweep width=2,4 --columns +layers",
        "--convention fvcore --sweep width=2,4 --format json",
        "--convention fvcore --batch 2 --input 3x8x8 --set classes=2 --depth 1",
        "--convention ptflops --functions all --depth 1",
        "--convention thop --functions none --depth 1 --columns convention",
    ];
    insta::assert_snapshot!("stats_convention_formats", transcripts("tiny.arch:tiny", &cases));
    insta::assert_snapshot!("stats_convention_of_several", transcripts("tiny.arch", &["--convention thop"]));
}

#[test]
fn conventions_that_there_are_not_are_told() {
    let cases = [
        "--convention fvcoer",
        "--convention deepspeed",
        "--convention",
        "--columns convention",
        "--functions all",
        "--convention ptflops --functions some",
        "--convention thop --convention fvcore",
        "--convention thop --columns conventions",
    ];
    let shown = transcripts("tiny.arch:tiny", &cases);
    assert_eq!(shown.matches("--- exit code 2").count(), cases.len());
    insta::assert_snapshot!("stats_bad_conventions", shown);
}
