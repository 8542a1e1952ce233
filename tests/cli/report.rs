use super::{archc, archc_reading};

/// Networks of two stages, of which two have a known accuracy.
const NETS: &str = r#"
arch net(width = 8) {
  input image[3, 16, 16]
  stem: conv(width, 3) -> relu
  stage: repeat 3 { residual { conv(width, 3) -> bn -> relu } }
  global_avg_pool -> flatten -> fc: linear(1000)
  output logits
}
arch small = net(8)
arch large = net(64)
weights a for small { file "a.safetensors"; labels "imagenet1k"; accuracy top1 51.5 }
weights b for large { file "b.safetensors"; labels "imagenet1k"; accuracy top1 71.0, top5 90.0 }
"#;

/// What stands on the page before the data of the graphs.
fn shown(page: &str) -> &str {
    let (_, main) = page.split_once("<main>").unwrap();
    main.split_once("</main>").unwrap().0
}

#[test]
fn a_report_compares() {
    let run = archc_reading(&["report", "-", "-o", "-"], NETS);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.transcript());
    for fetching in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!run.out.contains(fetching), "{fetching}");
    }
    insta::assert_snapshot!("report", shown(&run.out));
    assert_eq!(run.out.matches("<script type=\"application/json\"").count(), 3);
}

#[test]
fn without_accuracies_costs_are_charted() {
    let text = NETS.split_once("weights").unwrap().0;
    let run = archc_reading(&["report", "-", "-o", "-"], text);
    assert_eq!(run.code, 0, "{}", run.transcript());
    assert!(run.out.contains(">Parameters over MACs</text>"), "{}", shown(&run.out));
    let run = archc(&["report", "tiny.arch:tiny", "-o", "-"]);
    assert!(!shown(&run.out).contains("<h2 id=\"chart\">") && !run.out.contains("#chart\""), "{}", shown(&run.out));
}

#[test]
fn no_text_of_a_file_ends_a_script() {
    let text = "arch net {\n input x[3, 8, 8]\n conv(4, 1) // </script><b>{{graphs}}{{shell}}\n output y\n}\n";
    let run = archc_reading(&["report", "-", "-o", "-"], text);
    assert_eq!(run.out.matches("</script>").count(), 2);
}

#[test]
fn all_of_the_zoo_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zoo.HTML").to_string_lossy().into_owned();
    let run = archc(&["report", "zoo", "-o", &path]);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""), "{}", run.transcript());
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.len() < 20_000_000, "{}", page.len());
    assert!(page.matches("<script type=\"application/json\"").count() > 60);
}

#[test]
fn what_can_not_be_reported_is_told() {
    let wrong: [&[&str]; 7] = [
        &["-o", "report.html"],
        &["tiny.arch:tiny"],
        &["tiny.arch:tiny", "-o", "report.pdf"],
        &["tiny.arch:tiny", "-o", "report"],
        &["tiny.arch:tiny", "-o", "no/such/folder/report.html"],
        &["tiny.arch:tinny", "-o", "-"],
        &["no_such.arch", "-o", "-"],
    ];
    let mut shown: Vec<String> = wrong.iter().map(|args| archc(&[&["report"], *args].concat()).transcript()).collect();
    let large = "arch net {\n  input x[4, 8, 8]\n  repeat 60_000 { conv(4, 1) -> relu }\n  output y\n}\n";
    shown.push(archc_reading(&["report", "-", "-o", "-"], large).transcript());
    insta::assert_snapshot!("report_errors", shown.join("\n"));
}

#[test]
fn another_programs_counts_stand_beside() {
    let run = archc(&["report", "tiny.arch", "--convention", "ptflops", "--functions", "all", "-o", "-"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.transcript());
    let page = shown(&run.out);
    let heads: Vec<&str> = page.split("<th ").skip(1).collect();
    let place = heads.iter().position(|head| head.contains(">ptflops</th>")).unwrap();
    assert!(
        heads[place - 1].contains(">FLOPs</th>") && page.contains("<p>ptflops: what <code>get_model_complexity_info"),
        "{page}"
    );
    let stats =
        archc(&["stats", "tiny.arch:tiny", "--convention", "ptflops", "--functions", "all", "--format", "json"]);
    let stats: serde_json::Value = serde_json::from_str(&stats.out).unwrap();
    let total = stats["archs"][0]["convention"]["total"].as_u64().unwrap();
    let row = page.lines().find(|line| line.contains(">tiny</a>")).unwrap();
    assert!(row.split("<td").nth(place + 1).unwrap().contains(&format!("data-value=\"{total}\"")), "{row}");
    assert_eq!(page.matches("<span>ptflops <b>").count(), 2);
}
