use super::{archc, archc_reading};

/// A picture on standard output.
fn drawn(args: &[&str]) -> String {
    let run = archc(&[&["graph"], args].concat());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.transcript());
    run.out
}

#[test]
fn small_graphs_are_drawn_as_svg() {
    insta::assert_snapshot!("graph_svg", drawn(&["tiny.arch:tiny", "--format", "svg"]));
    let cost = drawn(&["tiny.arch:tiny", "--format", "svg", "--colour", "cost", "--theme", "dark", "--depth", "1"]);
    insta::assert_snapshot!("graph_svg_cost", cost);
    insta::assert_snapshot!("graph_svg_unfolded", drawn(&["tiny.arch:tiny", "--format", "svg", "--unfold"]));
}

#[test]
fn small_graphs_are_drawn_for_graphviz() {
    insta::assert_snapshot!("graph_dot", drawn(&["tiny.arch:tiny", "--format", "dot"]));
    insta::assert_snapshot!("graph_dot_unfolded", drawn(&["tiny.arch:tiny", "--format", "dot", "--unfold"]));
    insta::assert_snapshot!("graph_dot_cost", drawn(&["tiny.arch:tiny", "--format", "dot", "--colour", "cost"]));
}

#[test]
fn branches_scopes_and_results_are_drawn() {
    let text = "\
arch net {
  input image[3, 8, 8]; input mask[1, 8, 8]
  image -> a: conv(4, 3) -> relu
  \"m.0\": conv(4, 1) -> \"n.0\": batch_norm -> \"m.1\": conv(4, 1) -> \"n.1\": batch_norm
  concat { identity; max_pool(3, 1, pad = 1); mul(mask) }
  output side: conv(2, 1)
  global_avg_pool
  output main
}";
    let run = archc_reading(&["graph", "-", "--format", "svg"], text);
    assert_eq!(run.code, 0, "{}", run.transcript());
    insta::assert_snapshot!("graph_svg_branches", run.out);
}

#[test]
fn files_are_written_by_their_endings() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    for name in ["net.svg", "net.PNG", "net.dot", "other"] {
        let mut args = vec!["graph", "tiny.arch:tiny", "-o"];
        let file = path(name);
        args.push(&file);
        if name == "other" {
            args.extend(["--format", "png", "--scale", "0.5"]);
        }
        let run = archc(&args);
        assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""), "{}", run.transcript());
    }
    assert!(std::fs::read_to_string(path("net.svg")).unwrap().starts_with("<svg "));
    assert!(std::fs::read_to_string(path("net.dot")).unwrap().starts_with("digraph "));
    let pixels = |name: &str| {
        let bytes = std::fs::read(path(name)).unwrap();
        assert_eq!(&bytes[1..4], b"PNG");
        u32::from_be_bytes(bytes[16..20].try_into().unwrap())
    };
    assert_eq!(pixels("net.PNG"), 4 * pixels("other"));
}

#[test]
fn what_can_not_be_drawn_is_told() {
    let wrong: [&[&str]; 14] = [
        &["tiny.arch:tiny"],
        &["tiny.arch:tiny", "-o", "net.gif"],
        &["tiny.arch:tiny", "-o", "net"],
        &["tiny.arch:tiny", "-o", "no/such/folder/net.svg"],
        &["tiny.arch:tiny", "-o", "."],
        &["tiny.arch:tiny", "--format", "png", "--scale", "0"],
        &["tiny.arch:tiny", "--format", "svg", "--scale", "2"],
        &["tiny.arch:tiny", "--format", "html", "--scale", "2"],
        &["tiny.arch:tiny", "--format", "html", "--theme", "dark"],
        &["tiny.arch:tiny", "--format", "dot", "--theme", "dark"],
        &["tiny.arch:tiny", "--format", "html", "--unfold"],
        &["tiny.arch", "--format", "svg"],
        &["tiny.arch:tinny", "--format", "svg"],
        &["zoo:cifar_resnet1202", "--format", "svg", "--unfold", "--depth", "9", "--set", "n=800"],
    ];
    let shown: Vec<String> = wrong.iter().map(|args| archc(&[&["graph"], *args].concat()).transcript()).collect();
    insta::assert_snapshot!("graph_errors", shown.join("\n"));
    let run = archc(&["graph", "wrong.arch", "--format", "svg"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""), "{}", run.transcript());
}
