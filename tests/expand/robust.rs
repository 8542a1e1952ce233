//! Whatever a file says, checking it ends: with a graph or with errors, without a panic, and in bounded time.

use archc::analyse::analyse;
use archc::diagnostic::{Diagnostics, Style, render, to_json};
use archc::expand::{Program, Settings};
use archc::source::SourceMap;
use proptest::prelude::*;

/// Loads, expands and counts all of a text; every report can be drawn.
fn check(text: &str) {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add("mutant.arch", text);
    let program = Program::load(&mut sources, file, &mut diagnostics);
    for arch in program.archs().iter().filter(|arch| arch.is_complete()) {
        if let Some(graph) = program.expand(&mut sources, &arch.name, &Settings::default(), &mut diagnostics) {
            assert!(!graph.outputs().is_empty());
            // Counts may be too large to count, which is an error of its own.
            drop(analyse(&graph));
        }
    }
    for found in diagnostics.into_sorted().iter().take(5) {
        assert!(!render(found, &sources, Style::PLAIN).is_empty());
        assert!(to_json(found, &sources).is_object());
    }
}

/// Words that mean something, so that mutants get past the parser and mean something else.
const WORDS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "7",
    "0.5",
    "-1",
    "1e300",
    "9223372036854775807",
    "1_000_000",
    "true",
    "false",
    "\"a\"",
    "\"{i}\"",
    "[]",
    "[1, 2]",
    "[[1]]",
    "0..3",
    "0..1_000_000_000",
    "in",
    "in.channels",
    "in.size(0)",
    "half",
    "valid",
    "same_upper",
    "relu",
    "conv",
    "conv(3, 3)",
    "conv(4, 4)",
    "bn",
    "linear(10)",
    "flatten",
    "identity",
    "add",
    "concat",
    "concat(in)",
    "mul(2)",
    "param([1, 3, 8, 8])",
    "seq { relu }",
    "residual { relu }",
    "repeat 3 { relu }",
    "if true { relu }",
    "->",
    "len",
    "sum(0..9)",
    "min()",
    "max(1, 2)",
    "int(2.5)",
    "a: ",
    "\"a.b\": ",
    "output y",
    "expect [1]",
    "let x = 3",
    "classes",
    "stride",
    "out",
    "width",
    "(",
    ")",
    ",",
    "{",
    "}",
    "\n",
    ";",
    "= ",
    "global_avg_pool",
    "slice(1, 0, 1)",
    "reshape([-1])",
    "permute([2, 1])",
    "attention(1)",
    "pad(channels = [1, 1])",
    "%",
    "/ 0",
    "** 9",
    "and",
    "not",
    "..",
];

/// One change of a text: a piece of it is removed, replaced by a word, or put in again elsewhere.
#[derive(Clone, Debug)]
enum Change {
    Remove { at: usize, length: usize },
    Replace { at: usize, word: &'static str },
    Insert { at: usize, word: &'static str },
    Move { from: usize, length: usize, to: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let place = 0usize..1_000_000;
    let word = prop::sample::select(WORDS);
    prop_oneof![
        1 => (place.clone(), 1usize..20).prop_map(|(at, length)| Change::Remove { at, length }),
        4 => (place.clone(), word.clone()).prop_map(|(at, word)| Change::Replace { at, word }),
        2 => (place.clone(), word).prop_map(|(at, word)| Change::Insert { at, word }),
        1 => (place.clone(), 1usize..60, place).prop_map(|(from, length, to)| Change::Move { from, length, to }),
    ]
}

/// Where the tokens of a text are: words, numbers and single signs.
fn tokens(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut tokens: Vec<std::ops::Range<usize>> = Vec::new();
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        let word = c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(last) if word && in_word => last.end = at + c.len_utf8(),
            _ if !c.is_whitespace() => tokens.push(at..at + c.len_utf8()),
            _ => {}
        }
        in_word = word;
    }
    tokens
}

fn mutate(text: &str, changes: &[Change]) -> String {
    let mut text = text.to_string();
    for change in changes {
        let tokens = tokens(&text);
        if tokens.is_empty() {
            return text;
        }
        let token = |at: usize| tokens[at % tokens.len()].clone();
        let piece = |at: usize, length: usize| {
            let first = at % tokens.len();
            tokens[first].start..tokens[(first + length - 1).min(tokens.len() - 1)].end
        };
        match change {
            Change::Remove { at, length } => text.replace_range(piece(*at, *length), ""),
            Change::Replace { at, word } => text.replace_range(token(*at), word),
            Change::Insert { at, word } => text.insert_str(token(*at).start, &format!("{word} ")),
            Change::Move { from, length, to } => {
                let moved = text[piece(*from, *length)].to_string();
                text.insert_str(token(*to).start, &format!("{moved} "));
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn mutated_programs_are_checked_without_a_panic(
        family in prop::sample::select(SourceMap::zoo().map(|(_, text)| text).collect::<Vec<_>>()),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        check(&mutate(family, &changes));
    }

    #[test]
    fn random_bytes_are_checked_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&String::from_utf8_lossy(&bytes));
    }
}

/// Texts that are large in one way each: what grew with the square of their length would not come to an end here.
#[test]
fn large_texts_are_checked() {
    let head = "  input image[3, 8, 8]\n";
    let many = |line: &dyn Fn(usize) -> String| (0..20_000).map(line).collect::<String>();
    let texts = [
        format!("arch a {{\n{head}  relu\n}}\n{}", many(&|i| format!("arch a{i} = a\n"))),
        format!("arch a {{\n{head}  relu\n}}\narch a0 = a\n{}", many(&|i| format!("arch a{} = a{i}\n", i + 1))),
        format!("arch a {{\n{head}{}}}\n", many(&|i| format!("  missing{i}\n"))),
        format!("arch a {{\n{head}{}}}\n", many(&|i| format!("  l{i}: conv(3, 3)\n"))),
        format!("{}arch a {{\n{head}  conv(c19999, 1)\n}}\n", many(&|i| format!("const c{i} = {}\n", if i == 0 { "1".to_string() } else { format!("c{}", i - 1) }))),
        format!("{}arch a {{\n{head}  relu\n}}\n", many(&|i| format!("const c{i} = d{i}\n"))),
        format!("arch a {{\n{head}  for x in [{}] {{ relu }}\n}}\n", many(&|i| format!("{i}, "))),
        "fn f(n) = f(n - 1) + f(n - 2)\narch a {\n  input image[3, 8, 8]\n  conv(f(9), 1)\n}\n".to_string(),
        "fn f(t) = if len(t) > 90000 then t else f(t + t)\narch a {\n  input image[3, 8, 8]\n  conv(len(f([1])), 1)\n}\n".to_string(),
        "block b(n) { if n > 0 { b(n - 1) -> b(n - 1) } }\narch a {\n  input image[3, 8, 8]\n  b(60)\n}\n".to_string(),
    ];
    for text in texts {
        check(&text);
    }
}

/// A number that a debug build takes seconds for; `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var_os("PROPTEST_CASES").map_or(96, |_| ProptestConfig::default().cases)
}
