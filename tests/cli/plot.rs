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
    let wrong: [&[&str]; 7] = [
        &["zoo:resnet50"],
        &["zoo:resnet50", "--format", "svg", "--scale", "2"],
        &["zoo:resnet50", "-o", "x.dot"],
        &["zoo:resnet50", "-o", "no/such/folder/x.svg"],
        &["tiny.arch", "--format", "svg"],
        &["zoo:resnet5", "--format", "svg"],
        &["zoo:resnet50", "--format", "html"],
    ];
    let shown: Vec<String> = wrong.iter().map(|args| archc(&[&["plot"], *args].concat()).transcript()).collect();
    insta::assert_snapshot!("plot_errors", shown.join("\n"));
}

/// The curves of the small network.
fn swept(args: &str) -> String {
    let run =
        archc(&["plot", "tiny.arch:tiny", "--format", "svg"].into_iter().chain(args.split(' ')).collect::<Vec<_>>());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.transcript());
    run.out
}

#[test]
fn a_sweep_is_drawn_as_curves() {
    insta::assert_snapshot!("plot_sweep", swept("--sweep width=8..32:8 --sweep input=16,32"));
    let memory = swept("--sweep width=4..8:2 --sweep input=16..160:16 --x input --y peak_memory --theme dark");
    insta::assert_snapshot!("plot_sweep_memory", memory);
}

#[test]
fn one_curve_has_no_legend_and_words_stand_side_by_side() {
    let one = swept("--sweep classes=1..500 --y params");
    assert_eq!((one.matches("class=\"curve").count(), one.matches("<circle").count()), (1, 0), "{one}");
    let words = swept("--sweep width=4*2,2*2,8+8");
    for (value, macs) in [("4*2", "width=4*2: "), ("2*2", "width=2*2: "), ("8+8", "width=8+8: ")] {
        assert!(words.contains(&format!(">{value}</text>")) && words.contains(macs), "{words}");
    }
}

#[test]
fn sweeps_that_can_not_be_drawn_are_told() {
    let wrong = [
        "tiny.arch:tiny --sweep width= -o x.svg",
        "tiny.arch:tiny --sweep width=8..4 -o x.svg",
        "tiny.arch:tiny --sweep width=4 -o x.html",
        "tiny.arch:tiny --sweep width=4",
        "tiny.arch:tiny --sweep width=4 --x depth --format svg",
        "tiny.arch:tiny --sweep width=4 --y top1 --format svg",
        "tiny.arch:tiny --sweep width=4 --y speed --format svg",
        "tiny.arch:tiny --sweep width=4 --size macs --format svg",
        "tiny.arch:tiny --sweep width=4 --sweep width=8 --format svg",
        "tiny.arch:tiny --sweep width=1..25 --sweep classes=1..30 --x classes --format svg",
        "tiny.arch:tiny --sweep width=1..30000 --format svg",
        "tiny.arch:tiny --sweep wdith=4 --format svg",
        "tiny.arch --sweep width=4 --format svg",
        "tiny.arch:tiny zoo:alexnet --sweep classes=4 --format svg",
        "--sweep classes=4 --format svg",
        "zoo:resnet50 --x width --format svg",
    ];
    let shown: Vec<String> = wrong
        .iter()
        .map(|args| archc(&[&["plot"], &*args.split(' ').collect::<Vec<_>>()].concat()).transcript())
        .collect();
    assert_eq!(shown.concat().matches("--- exit code 2").count(), wrong.len());
    let broken = archc(&["plot", "tiny.arch:tiny", "--sweep", "classes=2,0", "--format", "svg"]);
    assert_eq!(broken.code, 1);
    insta::assert_snapshot!("plot_bad_sweeps", shown.join("\n") + "\n" + &broken.transcript());
}

#[test]
fn costs_are_drawn_over_costs() {
    let run = archc(&["plot", "zoo:resnet18", "zoo:vgg16", "--x", "layers", "--y", "peak_memory", "--format", "svg"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.transcript());
    insta::assert_snapshot!("plot_costs", run.out);
}

#[test]
fn another_programs_counts_are_drawn() {
    // To the unit what stats says.
    let total = |target: &str, also: &[&str]| {
        let args = [&["stats", target, "--convention", "thop", "--format", "csv", "--by", "arch"], also].concat();
        let stats = archc(&[&args[..], &["--columns", "convention"]].concat());
        let cell = stats.out.lines().nth(1).and_then(|line| line.rsplit(',').next()).map(str::to_string);
        archc::report::grouped(cell.unwrap().parse().unwrap())
    };
    let run = archc(&["plot", "zoo:resnet18", "zoo:vgg16", "--convention", "thop", "--format", "svg"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.transcript());
    for text in [">ImageNet top-1 accuracy over what thop counts<", ">what thop counts for one image, logarithmic<"] {
        assert!(run.out.contains(text), "{text}: {}", run.out);
    }
    for target in ["zoo:resnet18", "zoo:vgg16"] {
        let told = format!("{} counted by thop", total(target, &[]));
        assert!(run.out.contains(&told), "{told}: {}", run.out);
    }
    let curves = swept("--sweep width=4..8:2 --convention thop --functions all");
    let told = total("tiny.arch:tiny", &["--functions", "all", "--set", "width=6"]);
    assert!(curves.contains(&format!("width=6: {told} counted by thop")), "{curves}");
    let areas = archc(&[
        "plot",
        "zoo:resnet18",
        "zoo:vgg16",
        "--size",
        "convention",
        "--convention",
        "thop",
        "--format",
        "svg",
    ]);
    assert!(areas.out.contains("Areas are what thop counts."), "{}", areas.out);
}

#[test]
fn conventions_that_nothing_shows_are_told() {
    let wrong = [
        "zoo:resnet18 --x convention --format svg",
        "zoo:resnet18 --x macs --convention thop --format svg",
        "zoo:resnet18 --functions all --format svg",
        "zoo:resnet18 --x macs --size convention --format svg",
        "tiny.arch:tiny --sweep width=4..8:2 --y convention --format svg",
        "tiny.arch:tiny --sweep width=4..8:2 --y params --convention thop --format svg",
    ];
    let run = |args: &str| archc(&[&["plot"], &*args.split(' ').collect::<Vec<_>>()].concat());
    let shown: Vec<String> = wrong.iter().map(|args| run(args).transcript()).collect();
    assert_eq!(shown.concat().matches("--- exit code 2").count(), wrong.len());
    insta::assert_snapshot!("plot_bad_conventions", shown.join("\n"));
}
