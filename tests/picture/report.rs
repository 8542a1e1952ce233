//! The page that compares architectures, in a browser.

use super::super::cli::archc;
use super::browser;

#[test]
fn a_report_answers_in_a_browser() {
    let run = archc(&["report", "zoo:resnet18", "zoo:mobilenet_v2", "zoo:vgg16", "zoo:preact_resnet1001", "-o", "-"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    browser::check(&run.out, include_str!("report_checks.js"), 20);
}
