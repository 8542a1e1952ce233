//! A file in pieces, one an item: a mistake in one leaves the others alone.

use std::ops::Range;

use super::scan::{Kind, Scan, Token};

/// The words that start an item.
pub const ITEM_WORDS: &[&str] = &["use", "const", "fn", "block", "arch", "weights", "edition"];

/// Words that go on with the item before, wherever they stand.
const CONTINUING: &[&str] = &["else", "shortcut", "then", "and", "or", "not"];

/// The pieces as ranges of tokens, in order; together they are all tokens. Each starts with the documentation and the
/// comments above its item, and holds one item, or several written with `;`, or what can't be one.
pub fn split(scan: &Scan) -> Vec<Range<usize>> {
    let mut starts = Vec::new();
    let mut depth = 0usize;
    for (index, token) in scan.tokens.iter().enumerate() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            _ if token.leads && starts_item(scan, index, *token, depth) => {
                depth = 0;
                starts.push(with_comments(scan, index));
            }
            _ => {}
        }
    }
    let first = starts.first().copied().unwrap_or(scan.tokens.len());
    let ends = starts.iter().copied().skip(1).chain([scan.tokens.len()]);
    let before = std::iter::once(0..first);
    let pieces = before.chain(starts.iter().copied().zip(ends).map(|(start, end)| start..end));
    pieces.filter(|piece| scan.tokens[piece.clone()].iter().any(|token| token.kind.is_code())).collect()
}

/// Between items, any word in column 1 and any item's word that leads its line starts a piece. Inside brackets that
/// were left open only an item's word in column 1 does, where it can't be a label or an argument.
fn starts_item(scan: &Scan, index: usize, token: Token, depth: usize) -> bool {
    if token.kind != Kind::Word {
        return false;
    }
    let word = scan.text(token);
    let next = scan.tokens.get(index + 1).copied();
    let is_item = ITEM_WORDS.contains(&word) && next.is_none_or(|next| scan.text(next) != ":");
    let first_column = scan.in_first_column(token);
    if depth == 0 {
        return is_item || first_column && !CONTINUING.contains(&word);
    }
    let named = next.is_some_and(|next| matches!(next.kind, Kind::Word | Kind::Quote | Kind::Number));
    is_item && first_column && named
}

/// The first of the comments and documentation that stand right above the token at `index`.
fn with_comments(scan: &Scan, index: usize) -> usize {
    let mut start = index;
    for above in (0..index).rev() {
        let token = scan.tokens[above];
        match token.kind {
            Kind::Comment | Kind::Doc if token.leads => start = above,
            Kind::Newline if !token.leads => {}
            _ => break,
        }
    }
    start
}
