//! From a text to its tree: scan, split at the items, and read each with the grammar.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Once};

use pest::Parser;

use super::ast;
use super::check;
use super::explain;
use super::grammar::{Grammar, Rule};
use super::read::Reader;
use super::scan::{Kind, Scan, Token};
use super::split;
use super::trivia::Docs;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, MAX_FILE_BYTES, SourceMap, Span};

/// How many steps pest may take for one piece of a file; real files take fewer than 100 a byte.
const MAX_STEPS: NonZeroUsize = NonZeroUsize::new(100_000_000).expect("it is not zero");

/// Parses one file of `sources`. Items with errors are left out of the tree: of syntax, each has its first error; of
/// what stands in it, all. Their names are kept in [`ast::File::broken`].
pub fn parse(sources: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> ast::File {
    let text = sources.file(file).text.clone();
    if text.len() > MAX_FILE_BYTES {
        diagnostics.push(
            Diagnostic::error(Code::FILE_TOO_LARGE, format!("`{}` is larger than 1 MiB", sources.file(file).name))
                .help("an architecture is text of a few kilobytes; is this the file you meant?"),
        );
        return ast::File::default();
    }
    limit_steps();
    let scan = Scan::new(&text);
    let docs = Docs::new(&scan, file);
    let mut tree = ast::File { docs: docs.of_file(), ..ast::File::default() };
    for piece in split::split(&scan) {
        match read_piece(&scan, &docs, file, piece.clone()) {
            Ok(items) => tree.items.extend(items),
            Err(errors) => {
                errors.into_iter().for_each(|error| diagnostics.push(error));
                docs.own_all(&scan.tokens[piece.clone()]);
                tree.broken.extend(declared_names(&scan, file, piece));
            }
        }
    }
    check_edition(&tree, diagnostics);
    tree.trivia = docs.trivia();
    for stray in tree.trivia.iter().filter(|trivia| trivia.kind == ast::TriviaKind::StrayDoc) {
        diagnostics.push(stray_doc(sources.text(stray.span), stray.span));
    }
    tree
}

/// pest counts steps in each parse, up to a limit that is set once for the process.
fn limit_steps() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| pest::set_call_limit(Some(MAX_STEPS)));
}

/// The items of a piece, or what is wrong with it.
fn read_piece(scan: &Scan, docs: &Docs, file: FileId, piece: Range<usize>) -> Result<Vec<ast::Item>, Vec<Diagnostic>> {
    let tokens = &scan.tokens[piece.clone()];
    let errors = check::check(scan, tokens, file);
    if !errors.is_empty() {
        return Err(errors);
    }
    let start = tokens.first().map_or(0, |token| token.start as usize);
    let end = tokens.last().map_or(0, |token| token.end as usize);
    let pairs = Grammar::parse(Rule::items, &scan.text[start..end])
        .map_err(|error| vec![explain::explain(scan, file, piece, &error)])?;
    let reader = Reader { scan, docs, file, base: start, errors: RefCell::default() };
    let items = reader.items(pairs);
    let errors = reader.errors.into_inner();
    if errors.is_empty() { Ok(items) } else { Err(errors) }
}

/// The names that a broken item would have declared, as far as it has them: its own, or those that a `use` brings.
fn declared_names(scan: &Scan, file: FileId, piece: Range<usize>) -> Vec<ast::Ident> {
    let code: Vec<Token> = scan.tokens[piece].iter().copied().filter(|token| token.kind.is_code()).collect();
    let names = match code.split_first() {
        Some((head, rest)) if scan.text(*head) == "use" => rest,
        Some((_, rest)) => &rest[..rest.len().min(1)],
        None => &[],
    };
    let words = names.iter().filter(|token| token.kind == Kind::Word);
    let ident = |token: &Token| {
        let span = Span { file, start: token.start, end: token.end };
        ast::Ident { name: Arc::from(scan.text(*token)), span }
    };
    words.map(ident).collect()
}

/// `edition` comes once, before all other items.
fn check_edition(tree: &ast::File, diagnostics: &mut Diagnostics) {
    for item in tree.items.iter().skip(1) {
        if matches!(item.kind, ast::ItemKind::Edition) {
            diagnostics.push(
                Diagnostic::error(Code::EDITION, "`edition` comes first in a file")
                    .label(item.span, "not the first item")
                    .label(tree.items[0].span, "this comes before it")
                    .help("move it to the top, above all other items"),
            );
        }
    }
}

fn stray_doc(text: &str, span: Span) -> Diagnostic {
    let (slashes, help) = if text.starts_with("//!") {
        ("//!", "`//!` documents a file and stands above all its items; write `//` for a comment")
    } else {
        ("///", "`///` documents the item or parameter on the next line; write `//` for a comment")
    };
    Diagnostic::warning(Code::STRAY_DOC, format!("this `{slashes}` documents nothing"))
        .label(span, "no item or parameter follows")
        .help(help)
}
