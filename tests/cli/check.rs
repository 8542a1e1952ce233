use super::{archc, archc_reading, command, finish};

#[test]
fn good_files_are_ok() {
    insta::assert_snapshot!("check_ok", archc(&["check", "tiny.arch"]).transcript());
}

#[test]
fn every_mistake_of_a_file_is_shown() {
    insta::assert_snapshot!("check_wrong", archc(&["check", "wrong.arch", "tiny.arch"]).transcript());
}

#[test]
fn one_architecture_can_be_checked() {
    let run = archc(&["check", "tiny.arch:wide"]);
    assert_eq!((run.code, run.err.as_str()), (0, "ok: 1 architecture in 1 file\n"));
    let run = archc(&["check", "tiny.arch:wider"]);
    assert_eq!(run.code, 2);
    assert!(run.out.contains("E0006") && run.out.contains("did you mean `wide`?"), "{}", run.out);
}

#[test]
fn json_is_one_object_a_line() {
    let run = archc(&["check", "wrong.arch", "--format", "json"]);
    assert_eq!((run.code, run.err.as_str()), (1, "2 errors in 1 file\n"));
    let lines: Vec<serde_json::Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    let first = &lines[0];
    assert_eq!((first["severity"].as_str(), first["code"].as_str()), (Some("error"), Some("E0201")));
    let label = &first["labels"][0];
    assert_eq!(
        (label["file"].as_str(), label["line"].as_u64(), label["column"].as_u64()),
        (Some("wrong.arch"), Some(3), Some(3))
    );
    let text = include_str!("wrong.arch");
    let (start, end) = (label["start"].as_u64().unwrap() as usize, label["end"].as_u64().unwrap() as usize);
    assert_eq!(&text[start..end], "cnov");
}

#[test]
fn a_missing_file_does_not_hide_the_others() {
    let run = archc(&["check", "missing.arch", "wrong.arch"]);
    assert_eq!((run.code, run.err.as_str()), (2, "3 errors in 2 files\n"));
    assert!(run.out.contains("can't read `missing.arch`: there is no such file"), "{}", run.out);
}

#[test]
fn warnings_fail_only_where_they_are_denied() {
    let run = archc(&["check", "warning.arch"]);
    assert_eq!((run.code, run.err.as_str()), (0, "1 warning in 1 file\n"));
    assert!(run.out.contains("W0103") || run.out.contains("W0101"), "{}", run.out);
    assert_eq!(archc(&["check", "warning.arch", "--deny", "warnings"]).code, 1);
    assert_eq!(archc(&["check", "tiny.arch", "--deny", "warnings"]).code, 0);
}

#[test]
fn standard_input_is_a_file() {
    let run = archc_reading(&["check", "-"], include_str!("wrong.arch"));
    assert_eq!((run.code, run.err.as_str()), (1, "2 errors in 1 file\n"));
    assert!(run.out.contains("<stdin>:3:3"), "{}", run.out);
}

#[test]
fn a_file_named_twice_is_reported_once() {
    let twice = archc(&["check", "wrong.arch", "wrong.arch"]);
    assert_eq!(twice.out, archc(&["check", "wrong.arch"]).out);
}

#[test]
fn at_most_a_hundred_are_shown() {
    let archs: String = (0..130).map(|i| format!("arch a{i} {{\n  input image[3, 8, 8]\n  cnov(8, 3)\n}}\n")).collect();
    let run = archc_reading(&["check", "-"], &archs);
    assert_eq!((run.code, run.out.matches("E0201").count()), (1, 100));
    assert_eq!(run.err, "note: 30 more are not shown; 100 are shown at most\n130 errors in 1 file\n");
}

#[test]
fn what_can_not_be_checked_is_told() {
    let run = archc(&["check", "open.arch"]);
    assert_eq!(run.code, 0);
    assert!(run.err.contains("`open` and `other` can be checked only through variants"), "{}", run.err);
}

#[test]
fn colour_is_for_terminals_or_on_demand() {
    assert!(!archc(&["check", "wrong.arch"]).out.contains('\x1b'));
    assert!(archc(&["check", "wrong.arch", "--color", "always"]).out.contains('\x1b'));
    let args = ["check", "wrong.arch"];
    assert!(finish(command(&args).env("CLICOLOR_FORCE", "1"), &args, "").out.contains('\x1b'));
    assert!(!finish(command(&args).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"), &args, "").out.contains('\x1b'));
}

#[test]
fn codes_are_explained() {
    let run = archc(&["explain", "e0401"]);
    assert_eq!((run.code, run.out.as_str()), (0, include_str!("../../docs/errors/E0401.md")));
    let run = archc(&["explain"]);
    assert_eq!((run.code, run.out.lines().count()), (0, archc::diagnostic::Code::ALL.len()));
    insta::assert_snapshot!("explain_unknown", archc(&["explain", "E0410"]).transcript());
}

#[test]
fn weights_items_are_checked_as_well() {
    let run = archc_reading(
        &["check", "-"],
        &format!("{}\nweights w for tinny {{\n  fil \"w\"\n}}\n", include_str!("tiny.arch")),
    );
    assert_eq!((run.code, run.err.as_str()), (1, "2 errors in 1 file\n"), "{}", run.out);
    assert!(run.out.contains("`tinny`") && run.out.contains("E0605"), "{}", run.out);
}
