//! Mistakes in items, outside the braces of their bodies.

use super::situation::Situation;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::syntax::scan::Kind;
use crate::syntax::split::ITEM_WORDS;

/// Words that start a definition in other languages, and what it is here.
const OTHER_WORDS: &[(&[&str], &str)] = &[
    (&["import", "from", "include", "require", "using"], "use"),
    (&["def", "func", "function", "fun"], "fn"),
    (&["let", "var", "val", "static", "define", "constant"], "const"),
    (&["class", "layer", "struct", "component"], "block"),
    (&["model", "network", "net", "module", "architecture"], "arch"),
    (&["version"], "edition"),
];

const ITEMS: &str = "a file is made of `use`, `const`, `fn`, `block`, `arch` and `weights`; stages stand in the braces of a block or an arch";

/// How an item is written.
fn form(word: &str) -> &'static str {
    match word {
        "use" => "use std.residual.{bottleneck}",
        "const" => "const NAME = value",
        "fn" => "fn NAME(x) = value",
        "block" => "block NAME(width) { ... }",
        "arch" => "arch NAME { ... }",
        "weights" => "weights NAME for ARCH { ... }",
        _ => "edition 1",
    }
}

fn with_article(word: &str) -> String {
    match word {
        "arch" | "edition" => format!("an `{word}`"),
        "weights" => "a `weights` item".to_string(),
        _ => format!("a `{word}`"),
    }
}

impl Situation<'_> {
    /// Outside all brackets.
    pub fn in_item(&self) -> Option<Diagnostic> {
        let start = self.innermost().start;
        let head = self.first_code(start)?;
        let word = self.text(Some(head));
        if self.kind(head) != Some(Kind::Word) || !ITEM_WORDS.contains(&word) {
            return Some(self.no_item(head));
        }
        if let Some(error) = self.line_starts_with_operator() {
            return Some(error);
        }
        let statement = self.statement();
        if ITEM_WORDS.contains(&self.found_text()) && statement.len() > 2 && word != "use" {
            let found = self.found_text();
            return Some(
                self.error(format!("{} begins on a line of its own", with_article(found)), "a second item")
                    .label(self.span(head), "the first item")
                    .help("break the line before it"),
            );
        }
        match word {
            "edition" => Some(self.edition()),
            "use" => self.use_item(&statement),
            _ if statement.len() == 1 => Some(self.name_expected(&with_article(word), form(word))),
            "const" => self.const_item(&statement),
            "fn" => self.fn_item(&statement),
            "weights" => self.weights_head(&statement),
            _ => self.block_or_arch(word, &statement),
        }
    }

    /// What starts with no item's word.
    fn no_item(&self, head: usize) -> Diagnostic {
        let word = self.text(Some(head));
        let at_head =
            |message: String, label: &str| Diagnostic::error(Code::SYNTAX, message).label(self.span(head), label);
        if self.kind(head) != Some(Kind::Word) {
            return at_head(format!("an item was expected here, found `{word}`"), "no item").help(ITEMS);
        }
        let meant = OTHER_WORDS.iter().find(|(words, _)| words.contains(&word)).map(|(_, meant)| *meant);
        let next_is_name = self.next_code(head).is_some_and(|next| self.kind(next) == Some(Kind::Word));
        let meant = meant.or_else(|| if next_is_name { nearest(word, ITEM_WORDS.iter().copied()) } else { None });
        if let Some(meant) = meant {
            return at_head(format!("`{word}` starts no item"), "no item")
                .help(format!("did you mean `{meant}`, as in `{}`?", form(meant)));
        }
        at_head(format!("`{word}` stands outside of any item"), "no item starts so").help(ITEMS)
    }

    fn edition(&self) -> Diagnostic {
        if self.before_text() == "edition" {
            return self
                .error(
                    format!("expected the number of the edition, found {}", self.found_words()),
                    "a number was expected here",
                )
                .help("write `edition 1`");
        }
        self.expected("the end of the line after the edition").help("write `edition 1`")
    }

    fn use_item(&self, statement: &[&str]) -> Option<Diagnostic> {
        let words: Vec<&str> = statement.iter().copied().filter(|text| *text != ".").skip(1).collect();
        if words.is_empty() {
            return Some(
                self.expected("a module or the path of a file")
                    .help("write `use std.residual.{bottleneck}` or `use \"stems.arch\".{stem}`"),
            );
        }
        if statement.last() == Some(&"}") {
            return Some(self.expected("the end of the line after the names"));
        }
        let path = words.join(".");
        let help = match words.as_slice() {
            [first, .., _, last] if *first == "std" => {
                let module = &path[..path.len() - last.len() - 1];
                format!("write `use {module}.{{{last}}}`")
            }
            [first, ..] if first.starts_with('"') => format!("write `use {}.{{NAME}}`", words.concat()),
            _ => format!("write `use {path}.{{NAME}}`"),
        };
        if self.found_text() == "*" {
            return Some(self.error("a `use` lists the names that it brings", "not a name").help(help));
        }
        if self.at_line_end() || self.found_text() == "as" {
            return Some(
                self.error("this `use` does not say which names it brings", "`.{...}` was expected here").help(help),
            );
        }
        Some(self.expected("`.` and the names in braces").help(help))
    }

    /// In the braces of a `use`.
    pub fn in_use_names(&self) -> Option<Diagnostic> {
        match (self.before_text(), self.found_text()) {
            ("{", "}") => Some(
                self.error("this `use` brings no names", "nothing in the braces")
                    .help("name what to use, as in `use std.residual.{bottleneck}`"),
            ),
            ("{" | "," | "as", _) => {
                Some(self.name_expected("an import", "use std.residual.{bottleneck, basic as plain}"))
            }
            _ if self.kind(self.found) == Some(Kind::Word) => Some(
                self.error("a `,` is missing before this name", "a second name begins here")
                    .help("separate the names with `,`; another name is given with `as`"),
            ),
            _ => Some(self.expected("`,`, `as` or `}` after this name")),
        }
    }

    fn const_item(&self, statement: &[&str]) -> Option<Diagnostic> {
        if statement.len() == 2 {
            return Some(self.definition_sign("const", statement));
        }
        self.value_at_end(statement)
    }

    /// Something else than `=` stands where a definition needs one.
    fn definition_sign(&self, word: &str, statement: &[&str]) -> Diagnostic {
        let name = statement.get(1).copied().unwrap_or("NAME");
        match self.found_text() {
            ":" => self
                .error(format!("{} has no type of its own", with_article(word)), "no type is written here")
                .help(format!("write `{word} {name} = value`")),
            "==" => self
                .error("`==` compares; a name is given with `=`", "write `=`")
                .help(format!("write `{word} {name} = value`")),
            ":=" | "(" if word == "const" => {
                self.error("a constant takes no parameters", "write `=`").help("a definition with parameters is a `fn`")
            }
            _ => self
                .error(format!("expected `=` after `{name}`, found {}", self.found_words()), "`=` was expected here")
                .help(match word {
                    "fn" => format!("write `fn {name}(...) = value`"),
                    _ => format!("write `{word} {name} = value`"),
                }),
        }
    }

    /// In the value at the end of an item.
    fn value_at_end(&self, statement: &[&str]) -> Option<Diagnostic> {
        if let Some(error) = self.in_value(statement) {
            return Some(error);
        }
        if !self.ends_value(self.before()) {
            return Some(self.value_expected());
        }
        if self.found_text() == "{" {
            return Some(
                self.error("braces hold stages, not values", "no value has braces")
                    .help("a choice between values is written `if c then a else b`; stages belong in a `block`"),
            );
        }
        if self.found_text() == "->" {
            return Some(
                self.error("stages are joined in a block or an arch, not in a value", "not an operator here")
                    .help("write a `block` with these stages, and use its name as the value"),
            );
        }
        Some(self.expected("an operator or the end of the line after this value"))
    }

    fn fn_item(&self, statement: &[&str]) -> Option<Diagnostic> {
        let name = statement.get(1).copied().unwrap_or("NAME");
        if statement.len() == 2 {
            let help = format!("write `fn {name}(x) = value`; a value without parameters is a `const`");
            return Some(
                self.error(
                    format!("expected the parameters of `{name}`, found {}", self.found_words()),
                    "`(` was expected here",
                )
                .help(help),
            );
        }
        if statement.contains(&"=") {
            return self.value_at_end(statement);
        }
        let params = statement.last() == Some(&")");
        match self.found_text() {
            "{" => Some(
                self.error("a `fn` is one value after `=`, without braces", "write `=`")
                    .help(format!("write `fn {name}(...) = value`; stages belong in a `block`")),
            ),
            "->" | ":" if params => Some(
                self.error("a `fn` does not say what type it gives", "write `=`")
                    .help(format!("write `fn {name}(...) = value`")),
            ),
            _ => Some(self.definition_sign("fn", statement)),
        }
    }

    fn block_or_arch(&self, word: &str, statement: &[&str]) -> Option<Diagnostic> {
        let name = statement.get(1).copied().unwrap_or("NAME");
        let found = self.found_text();
        if statement.contains(&"=") {
            return Some(match statement {
                [.., "="] if found == "=" => self.value_expected(),
                [.., "="] if self.is_keyword(self.found) => self.name_expected("an arch", ""),
                [.., "="] => self
                    .error(format!("expected the arch that `{name}` is a variant of, found {}", self.found_words()), "a name was expected here")
                    .help("a variant is written `arch resnet50 = resnet(bottleneck, [3, 4, 6, 3])`"),
                _ if found == "." => self
                    .error("a variant names its arch by one word", "a point")
                    .help("an arch of another file is brought by a `use` first"),
                _ => self.expected("arguments, braces with `assert`s, or the end of the line").help(
                    "a variant is `arch NAME = OTHER(args)`; a network with a body has no `=`: `arch NAME(params) { ... }`",
                ),
            });
        }
        if statement.last() == Some(&"}") {
            return Some(self.expected("the end of the line after this item"));
        }
        if word == "block" && found == "=" {
            return Some(self.error("a block can't be defined by another one", "a body was expected here").help(
                format!(
                    "a block with other arguments is a value: `const {name} = other(3)`; only an arch has variants"
                ),
            ));
        }
        if word == "arch" && found == "==" {
            return Some(
                self.error("`==` compares; a variant is given with `=`", "write `=`")
                    .help(format!("write `arch {name} = OTHER(args)`")),
            );
        }
        let next = self.next_code(self.found);
        if self.at_line_end() && self.text(next) == "{" {
            return Some(
                self.error(
                    format!("the `{{` of {} stands on the same line", with_article(word)),
                    "`{` was expected here",
                )
                .label(self.span(next?), "it stands here")
                .help("move it up to the end of the line above"),
            );
        }
        let what = if statement.last() == Some(&")") { "`{`" } else { "parameters or `{`" };
        let help = match word {
            "arch" => format!("an arch is `arch {name} {{ ... }}`, or a variant: `arch {name} = OTHER(args)`"),
            _ => format!("a block is `block {name}(params) {{ ... }}`"),
        };
        Some(
            self.error(
                format!("{} needs a body: expected {what}, found {}", with_article(word), self.found_words()),
                format!("{what} was expected here"),
            )
            .help(help),
        )
    }

    /// In the brackets after the name of a `fn`, a `block` or an `arch`.
    pub fn in_params(&self) -> Option<Diagnostic> {
        let statement = self.statement();
        let found = self.found_text();
        let form = "a parameter is `name`, `name: type` or `name: type = default`";
        if statement.contains(&"=") {
            if let Some(error) = self.in_value(&statement) {
                return Some(error);
            }
            if !self.ends_value(self.before()) {
                return Some(self.value_expected());
            }
            if self.kind(self.found) == Some(Kind::Word) {
                return Some(
                    self.error("a `,` is missing before this parameter", "a second one begins here").help(form),
                );
            }
            return Some(self.expected("`,` or `)` after this parameter").help(form));
        }
        match statement.as_slice() {
            [] if self.is_keyword(self.found) => Some(self.name_expected("a parameter", "")),
            [] => Some(
                self.error(
                    format!("expected the name of a parameter, found {}", self.found_words()),
                    "a name was expected here",
                )
                .help(form),
            ),
            [.., ":"] => Some(
                self.error(
                    format!("expected a type after `:`, found {}", self.found_words()),
                    "a type was expected here",
                )
                .help("the types are `int`, `float`, `bool`, `str`, `stage`, `tensor`, and lists of them as `[int]`"),
            ),
            [first] if self.kind(self.found) == Some(Kind::Word) => Some(
                self.error(format!("expected `,`, `:` or `)` after `{first}`, found `{found}`"), "not expected here")
                    .help(format!(
                        "the type stands behind the name: `{found}: {first}`; two parameters are separated by `,`"
                    )),
            ),
            [name, ":", ty] if found == "[" => Some(
                self.error("the type of a list has its brackets around it", "brackets behind the type")
                    .help(format!("write `{name}: [{ty}]`")),
            ),
            _ if self.kind(self.found) == Some(Kind::Word) => {
                Some(self.error("a `,` is missing before this parameter", "a second one begins here").help(form))
            }
            _ => Some(self.expected("`,`, `=` or `)`").help(form)),
        }
    }
}
