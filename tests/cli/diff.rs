use super::{archc, archc_reading};

const OTHER: &str = "arch tiny { input image[3, 16, 16]; conv(8, 3) -> relu; output logits }";

#[test]
fn the_exit_code_tells_whether_they_differ() {
    let run = archc(&["diff", "tiny.arch", "tiny.arch"]);
    assert_eq!(run.code, 0, "{}", run.transcript());
    assert!(run.out.starts_with("The same in tiny.arch and tiny.arch: "), "{}", run.out);
    let run = archc(&["diff", "tiny.arch:tiny", "tiny.arch:wide"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""), "{}", run.transcript());
    insta::assert_snapshot!("diff", run.transcript());
}

#[test]
fn files_that_can_not_be_compared_are_usage_errors() {
    let wrong: [&[&str]; 8] = [
        &["wrong.arch", "tiny.arch"],
        &["tiny.arch", "missing.arch"],
        &["tiny.arch:tinny", "tiny.arch"],
        &["tiny.arch:tiny", "zoo:vgg"],
        &["-", "-"],
        &["tiny.arch"],
        &["tiny.arch", "tiny.arch", "--set", "nothing=1"],
        &["open.arch", "/dev/null"],
    ];
    let shown: Vec<String> = wrong
        .iter()
        .map(|args| {
            let run = archc(&[&["diff"], *args].concat());
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.transcript());
            run.transcript()
        })
        .collect();
    insta::assert_snapshot!("diff_usage", shown.join("\n"));
}

#[test]
fn one_side_may_be_standard_input_or_nothing() {
    let run = archc_reading(&["diff", "tiny.arch:tiny", "-", "--format", "json"], OTHER);
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, &document["after"]), (1, &serde_json::json!("<stdin>")));
    assert_eq!(document["archs"][0]["after"]["name"], "tiny");
    let run = archc(&["diff", "/dev/null", "tiny.arch", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, document["added"].as_array().unwrap().len()), (1, 2), "{}", run.transcript());
}

#[test]
fn settings_and_batches_hold_for_both_sides() {
    let run =
        archc(&["diff", "tiny.arch:tiny", "tiny.arch:tiny", "--set", "width=3", "--input", "3x32x32", "--batch", "4"]);
    assert_eq!(run.code, 0, "{}", run.transcript());
    let macs = |batch: &str| {
        let run = archc(&["diff", "tiny.arch:tiny", "tiny.arch:wide", "--batch", batch, "--format", "json"]);
        let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        document["archs"][0]["after"]["macs"].as_u64().unwrap()
    };
    assert_eq!(macs("8"), 8 * macs("1"));
}

#[test]
fn colours_are_for_terminals_and_those_who_ask() {
    let args = ["diff", "tiny.arch:tiny", "tiny.arch:wide"];
    assert!(!archc(&args).out.contains('\x1b'));
    let coloured = archc(&[&["--color", "always"], &args[..]].concat());
    assert!(coloured.out.contains("\x1b[33m~"), "{}", coloured.out);
    let md = archc(&[&["--color", "always"], &args[..], &["--format", "md"]].concat());
    assert!(!md.out.contains('\x1b'), "{}", md.out);
}

#[test]
fn another_programs_counts_are_compared_too() {
    let args = ["diff", "tiny.arch:tiny", "tiny.arch:wide", "--convention", "fvcore"];
    let run = archc(&args);
    let markdown = archc(&[&args[..], &["--format", "md", "--all"]].concat());
    insta::assert_snapshot!("diff_convention", run.transcript() + "\n" + &markdown.transcript());

    // What stats says of both, and the nodes' parts add up to the difference.
    let run = archc(&[&args[..], &["--batch", "2", "--format", "json"]].concat());
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let arch = &document["archs"][0];
    assert_eq!(document["convention"], "fvcore");
    for (side, name) in [("before", "tiny"), ("after", "wide")] {
        let target = format!("tiny.arch:{name}");
        let stats = archc(&["stats", &target, "--batch", "2", "--convention", "fvcore", "--format", "json"]);
        let stats: serde_json::Value = serde_json::from_str(&stats.out).unwrap();
        assert_eq!(arch[side]["counted"], stats["archs"][0]["convention"]["total"]);
    }
    let sum = |side: &str| {
        let changes = arch["changes"].as_array().unwrap().iter();
        changes.filter_map(|change| change[side]["counted"].as_i64()).sum::<i64>()
    };
    let total = |side: &str| arch[side]["counted"].as_i64().unwrap();
    assert_eq!(sum("after") - sum("before"), total("after") - total("before"));
}
