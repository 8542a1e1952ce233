//! Mistakes in bodies: statements and stages.

use super::situation::{Frame, Situation};
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::scan::Kind;
use crate::syntax::split::ITEM_WORDS;

const STAGE: &str = "a stage, as in `conv(64, 3)`";

impl Situation<'_> {
    /// In braces that hold statements.
    pub fn in_body(&self) -> Option<Diagnostic> {
        if let Some(error) = self.misplaced_keyword().or_else(|| self.line_starts_with_operator()) {
            return Some(error);
        }
        let statement = self.statement();
        let stage: Vec<&str> = {
            let last_arrow = statement.iter().rposition(|text| *text == "->").map_or(0, |at| at + 1);
            statement[last_arrow..].to_vec()
        };
        // The label of the stage says nothing of its mistakes.
        let unlabelled = match stage.iter().position(|text| *text == ":") {
            Some(at) => &stage[at + 1..],
            None => &stage[..],
        };
        match stage.first().copied().unwrap_or("") {
            _ if stage.is_empty() => Some(self.stage_expected(&statement)),
            "let" if !stage.contains(&":") || stage.get(2) == Some(&":") => self.let_statement(&stage),
            "input" if !stage.contains(&":") => self.input_statement(&stage),
            "output" if !stage.contains(&":") => Some(self.output_statement(&stage)),
            "expect" if !stage.contains(&":") => Some(self.expect_statement(&stage)),
            "assert" if !stage.contains(&":") => Some(self.assert_statement(&stage)),
            _ => self.stage(&stage, unlabelled),
        }
    }

    /// A keyword where a stage should be; the grammar has read it as a label without `:`.
    fn misplaced_keyword(&self) -> Option<Diagnostic> {
        let at_start = |index: usize| {
            self.scan.tokens[index].leads || matches!(self.text(self.code_before(index)), "{" | ";" | "->" | "}")
        };
        let at = [Some(self.found), self.before()]
            .into_iter()
            .flatten()
            .find(|index| self.is_keyword(*index) && at_start(*index))?;
        let word = self.text(Some(at));
        let before = self.code_before(at);
        let error = |message: &str, label: &str| Diagnostic::error(Code::SYNTAX, message).label(self.span(at), label);
        let leads = self.scan.tokens[at].leads;
        let statement = self.statement();
        let has = |owner: &str| !leads && statement.contains(&owner);
        match word {
            // The braces after it are what is wrong.
            "else" if has("if") => None,
            "shortcut" if has("residual") => None,
            "else" | "shortcut" if leads && self.text(before) == "}" => Some(
                error(&format!("`{word}` stands on the line of the closing brace"), "on a line of its own")
                    .label(self.span(before?), format!("`{word}` belongs behind this"))
                    .help(format!("write `}} {word} {{`")),
            ),
            "else" => {
                Some(error("this `else` has no `if`", "no `if` before it").help("write `if c { ... } else { ... }`"))
            }
            "shortcut" => Some(
                error("this `shortcut` has no `residual`", "no `residual` before it")
                    .help("write `residual { ... } shortcut { ... }`"),
            ),
            "in" if self.text(self.next_code(at)) == ":" => Some(
                error("`in` can't be a label: it is the input of the block", "a keyword")
                    .help("choose another label, for example `input`"),
            ),
            _ if ITEM_WORDS.contains(&word) => Some(
                error(&format!("`{word}` starts an item, which can't stand inside braces"), "inside braces")
                    .help("move it out of the braces; a value inside a body is named with `let`"),
            ),
            "and" | "or" | "not" | "then" | "as" | "true" | "false" if leads || self.text(before) != "}" => Some(
                error(&format!("`{word}` is a keyword and starts no stage"), "a keyword")
                    .help(format!("expected {STAGE}; a value goes on to the next line only inside brackets")),
            ),
            _ => None,
        }
    }

    /// Nothing has been read of the stage.
    fn stage_expected(&self, statement: &[&str]) -> Diagnostic {
        let found = self.found_text();
        if statement.last() == Some(&"->") {
            let Some(arrow) = self.before() else { unreachable!("an arrow stands before it") };
            if found == "->" {
                return self
                    .error("a stage is missing between two `->`", "a second `->`")
                    .label(self.span(arrow), "the first one")
                    .help("remove one of them");
            }
            if matches!(found, "}" | ";") || self.at_line_end() {
                return Diagnostic::error(Code::SYNTAX, "no stage follows this `->`")
                    .label(self.span(arrow), "leads nowhere")
                    .help("add a stage, or remove the `->`");
            }
        }
        match self.kind(self.found) {
            Some(Kind::Number) if self.text(self.next_code(self.found)) == ":" => self
                .error(format!("a label is a word or in quotes, not a number as `{found}`"), "a number")
                .help(format!("write `\"{found}\": ...`, or `seq {{ ... }}`, which numbers its stages")),
            Some(Kind::Number) => self
                .error(format!("`{found}` is a value, not a stage"), "a value")
                .help(format!("a stage was expected, as in `conv({found}, 3)`; a value is named with `let`")),
            Some(Kind::Open) if found == "[" => self
                .error("a list is a value, not a stage", "a list")
                .help("a stage was expected, as in `conv(64, 3)`; branches stand in braces: `concat { relu; gelu }`"),
            Some(Kind::Open) => self
                .error("brackets hold a value, and a stage was expected", "not a stage")
                .help("write the stage without brackets; several stages in a row are grouped by `{ }`"),
            Some(Kind::Word) => self.expected(STAGE),
            _ if found == "->" => self
                .error("no stage stands before this `->`", "comes from nowhere")
                .help("begin the line with a stage or a value"),
            _ if found == ":" => {
                self.error("a label is missing before this `:`", "no label").help("write `stem: conv(64, 3)`")
            }
            _ => self.expected(STAGE),
        }
    }

    fn let_statement(&self, stage: &[&str]) -> Option<Diagnostic> {
        match stage {
            ["let"] => Some(self.name_expected("a value", "let NAME = value")),
            ["let", name] => Some(match self.found_text() {
                ":" => self
                    .error("a `let` has no type of its own", "no type is written here")
                    .help(format!("write `let {name} = value`")),
                "==" => self
                    .error("`==` compares; a name is given with `=`", "write `=`")
                    .help(format!("write `let {name} = value`")),
                _ => self
                    .error(
                        format!("expected `=` after `{name}`, found {}", self.found_words()),
                        "`=` was expected here",
                    )
                    .help(format!("write `let {name} = value`")),
            }),
            _ => Some(self.value_in_statement(stage)),
        }
    }

    /// In the value that ends a statement.
    fn value_in_statement(&self, stage: &[&str]) -> Diagnostic {
        if let Some(error) = self.in_value(stage) {
            return error;
        }
        if !self.ends_value(self.before()) {
            return self.value_expected();
        }
        match self.found_text() {
            "," => self.error("one value is expected here", "a comma").help("several values are a list: `[1, 2]`"),
            "->" => self
                .error("stages are not values", "not an operator")
                .help("a stage with arguments is a value, as in `let act = leaky_relu(0.1)`; a pipeline is a `block`"),
            "=" => self
                .error("expected an operator or the end of the line, found `=`", "not expected here")
                .help("two values are compared with `==`"),
            _ => self.expected("an operator or the end of the line after this value"),
        }
    }

    fn input_statement(&self, stage: &[&str]) -> Option<Diagnostic> {
        let form = "write `input image[3, 224, 224]`: channels, height, width, without the batch";
        Some(match stage {
            ["input"] if self.is_keyword(self.found) => self.name_expected("an `input`", "input image[3, 224, 224]"),
            ["input"] => self
                .error(format!("an `input` needs a name, found {}", self.found_words()), "a name was expected here")
                .help(form),
            ["input", name] => {
                let found = self.found_words();
                self.error(
                    format!("the shape of the input `{name}` is written in `[ ]`, found {found}"),
                    "`[` was expected here",
                )
                .help(form)
            }
            _ => self.expected("the end of the line after this input").help(form),
        })
    }

    fn output_statement(&self, stage: &[&str]) -> Diagnostic {
        let form = "write `output logits` to name the flow, or `output aux: stage` for a side branch";
        match stage {
            ["output"] => self
                .error(format!("an `output` needs a name, found {}", self.found_words()), "a name was expected here")
                .help(form),
            ["output", "\"", ..] => self
                .error(
                    format!("a name in quotes is a label, and a stage follows it; found {}", self.found_words()),
                    "`:` was expected here",
                )
                .help(form),
            ["output", name] if self.found_text() == "(" || self.found_text() == "->" => self
                .error(format!("the stage of an output needs a label, and `{name}` stands alone"), "not a plain name")
                .help(form),
            _ => self.expected("the end of the line after this output").help(form),
        }
    }

    fn expect_statement(&self, stage: &[&str]) -> Diagnostic {
        let form = "write `expect [512, 28, 28]`: channels, height, width, without the batch";
        if stage.len() == 1 {
            return self
                .error(
                    format!("`expect` takes a shape in `[ ]`, found {}", self.found_words()),
                    "`[` was expected here",
                )
                .help(form);
        }
        self.expected("the end of the line after this shape").help(form)
    }

    fn assert_statement(&self, stage: &[&str]) -> Diagnostic {
        if stage.len() == 1 {
            return self
                .error(
                    format!("`assert` needs a condition, found {}", self.found_words()),
                    "a condition was expected here",
                )
                .help("write `assert params == 25_557_032` or `assert macs <= 4.2e9`");
        }
        if self.found_text() == "," && self.ends_value(self.before()) {
            return self
                .error("an `assert` is a condition and nothing else", "a comma")
                .help("remove the rest: the report shows both sides of the comparison");
        }
        self.value_in_statement(stage)
    }

    /// In a stage of which `stage` has been read, `unlabelled` without its label.
    fn stage(&self, stage: &[&str], unlabelled: &[&str]) -> Option<Diagnostic> {
        let found = self.found_text();
        match unlabelled {
            [] => return Some(self.label_without_stage()),
            ["for", rest @ ..] => {
                if let Some(error) = self.for_stage(rest) {
                    return Some(error);
                }
            }
            ["repeat", rest @ ..] => {
                if let Some(error) = self.repeat_stage(rest) {
                    return Some(error);
                }
            }
            ["if", rest @ ..] => {
                if let Some(error) = self.if_stage(rest) {
                    return Some(error);
                }
            }
            [word @ ("seq" | "residual")] => {
                let form = if *word == "seq" { "seq { ... }" } else { "residual { ... } shortcut { ... }" };
                return Some(
                    self.error(
                        format!("expected `{{` after `{word}`, found {}", self.found_words()),
                        "`{` was expected here",
                    )
                    .help(format!("write `{form}`")),
                );
            }
            [.., "}", "shortcut"] => return Some(self.braces_expected("shortcut")),
            _ => {}
        }
        let before = self.before()?;
        match found {
            "->" if stage.first() == Some(&"output") => Some(
                self.error("the side branch of an `output` is one stage", "a second stage follows")
                    .help("group the stages in braces: `output aux: { ... }`"),
            ),
            "," if self.in_branches() => Some(
                self.error("branches are not separated by `,`", "a comma")
                    .help("write each branch on a line of its own, or separate them with `;`"),
            ),
            "," => Some(
                self.error("stages are not separated by `,`", "a comma")
                    .help("write `->` between two stages, or begin a new line"),
            ),
            "=>" => Some(self.error("stages are joined by `->`", "write `->`").help("`=>` stands only in the `names` of weights")),
            ":" if stage.contains(&":") => Some(
                self.error("a stage has one label", "a second `:`").help("remove one label, or use dots in quotes: `\"a.b\": relu`"),
            ),
            ":" => Some(
                self.error("a label is a word or in quotes", "no label stands before this `:`")
                    .label(self.span(before), "not a label")
                    .help("write `stem: conv(64, 3)` or `\"layer{i}\": conv(64, 3)`"),
            ),
            "=" if unlabelled.len() == 1 => {
                let name = unlabelled[0];
                Some(
                    self.error(format!("`{name} = ...` names nothing here"), "not expected here")
                        .help(format!("a stage is named with a label, `{name}: conv(64, 3)`; a value with `let {name} = ...`")),
                )
            }
            "." if unlabelled.len() == 1 => Some(
                self.error("a stage has no fields", "not expected here")
                    .help("stages are joined by `->`; a label with dots is written in quotes: `\"layer1.conv\"`"),
            ),
            "else" => Some(self.error("this `else` has no `if`", "no `if` before it").help("write `if c { ... } else { ... }`")),
            "shortcut" => Some(
                self.error("this `shortcut` has no `residual`", "no `residual` before it")
                    .help("write `residual { ... } shortcut { ... }`"),
            ),
            "elif" | "elseif" | "elsif" if self.text(Some(before)) == "}" => {
                Some(self.error(format!("`{found}` is written as two words"), "write `else if`").help("write `} else if c {`"))
            }
            _ if unlabelled == ["return"] => Some(
                Diagnostic::error(Code::SYNTAX, "a block has no `return`")
                    .label(self.span(before), "not needed")
                    .help("the result of a block is the last stage of its last line"),
            ),
            _ if matches!(self.kind(self.found), Some(Kind::Word | Kind::Quote)) || found == "{" => Some(
                self.error("a `->` is missing between two stages", "the second one begins here")
                    .label(self.span(before), "the first one ends here")
                    .help("write `->` between them, or begin a new line"),
            ),
            _ if self.kind(self.found) == Some(Kind::Number) => Some(
                self.error(format!("arguments stand in brackets, found {}", self.found_words()), "`(` was expected here")
                    .help(format!("write `{}({found})`", unlabelled.first().copied().unwrap_or("conv"))),
            ),
            _ if self.is_operator(Some(self.found)) => Some(
                self.error(format!("stages are not computed with `{found}`"), "not expected here")
                    .help("tensors are added with the ops `add` and `residual`, multiplied with `mul`; a value is named with `let`"),
            ),
            _ => Some(self.expected("`->` or the end of the line after this stage")),
        }
    }

    fn label_without_stage(&self) -> Diagnostic {
        if self.is_operator(Some(self.found)) || matches!(self.kind(self.found), Some(Kind::Number | Kind::Open)) {
            return self
                .error(format!("a label names a stage, found {}", self.found_words()), "a stage was expected here")
                .help("a value is named with `let`, as in `let width = 64`");
        }
        self.error(format!("no stage follows this label, found {}", self.found_words()), "a stage was expected here")
            .help("write the stage on the line of its label, as in `stem: conv(64, 3)`")
    }

    fn for_stage(&self, rest: &[&str]) -> Option<Diagnostic> {
        let form = "write `for i in 0..4 { ... }` or `for [a, b] in pairs { ... }`";
        match rest {
            [] if self.is_keyword(self.found) => Some(self.name_expected("a loop variable", "for i in 0..4 { ... }")),
            [] => Some(
                self.error(
                    format!("expected a loop variable after `for`, found {}", self.found_words()),
                    "a name was expected here",
                )
                .help(form),
            ),
            _ if rest.contains(&"}") => None,
            _ if !rest.contains(&"in") => Some(
                self.error(
                    format!("expected `in` after the loop variable, found {}", self.found_words()),
                    "`in` was expected here",
                )
                .help(form),
            ),
            _ => Some(self.before_braces("for", rest)),
        }
    }

    fn repeat_stage(&self, rest: &[&str]) -> Option<Diagnostic> {
        match rest {
            [] if !self.is_keyword(self.found) => Some(
                self.error(
                    format!("`repeat` needs a count, found {}", self.found_words()),
                    "a count was expected here",
                )
                .help("write `repeat 3 { ... }` or `repeat 3 as i { ... }`"),
            ),
            [.., "as"] => Some(self.name_expected("the index of a `repeat`", "repeat 3 as i { ... }")),
            _ if rest.contains(&"}") => None,
            _ => Some(self.before_braces("repeat", rest)),
        }
    }

    fn if_stage(&self, rest: &[&str]) -> Option<Diagnostic> {
        let last = rest.iter().rposition(|text| matches!(*text, "if" | "}" | "else")).map(|at| rest[at]);
        if self.found_text() == "then" {
            return Some(
                self.error("an `if` between stages has braces instead of `then`", "write `{`")
                    .help("write `if c { ... } else { ... }`; `if c then a else b` is a choice between values"),
            );
        }
        if self.before_text() == "if" && self.found_text() == "{" {
            return Some(
                self.error("this `if` has no condition", "a condition was expected here")
                    .help("write `if stride > 1 { ... }`"),
            );
        }
        match last {
            Some("}") => None,
            Some("else") => Some(self.braces_expected("else")),
            _ => Some(self.before_braces("if", rest)),
        }
    }

    /// Between the keyword of a stage and its braces, where a value stands.
    fn before_braces(&self, keyword: &str, rest: &[&str]) -> Diagnostic {
        if !self.ends_value(self.before()) {
            return self.value_expected();
        }
        if self.found_text() == "=" {
            return self
                .error("`=` gives a name to a value; it does not compare", "write `==`")
                .help("two values are compared with `==`");
        }
        let choice = rest.iter().rposition(|text| *text == "if").map(|at| &rest[at..]);
        if let Some(error) = choice.filter(|_| keyword != "if").and_then(|choice| self.in_value(choice)) {
            return error;
        }
        let next = self.next_code(self.found);
        if let Some(next) = next.filter(|next| self.at_line_end() && self.is_operator(Some(*next))) {
            return self.operator_leads(next);
        }
        if self.at_line_end() && self.text(next) == "{" {
            let error = self.error(format!("the `{{` of `{keyword}` stands on the same line"), "`{` was expected here");
            return match next {
                Some(next) => {
                    error.label(self.span(next), "it stands here").help("move it up to the end of the line above")
                }
                None => error,
            };
        }
        self.braces_expected(keyword)
    }

    fn braces_expected(&self, keyword: &str) -> Diagnostic {
        let form = match keyword {
            "for" => "for i in 0..4 { ... }",
            "repeat" => "repeat 3 { ... }",
            "if" => "if c { ... } else { ... }",
            "else" => "} else { ... }",
            _ => "} shortcut { ... }",
        };
        self.error(
            format!("the stages of `{keyword}` stand in braces, found {}", self.found_words()),
            "`{` was expected here",
        )
        .help(format!("write `{form}`"))
    }

    /// Whether the innermost braces belong to a merge, whose lines are branches.
    pub fn in_branches(&self) -> bool {
        let open = self.innermost();
        let mut owner = self.code_before(open.opener);
        if self.text(owner) == ")" {
            let mut depth = 0usize;
            while let Some(index) = owner {
                match self.text(Some(index)) {
                    ")" => depth += 1,
                    "(" => depth -= 1,
                    _ => {}
                }
                owner = self.code_before(index);
                if depth == 0 {
                    break;
                }
            }
        }
        open.frame == Frame::Body && matches!(self.text(owner), "concat" | "add" | "mul" | "maximum" | "minimum")
    }
}
