use super::{command, finish};

/// `archc plan` for instructions that every machine has, and one of its threads.
fn plan(args: &[&str]) -> super::Run {
    let args = [&["plan", "--threads", "1"], args].concat();
    finish(command(&args).env("ARCHC_SIMD", "scalar"), &args, "")
}

#[test]
fn a_plan_is_shown_with_what_was_joined_and_removed() {
    insta::assert_snapshot!("plan", plan(&["planned.arch", "--exact"]).transcript());
}

#[test]
fn a_plan_as_json_has_all_figures() {
    let run = plan(&["planned.arch", "--exact", "--batch", "2", "--format", "json"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    insta::assert_snapshot!("plan_json", run.out);
    let steps = json["steps"].as_array().unwrap();
    let sum = |name: &str| steps.iter().map(|step| step[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("weight_bytes"), json["weight_bytes"].as_u64().unwrap());
    assert!(steps.iter().all(|step| step["offset"].as_u64() < json["arena_bytes"].as_u64()));
    // Twice the images, twice the work.
    let one = plan(&["planned.arch", "--exact", "--format", "json"]);
    let one: serde_json::Value = serde_json::from_str(&one.out).unwrap();
    let macs = one["steps"].as_array().unwrap().iter().map(|step| step["macs"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("macs"), 2 * macs);
}

#[test]
fn what_is_wrong_is_told() {
    assert_eq!(plan(&["no/such.arch"]).code, 2);
    let run = plan(&["wrong.arch"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    let args = ["plan", "planned.arch"];
    let run = finish(command(&args).env("ARCHC_SIMD", "mmx"), &args, "");
    assert!(run.code == 2 && run.err.contains("ARCHC_SIMD is `mmx`"), "{}", run.err);
}
