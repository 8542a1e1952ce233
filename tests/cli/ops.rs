use super::archc;

#[test]
fn the_page_of_ops_is_what_the_program_prints() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ops.md")).unwrap();
    assert!(archc(&["ops", "--format", "md"]).out == page, "run `cargo run -- ops --format md > docs/ops.md`");
}

#[test]
fn one_op_is_explained_by_either_name() {
    let run = archc(&["ops", "batch_norm"]);
    assert_eq!(run.out, archc(&["ops", "bn"]).out);
    for part in ["batch_norm(", "Short name: bn", "Parameters:", "Example:"] {
        assert!(run.out.contains(part), "{}", run.out);
    }
}

#[test]
fn ops_are_listed_a_line_each() {
    let run = archc(&["ops"]);
    assert_eq!((run.code, run.out.lines().count()), (0, archc::ops::ALL.len()));
}

#[test]
fn an_unknown_op_has_a_nearest() {
    insta::assert_snapshot!("ops_unknown", archc(&["ops", "bach_norm"]).transcript());
}

#[test]
fn the_zoo_is_listed_with_costs() {
    let run = archc(&["zoo"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let line = run.out.lines().find(|line| line.starts_with("squeezenet1_1 ")).unwrap();
    for part in ["zoo/squeezenet.arch", "1,235,496", "349.15 M", "(Iandola et al. 2016"] {
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn a_file_of_the_zoo_is_shown_and_checks() {
    let run = archc(&["zoo", "squeezenet1_1"]);
    assert_eq!((run.code, run.out.as_str()), (0, include_str!("../../archs/squeezenet.arch")));
    assert_eq!(archc(&["check", "zoo:squeezenet1_1"]).code, 0);
    let run = archc(&["zoo", "squeezenet1_2"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean"), "{}", run.err);
}
