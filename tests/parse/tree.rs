//! What the tree says of a text, and that nothing of it vanishes.

use archc::diagnostic::Diagnostics;
use archc::source::SourceMap;
use archc::syntax::ast::{self, Expr, ExprKind, StrPart, TriviaKind};

use super::good_files;

fn tree(text: &str) -> (ast::File, SourceMap) {
    let mut sources = SourceMap::new();
    let file = sources.add("x.arch", text);
    let tree = archc::syntax::parse(&sources, file, &mut Diagnostics::new());
    (tree, sources)
}

/// The value of `const a = ...`, every operation in brackets.
fn shape(value: &str) -> String {
    let (tree, _) = tree(&format!("const a = {value}"));
    match &tree.items[..] {
        [ast::Item { kind: ast::ItemKind::Const(constant), .. }] => show(&constant.value),
        _ => panic!("{value} does not parse"),
    }
}

fn show(expr: &Expr) -> String {
    let list = |items: &[Expr]| items.iter().map(show).collect::<Vec<_>>().join(", ");
    match &expr.kind {
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Float(value) => format!("{value:?}"),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Str(text) => text
            .parts
            .iter()
            .map(|part| match part {
                StrPart::Text(text) => text.to_string(),
                StrPart::Insert(expr) => format!("<{}>", show(expr)),
            })
            .collect(),
        ExprKind::List(items) => format!("[{}]", list(items)),
        ExprKind::Name(name) => name.to_string(),
        ExprKind::In => "in".to_string(),
        ExprKind::If { condition, then, otherwise } => {
            format!("(if {} then {} else {})", show(condition), show(then), show(otherwise))
        }
        ExprKind::Unary { op: ast::UnaryOp::Negate, operand } => format!("(-{})", show(operand)),
        ExprKind::Unary { op: ast::UnaryOp::Not, operand } => format!("(not {})", show(operand)),
        ExprKind::Binary { op, left, right } => format!("({} {} {})", show(left), op.symbol(), show(right)),
        ExprKind::Field { base, field } => format!("{}.{}", show(base), field.name),
        ExprKind::Index { base, index } => format!("{}[{}]", show(base), show(index)),
        ExprKind::Call { callee, args } => {
            let args = args.items.iter().map(|arg| match &arg.name {
                Some(name) => format!("{} = {}", name.name, show(&arg.value)),
                None => show(&arg.value),
            });
            format!("{}({})", show(callee), args.collect::<Vec<_>>().join(", "))
        }
    }
}

#[test]
fn operators_bind_as_documented() {
    for (written, meant) in [
        ("a or b and not c == d .. e + f * -g ** h", "(a or (b and (not (c == (d .. (e + (f * (-(g ** h)))))))))"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b * c % d", "(((a / b) * c) % d)"),
        ("a ** b ** c", "(a ** (b ** c))"),
        ("-a ** -b", "(-(a ** (-b)))"),
        ("- -a", "(-(-a))"),
        ("a - -b", "(a - (-b))"),
        ("not not a and b", "((not (not a)) and b)"),
        ("0..n + 1", "(0 .. (n + 1))"),
        ("0..n == b", "((0 .. n) == b)"),
        ("-a.b[c](d)", "(-a.b[c](d))"),
        ("if a or b then c + 1 else d + 2", "(if (a or b) then (c + 1) else (d + 2))"),
        ("if a then b else if c then d else e", "(if a then b else (if c then d else e))"),
        ("(a + b) * c", "((a + b) * c)"),
        ("(a < b) == (c < d)", "((a < b) == (c < d))"),
        ("in.channels", "in.channels"),
        ("f(1, x = 2, in = 3)", "f(1, x = 2, in = 3)"),
    ] {
        assert_eq!(shape(written), meant);
    }
}

#[test]
fn literals_mean_what_they_say() {
    for (written, meant) in [
        ("1_000", "1000"),
        ("9_223_372_036_854_775_807", "9223372036854775807"),
        ("1e3", "1000.0"),
        ("2.5E-1", "0.25"),
        ("true", "true"),
        ("[1, [2], ]", "[1, [2]]"),
        (r#""a\"b\\c\{d\}""#, r#"a"b\c{d}"#),
        (r#""x{1 + 2}y{"z{3}"}""#, "x<(1 + 2)>y<z<3>>"),
        (r#""""#, ""),
    ] {
        assert_eq!(shape(written), meant);
    }
}

#[test]
fn patterns_of_names_keep_their_braces() {
    let (tree, _) = tree("weights w for a {\n  names { \"a.{x}\\\"\\\\\" => \"b\\{{x}\" }\n}");
    let ast::ItemKind::Weights(weights) = &tree.items[0].kind else { panic!("it is weights") };
    let [ast::WeightsField::Names { pairs, .. }] = &weights.fields[..] else { panic!("it has names") };
    assert_eq!((pairs[0].from.0.as_str(), pairs[0].to.0.as_str()), ("a.{x}\"\\", "b\\{{x}"));
}

#[test]
fn places_end_with_the_code() {
    let (tree, sources) = tree("block a(x = 1 /* */) { relu }".replace("/* */", "").as_str());
    assert_eq!(sources.text(tree.items[0].span), "block a(x = 1 ) { relu }");
    let (tree, sources) = self::tree("block a {\n  x: conv(1, 2)   // first\n  -> bn   // second\n\n  relu\n}\n");
    let ast::ItemKind::Block(block) = &tree.items[0].kind else { panic!("it is a block") };
    let ast::Statement::Pipeline(pipeline) = &block.body.statements[0] else { panic!("it is a pipeline") };
    let stages: Vec<&str> = pipeline.stages.iter().map(|stage| sources.text(stage.span)).collect();
    assert_eq!(stages, ["x: conv(1, 2)", "bn"]);
    assert_eq!(sources.text(pipeline.span), "x: conv(1, 2)   // first\n  -> bn");
}

#[test]
fn documentation_finds_its_owner() {
    let text = "//! The file.\n//! More.\n\n/// A block.\n// a comment\n/// It is small.\nblock a(\n  /// How wide.\n  \
                width, /// trailing\n  stride,\n) {\n  /// stray\n  relu\n}\n//! late\n";
    let (tree, sources) = tree(text);
    let texts = |docs: &[ast::Doc]| docs.iter().map(|doc| doc.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&tree.docs), ["The file.", "More."]);
    assert_eq!(texts(&tree.items[0].docs), ["A block.", "It is small."]);
    let ast::ItemKind::Block(block) = &tree.items[0].kind else { panic!("it is a block") };
    assert_eq!(texts(&block.params[0].docs), ["How wide."]);
    assert!(block.params[1].docs.is_empty());
    let strays = tree.trivia.iter().filter(|trivia| trivia.kind == TriviaKind::StrayDoc);
    let strays: Vec<&str> = strays.map(|trivia| sources.text(trivia.span)).collect();
    assert_eq!(strays, ["/// trailing", "/// stray", "//! late"]);
}

/// Comments, documentation and blank lines of a file, by a simple rule: these files have no `//` in strings.
#[test]
fn nothing_between_the_tokens_vanishes() {
    for (path, text) in good_files() {
        let (tree, sources) = tree(&text);
        let mut kept: Vec<(u32, String)> = tree
            .trivia
            .iter()
            .filter(|trivia| trivia.kind != TriviaKind::BlankLines)
            .map(|trivia| (trivia.span.start, sources.text(trivia.span).to_string()))
            .collect();
        let owned = tree.docs.iter().chain(tree.items.iter().flat_map(|item| item.docs.iter().chain(param_docs(item))));
        kept.extend(owned.map(|doc| (doc.span.start, sources.text(doc.span).to_string())));
        kept.sort();
        let kept: Vec<String> = kept.into_iter().map(|(_, text)| text).collect();
        let written: Vec<&str> = text
            .lines()
            .filter_map(|line| {
                line.match_indices("//").find(|(at, _)| !in_string(&line[..*at])).map(|(at, _)| &line[at..])
            })
            .collect();
        assert_eq!(kept, written, "{}", path.display());

        let blank = tree.trivia.iter().filter(|trivia| trivia.kind == TriviaKind::BlankLines);
        let blank: usize = blank.map(|trivia| sources.text(trivia.span).lines().count()).sum();
        let expected = text.lines().filter(|line| line.trim().is_empty()).count();
        assert_eq!(blank, expected, "{}", path.display());
        assert!(tree.trivia.is_sorted_by_key(|trivia| trivia.span), "{}", path.display());
    }
}

fn in_string(before: &str) -> bool {
    before.matches('"').count() % 2 == 1
}

fn param_docs(item: &ast::Item) -> Vec<&ast::Doc> {
    let params = match &item.kind {
        ast::ItemKind::Fn(function) => &function.params,
        ast::ItemKind::Block(block) => &block.params,
        ast::ItemKind::Arch(ast::Arch { kind: ast::ArchKind::Body { params, .. }, .. }) => params,
        _ => return Vec::new(),
    };
    params.iter().flat_map(|param| &param.docs).collect()
}

#[test]
fn broken_items_leave_their_names() {
    let (tree, _) = tree(
        "block a {\n  relu gelu\n}\nblock b {\n  relu\n}\nconst c = (1\nfn d(x: imt) = x\nbloc e {\n}\nuse std.x.{f, g\n",
    );
    let names: Vec<&str> = tree.broken.iter().map(|name| &*name.name).collect();
    assert_eq!(names, ["a", "c", "d", "e", "std", "x", "f", "g"]);
    assert_eq!(tree.items.len(), 1);
}
