//! Mistakes in values, and in the lists and arguments that hold them.

use super::situation::{Frame, Situation};
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::scan::Kind;

impl Situation<'_> {
    /// In brackets that hold values.
    pub fn in_values(&self) -> Option<Diagnostic> {
        let open = self.innermost();
        let statement = self.statement();
        let found = self.found_text();
        if let Some(error) = self.in_value(&statement) {
            return Some(error);
        }
        if !self.ends_value(self.before()) {
            return Some(self.value_expected());
        }
        if open.frame == Frame::Args && found == ":" {
            let name = self.before_text();
            return Some(
                self.error("an argument is named with `=`, not `:`", "write `=`")
                    .help(format!("write `{name} = ...`; a `:` follows the label of a stage")),
            );
        }
        if open.frame == Frame::Shape && found == ":" {
            let name = self.before_text();
            return Some(
                self.error("a dimension is named with `=`, not `:`", "write `=`").help(format!("write `{name} = ...`")),
            );
        }
        if found == "=" && matches!(open.frame, Frame::Args | Frame::Shape) && statement.len() > 1 {
            return Some(
                self.error("only a plain word can name an argument", "not after this")
                    .help("an argument is `name = value`; two values are compared with `==`"),
            );
        }
        let (closer, part) = match open.frame {
            Frame::Args => (")", "argument"),
            Frame::Shape => ("]", "dimension"),
            Frame::List => ("]", "value"),
            Frame::Index => ("]", "index"),
            Frame::Insert => ("}", "value"),
            _ => (")", "value"),
        };
        if matches!(open.frame, Frame::Args | Frame::Shape | Frame::List) {
            if self.starts_value(self.found) {
                return Some(
                    self.error(format!("a `,` is missing before this {part}"), "a second one begins here")
                        .label(self.span(self.before()?), "the first one ends here")
                        .help(format!("separate every {part} from the next with `,`")),
                );
            }
            return Some(self.expected(&format!("`,` or `{closer}` after this {part}")));
        }
        if open.frame == Frame::Index && found == "," {
            return Some(
                self.error("an index is one number", "a second one")
                    .help("a list in a list is indexed twice: `a[0][1]`"),
            );
        }
        Some(self.expected(&format!("an operator or `{closer}` after this value")))
    }

    /// Mistakes of one value, wherever it stands; `statement` is what has been read of it.
    pub fn in_value(&self, statement: &[&str]) -> Option<Diagnostic> {
        let found = self.found_text();
        let before = self.before();
        if found == "if" && self.is_operator(before) {
            return Some(
                self.error("an `if` after an operator needs brackets", "this `if`")
                    .help("write `(if c then a else b)`"),
            );
        }
        if found == "=>" {
            return Some(
                self.error("there are no functions without a name", "not an operator")
                    .help("define one with `fn name(x) = ...`"),
            );
        }
        let ends = self.ends_value(before);
        let last_if = statement.iter().rposition(|text| *text == "if");
        if let Some(at) = last_if.filter(|_| ends) {
            let after: Vec<&str> =
                statement[at..].iter().copied().filter(|text| matches!(*text, "then" | "else")).collect();
            let form = "as a value, `if` is written `if c then a else b`";
            match after.as_slice() {
                [] if found != "=" => {
                    return Some(
                        self.error(
                            format!("expected `then` after the condition, found {}", self.found_words()),
                            "`then` was expected here",
                        )
                        .help(form),
                    );
                }
                ["then"] if found != "=" => {
                    return Some(
                        self.error(
                            format!("expected `else`, found {}", self.found_words()),
                            "`else` was expected here",
                        )
                        .help(format!("{form}; a value is needed either way")),
                    );
                }
                _ => {}
            }
        }
        if found == "=" && ends && (last_if.is_some() || statement.first() == Some(&"assert")) {
            return Some(
                self.error("`=` gives a name to a value; it does not compare", "write `==`")
                    .help("two values are compared with `==`"),
            );
        }
        None
    }

    /// A value is missing.
    pub fn value_expected(&self) -> Diagnostic {
        let before = self.before_text();
        let after = if before.is_empty() { String::new() } else { format!(" after `{before}`") };
        if self.is_keyword(self.found) {
            let word = self.found_text();
            return self
                .error(format!("`{word}` is a keyword, not a value"), "a keyword")
                .help(format!("a value was expected{after}, as in `64`, `[1, 2]` or `width`"));
        }
        let operator = self.is_operator(Some(self.found)) || matches!(self.found_text(), "=" | "," | ")" | "]");
        let error = if operator || self.at_line_end() {
            self.error(format!("a value is missing{after}"), "a value was expected here")
        } else {
            self.error(format!("expected a value{after}, found {}", self.found_words()), "a value was expected here")
        };
        if self.at_line_end() {
            error.help("write the value on this line; a value goes on to the next line only inside `( )` or `[ ]`")
        } else if before == "=" && self.found_text() == "=" {
            error.help("two values are compared with `==`, without a blank")
        } else if self.kind(self.found) == Some(Kind::Open) {
            error.help("braces hold stages, not values; a list is written `[1, 2]`")
        } else {
            error.help(
                "a value is a number, a string, a list, a name or a computation, as in `64`, `[1, 2]` or `2 * width`",
            )
        }
    }

    /// Whether the line begins with the operator that was found.
    pub fn line_starts_with_operator(&self) -> Option<Diagnostic> {
        let leads = self.piece.contains(&self.found) && self.scan.tokens[self.found].leads;
        let sign = self.kind(self.found) == Some(Kind::Sign) && self.found_text() != "->"
            || self.is_operator(Some(self.found));
        if !leads || !sign {
            return None;
        }
        Some(self.operator_leads(self.found))
    }

    /// The token at `index` is an operator and begins its line.
    pub fn operator_leads(&self, index: usize) -> Diagnostic {
        let message = format!("a line can't start with `{}`", self.text(Some(index)));
        let error = Diagnostic::error(Code::SYNTAX, message).label(self.span(index), "starts a line");
        let error = match self.code_before(index) {
            Some(before) => error.label(self.span(before), "the line before ends here"),
            None => error,
        };
        error.help("a value goes on to the next line only inside `( )` or `[ ]`; a pipeline may go on with `->`")
    }
}
