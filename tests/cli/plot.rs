use super::{archc, archc_reading};

/// Three networks with a stated accuracy, and one without.
const NETS: &str = r#"
arch net(width = 8) {
  input image[3, 16, 16]
  conv(width, 3) -> relu -> global_avg_pool -> flatten -> linear(1000)
  output logits
}
arch small = net(8)
arch middle = net(16)
arch large = net(64)
weights a for small { file "a.safetensors"; labels "imagenet1k"; accuracy top1 51.5 }
weights b for middle { file "b.safetensors"; labels "imagenet1k"; accuracy top1 60.25, top5 80.5 }
weights c for large { file "c.safetensors"; labels "imagenet1k"; accuracy top1 69.0, top5 88.0 }
weights d for large { file "d.safetensors"; labels "imagenet1k"; accuracy top1 71.0, top5 90.0 }
"#;

#[test]
fn accuracy_over_cost_is_drawn() {
    let run = archc_reading(&["plot", "-", "--format", "svg"], NETS);
    assert_eq!(run.code, 0, "{}", run.transcript());
    assert_eq!(run.err, "note: left out, since no `weights` item states the top-1 accuracy: `net`\n");
    insta::assert_snapshot!("plot_svg", run.out);
    let args = ["plot", "-", "--format", "svg", "--x", "params", "--size", "macs", "--y", "top5", "--theme", "dark"];
    let run = archc_reading(&args, NETS);
    assert!(run.err.contains("top-5 accuracy: `net` and `small`"), "{}", run.err);
    assert!(run.out.contains(">large</text>") && run.out.contains("large: 90 %"), "{}", run.out);
}

#[test]
fn the_zoo_is_drawn_with_a_name_for_each_bubble() {
    let run = archc(&["plot", "--format", "svg"]);
    assert_eq!(run.code, 0, "{}", run.transcript());
    let count = |what: &str| run.out.matches(what).count();
    assert!(count("class=\"label\"") > 15);
    assert_eq!(count("class=\"label\""), count("%, "), "{}", run.err);
    assert!(run.err.contains("more\n"), "{}", run.err);
}

#[test]
fn a_png_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zoo.png").to_string_lossy().into_owned();
    let run = archc(&["plot", "zoo:resnet50", "zoo:vgg16", "-o", &path]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.transcript());
    assert_eq!(&std::fs::read(&path).unwrap()[1..4], b"PNG");
}

#[test]
fn what_can_not_be_plotted_is_told() {
    let wrong: [&[&str]; 6] = [
        &["zoo:resnet50"],
        &["zoo:resnet50", "-o", "x.dot"],
        &["zoo:resnet50", "-o", "no/such/folder/x.svg"],
        &["tiny.arch", "--format", "svg"],
        &["zoo:resnet5", "--format", "svg"],
        &["zoo:resnet50", "--format", "html"],
    ];
    let shown: Vec<String> = wrong.iter().map(|args| archc(&[&["plot"], *args].concat()).transcript()).collect();
    insta::assert_snapshot!("plot_errors", shown.join("\n"));
}
