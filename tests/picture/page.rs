//! The page of a graph: what it holds, and, where there is a Chromium, how it answers.

use super::super::cli::archc;
use super::browser;

/// The page of an architecture, drawn in `tests/cli`.
fn page(target: &str) -> String {
    let run = archc(&["graph", target, "--format", "html"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    run.out
}

/// What the page's script is given.
fn data(page: &str) -> serde_json::Value {
    let line = page.lines().find_map(|line| line.rsplit_once("start(").filter(|(_, rest)| rest.starts_with('{')));
    serde_json::from_str(line.unwrap().1.strip_suffix(");").unwrap()).unwrap()
}

#[test]
fn a_page_holds_the_graph_and_fetches_nothing() {
    let page = page("tiny.arch:tiny");
    for fetching in ["http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(fetching), "{fetching}");
    }
    let data = data(&page);
    let lines = ["parts", "nodes", "sources"].into_iter().flat_map(|name| data[name].as_array().unwrap());
    insta::assert_snapshot!("page_data", lines.map(ToString::to_string).collect::<Vec<_>>().join("\n"));
}

#[test]
fn no_text_of_a_file_ends_the_script() {
    let text = "arch net {\n input x[3, 8, 8]\n conv(4, 1) // </script><b>{{data}}\n output y\n}\n";
    let run = super::super::cli::archc_reading(&["graph", "-", "--format", "html"], text);
    assert_eq!(run.out.matches("</script>").count(), 1);
    assert!(data(&run.out)["sources"][1][1].as_str().unwrap().contains("</script><b>{{data}}"));
}

#[test]
fn a_page_answers_in_a_browser() {
    for target in ["zoo:resnet50", "zoo:preact_resnet1001"] {
        browser::check(&page(target), include_str!("page_checks.js"), 20);
    }
}
