//! Mistakes in `weights` items.

use super::situation::Situation;
use crate::diagnostic::Diagnostic;
use crate::syntax::scan::Kind;

const FORM: &str = "weights NAME for ARCH { ... }";

impl Situation<'_> {
    /// Before the braces; a name has been read.
    pub fn weights_head(&self, statement: &[&str]) -> Option<Diagnostic> {
        match statement {
            [_, name] => Some(
                self.error(
                    format!("expected `for` and an arch after `{name}`, found {}", self.found_words()),
                    "`for` was expected here",
                )
                .help(format!("write `weights {name} for ARCH {{ ... }}`")),
            ),
            [_, name, "for"] => Some(
                self.name_expected("the arch that the weights are for", &format!("weights {name} for ARCH {{ ... }}")),
            ),
            [.., "}"] => Some(self.expected("the end of the line after this item")),
            _ => Some(self.expected("`{`").help(format!("write `{FORM}`"))),
        }
    }

    /// In the braces, one field a line.
    pub fn in_weights(&self) -> Option<Diagnostic> {
        let statement = self.statement();
        let found = self.found_text();
        let first = statement.first().copied().unwrap_or("");
        match (first, found) {
            ("", _) => Some(self.expected("a field, as in `file \"squeezenet.safetensors\"`").help(
                "the fields are `file`, `hub`, `url`, `sha256`, `names`, `image`, `labels` and `accuracy`, one a line",
            )),
            (word, "=" | ":") if statement.len() == 1 => Some(
                self.error(format!("the value of a field follows its word, without `{found}`"), "not needed")
                    .help(format!("write `{word} ...`, as in `file \"squeezenet.safetensors\"`")),
            ),
            ("names", _) if statement.len() == 1 => {
                Some(self.expected("`{`").help("write `names { \"theirs.{x}\" => \"ours.{x}\" }`"))
            }
            ("image", _) => Some(self.image_field(&statement)),
            ("accuracy", _) => Some(
                self.error(format!("expected a figure, found {}", self.found_words()), "a figure was expected here")
                    .help("write `accuracy top1 80.858, top5 95.434`: per cent, separated by `,`"),
            ),
            (word, _) if statement.len() == 1 && !self.at_line_end() && found != "}" => Some(
                self.expected(&format!("the value of `{word}`"))
                    .help("texts stand in quotes, as in `file \"squeezenet.safetensors\"`"),
            ),
            (word, _) => {
                if self.kind(self.before()?) == Some(Kind::Word) && (self.at_line_end() || found == "}") {
                    return Some(
                        self.error(format!("`{}` needs a value", self.before_text()), "a value was expected here")
                            .help("a field is a word and a value, as in `file \"squeezenet.safetensors\"`"),
                    );
                }
                if let Some(error) = self.in_value(&statement) {
                    return Some(error);
                }
                if found == "," {
                    return Some(
                        self.error("fields stand on lines of their own", "a comma")
                            .help("break the line here, without the comma"),
                    );
                }
                if !self.ends_value(self.before()) {
                    return Some(self.value_expected());
                }
                Some(self.expected(&format!("the end of the line after `{word}`")))
            }
        }
    }

    fn image_field(&self, statement: &[&str]) -> Diagnostic {
        let form = "the steps are separated by `,`, as in `image resize 256 bilinear, crop 224, rgb, scale 1/255`";
        match (statement.last().copied(), self.found_text()) {
            (Some("image" | ","), _) => self
                .error(format!("expected a step, found {}", self.found_words()), "a step was expected here")
                .help(form),
            (_, "->" | "=>") => self.error("the steps of `image` are separated by `,`", "write `,`").help(form),
            (_, "=" | ":") => self.error("the value of a step follows its word", "not needed").help(form),
            _ => self.expected("`,` or the end of the line after this step").help(form),
        }
    }

    /// In the braces of `names`.
    pub fn in_names(&self) -> Option<Diagnostic> {
        let statement = self.statement();
        let form = "write `\"theirs.{x}\" => \"ours.{x}\"`: the name in the file, then the path in this arch";
        let quoted = statement.iter().filter(|text| **text == "\"").count() >= 2;
        match self.found_text() {
            "->" | "=" | ":" if quoted => Some(self.error("two names are joined by `=>`", "write `=>`").help(form)),
            _ if self.kind(self.found) == Some(Kind::Word) && !quoted => {
                Some(self.error("names of weights are written in quotes", "no quotes").help(form))
            }
            _ if statement.last() == Some(&"=>") => Some(self.expected("the path in this arch, in quotes").help(form)),
            _ if quoted && !statement.contains(&"=>") => {
                Some(self.expected("`=>` after the name in the file").help(form))
            }
            _ if quoted => Some(self.expected("`,` or the end of the line after this pair").help(form)),
            _ => Some(self.expected("a name in quotes").help(form)),
        }
    }
}
