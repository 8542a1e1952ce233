//! `docs/zoo.md` says what the zoo is.

use archc::source::SourceMap;

#[test]
fn the_table_is_what_archc_prints() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_archc")).args(["zoo", "--format", "md"]).output();
    let table = String::from_utf8(output.expect("archc runs").stdout).expect("tables are text");
    assert!(table.lines().count() > 60, "{table}");
    let page = super::read("docs/zoo.md");
    assert!(page.contains(&table), "put the output of `archc zoo --format md` into docs/zoo.md");
}

#[test]
fn numbers_of_keras_are_as_written() {
    let page = super::read("docs/zoo.md");
    let keras: serde_json::Value =
        serde_json::from_str(&super::read("tests/reference/keras.json")).expect("it is JSON");
    for (name, model) in keras.as_object().expect("an object") {
        let start = format!("| {name} | {} | {} |", grouped(&model["params"]), grouped(&model["trainable"]));
        assert!(page.contains(&start), "no row that starts `{start}`");
    }
}

#[test]
fn every_block_of_the_standard_library_is_listed() {
    let page = super::read("docs/zoo.md");
    for module in SourceMap::std_modules() {
        let row = page.lines().find(|line| line.starts_with(&format!("| `std.{module}` |")));
        let row = row.unwrap_or_else(|| panic!("std.{module} has no row"));
        let text = super::read(&format!("archs/std/{module}.arch"));
        for block in text.lines().filter_map(|line| line.strip_prefix("block ")) {
            let name = &block[..block.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap()];
            let range = name.starts_with("inception_") && row.contains("`inception_a` to `inception_e`");
            assert!(range || row.contains(&format!("`{name}`")), "`{name}` is not in the row of std.{module}");
        }
    }
}

fn grouped(number: &serde_json::Value) -> String {
    let digits = number.as_u64().expect("whole").to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap());
    groups.collect::<Vec<_>>().join(",")
}
