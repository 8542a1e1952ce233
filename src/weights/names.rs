//! How a file's names become an architecture's: `names { "head.fc.{x}" => "fc.{x}" }`.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};

use super::{Identity, Values, WeightSource};
use crate::diagnostic::{Code, Diagnostic};
use crate::ops::WeightSpec;

/// Rules from a file's name to an architecture's, the most specific first: the one with the most characters outside
/// braces. A name that no rule matches is its own; a rule to nothing leaves a weight out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    from: Vec<Part>,
    to: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// `{x}`: one character or more.
    Hole(String),
}

/// The most holes of a pattern: matching tries all ways to fill them.
const MAX_HOLES: usize = 4;

impl Names {
    /// Adds a rule after the others of its length.
    ///
    /// # Errors
    /// What is wrong with the patterns, in words, and whether it is in the first.
    pub fn push(&mut self, from: &str, to: &str) -> Result<(), (String, bool)> {
        let from = parse(from).map_err(|text| (text, true))?;
        let to = if to.is_empty() { Vec::new() } else { parse(to).map_err(|text| (text, false))? };
        let holes: Vec<&str> = holes(&from).collect();
        for (index, hole) in holes.iter().enumerate() {
            if holes[..index].contains(hole) {
                return Err((format!("`{{{hole}}}` stands twice in the pattern"), true));
            }
        }
        if holes.len() > MAX_HOLES {
            return Err((format!("the pattern has {} places to fill, and {MAX_HOLES} are allowed", holes.len()), true));
        }
        if let Some(unknown) = self::holes(&to).find(|hole| !holes.contains(hole)) {
            return Err((format!("`{{{unknown}}}` is not in the file's name, so nothing can fill it"), false));
        }
        if self.rules.iter().any(|rule| rule.from == from) {
            return Err(("this name has a rule already".to_string(), true));
        }
        let at = self.rules.partition_point(|rule| literal(&rule.from) >= literal(&from));
        self.rules.insert(at, Rule { from, to });
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules that undo these. What these leave out has no name to come back from.
    ///
    /// # Errors
    /// A rule forgets a part of the file's name, or two rules give the same name; which, in words.
    pub fn inverse(&self) -> Result<Names, String> {
        let mut inverse = Names::default();
        for rule in self.rules.iter().filter(|rule| !rule.to.is_empty()) {
            let (from, to) = (text(&rule.from), text(&rule.to));
            inverse
                .push(&to, &from)
                .map_err(|_| format!("the rule \"{from}\" => \"{to}\" can't be turned around: names are lost by it"))?;
        }
        Ok(inverse)
    }

    /// The architecture's name for a file's; nothing for a weight that is left out.
    pub fn map(&self, name: &str) -> Option<String> {
        let mapped = self.rules.iter().find_map(|rule| rule.apply(name)).unwrap_or_else(|| name.to_string());
        (!mapped.is_empty()).then_some(mapped)
    }
}

impl Rule {
    fn apply(&self, name: &str) -> Option<String> {
        let mut filled = BTreeMap::new();
        if !fill(&self.from, name, &mut filled) {
            return None;
        }
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Hole(hole) => filled[hole.as_str()].to_string(),
        };
        Some(self.to.iter().map(text).collect())
    }
}

/// Whether the parts match all of `name`; what each hole takes, the first ones as little as they can.
fn fill<'a>(parts: &'a [Part], name: &'a str, filled: &mut BTreeMap<&'a str, &'a str>) -> bool {
    match parts {
        [] => name.is_empty(),
        [Part::Text(text), rest @ ..] => name.strip_prefix(text.as_str()).is_some_and(|name| fill(rest, name, filled)),
        [Part::Hole(hole), rest @ ..] => {
            let ends = name.char_indices().map(|(at, c)| at + c.len_utf8());
            for end in ends {
                if fill(rest, &name[end..], filled) {
                    filled.insert(hole, &name[..end]);
                    return true;
                }
            }
            false
        }
    }
}

fn parse(pattern: &str) -> Result<Vec<Part>, String> {
    if pattern.is_empty() {
        return Err("a name can't be empty".to_string());
    }
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(brace) = rest.find(['{', '}']) {
        let hole = rest[brace..].strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let Some((hole, after)) = hole else {
            return Err("a brace has no partner; `{x}` stands for one character or more".to_string());
        };
        if hole.is_empty() || !hole.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("`{{{hole}}}` is no placeholder; write a word in the braces, as in `{{x}}`"));
        }
        if brace > 0 {
            parts.push(Part::Text(rest[..brace].to_string()));
        }
        parts.push(Part::Hole(hole.to_string()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_string()));
    }
    Ok(parts)
}

fn text(parts: &[Part]) -> String {
    let text = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Hole(hole) => format!("{{{hole}}}"),
    };
    parts.iter().map(text).collect()
}

fn holes(parts: &[Part]) -> impl Iterator<Item = &str> {
    parts.iter().filter_map(|part| match part {
        Part::Hole(hole) => Some(hole.as_str()),
        Part::Text(_) => None,
    })
}

fn literal(parts: &[Part]) -> usize {
    let length = |part: &Part| match part {
        Part::Text(text) => text.len(),
        Part::Hole(_) => 0,
    };
    parts.iter().map(length).sum()
}

/// A source under an architecture's names.
pub struct Renamed<S> {
    inner: S,
    /// The inner name of each name.
    names: BTreeMap<String, String>,
    /// For sources that hold no names of their own, nothing is renamed.
    has_names: bool,
}

impl<S: WeightSource> Renamed<S> {
    /// # Errors
    /// `E0603` where the rules give one name to two tensors.
    pub fn new(inner: S, rules: &Names) -> Result<Renamed<S>, Diagnostic> {
        let mut names = BTreeMap::new();
        let shapes = inner.shapes();
        let has_names = shapes.is_some();
        for name in shapes.unwrap_or_default().into_keys() {
            let Some(mapped) = rules.map(&name) else { continue };
            if let Some(other) = names.insert(mapped.clone(), name.clone()) {
                let source = inner.name();
                return Err(Diagnostic::error(
                    Code::WEIGHTS_DIFFER,
                    format!("`{other}` and `{name}` of `{source}` would both become `{mapped}`"),
                )
                .help("make the rules in `names { ... }` more specific"));
            }
        }
        Ok(Renamed { inner, names, has_names })
    }
}

impl<S: WeightSource> WeightSource for Renamed<S> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>> {
        let mut inner = self.inner.shapes()?;
        let shape = |(name, original): (&String, &String)| inner.remove(original).map(|shape| (name.clone(), shape));
        Some(self.names.iter().filter_map(shape).collect())
    }

    fn notes(&self) -> &[String] {
        self.inner.notes()
    }

    fn identity(&self) -> Option<Identity> {
        let names = self.names.iter().map(|(name, original)| (name.as_str(), original.as_str()));
        self.inner.identity().map(|identity| identity.renamed(names))
    }

    fn get(&self, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic> {
        self.inner.get(self.original(name)?, spec, device)
    }

    fn reader<'a>(&'a self, name: &'a str, spec: &WeightSpec) -> Result<Box<dyn Values + 'a>, Diagnostic> {
        self.inner.reader(self.original(name)?, spec)
    }
}

impl<S: WeightSource> Renamed<S> {
    /// What the source calls a weight.
    fn original<'a>(&'a self, name: &'a str) -> Result<&'a str, Diagnostic> {
        match self.names.get(name) {
            Some(original) => Ok(original),
            None if self.has_names => {
                let source = self.inner.name();
                Err(Diagnostic::error(Code::WEIGHTS_DIFFER, format!("`{source}` has no tensor for `{name}`")))
            }
            None => Ok(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    fn names(rules: &[(&str, &str)]) -> Names {
        let mut names = Names::default();
        for (from, to) in rules {
            names.push(from, to).unwrap();
        }
        names
    }

    #[test]
    fn the_most_specific_rule_wins_and_other_names_stay() {
        let names = names(&[("{x}", "body.{x}"), ("head.fc.{x}", "fc.{x}"), ("head.{x}", "top.{x}")]);
        assert_eq!(names.map("head.fc.weight").as_deref(), Some("fc.weight"));
        assert_eq!(names.map("head.norm.bias").as_deref(), Some("top.norm.bias"));
        assert_eq!(names.map("stem.weight").as_deref(), Some("body.stem.weight"));
        assert_eq!(names.map("head.").as_deref(), Some("body.head."));
        assert_eq!(self::names(&[("a.{x}", "b.{x}")]).map("c.w").as_deref(), Some("c.w"));
    }

    #[test]
    fn a_rule_to_nothing_leaves_a_weight_out() {
        let names = names(&[("Aux.{x}", ""), ("Aux.kept", "kept")]);
        assert_eq!(names.map("Aux.conv.weight"), None);
        assert_eq!(names.map("Aux.kept").as_deref(), Some("kept"));
    }

    #[test]
    fn rules_turn_around_where_nothing_is_lost() {
        let inverse = names(&[("blocks.{i}.{x}", "stage{i}.{x}"), ("aux.{x}", "")]).inverse().unwrap();
        assert_eq!(inverse.map("stage2.conv.weight").as_deref(), Some("blocks.2.conv.weight"));
        let lost = names(&[("a{i}.{x}", "b.{x}")]).inverse().unwrap_err();
        assert_eq!(lost, "the rule \"a{i}.{x}\" => \"b.{x}\" can't be turned around: names are lost by it");
    }

    #[test]
    fn several_places_are_filled() {
        let names = names(&[("blocks.{i}.{k}.conv.{x}", "stage{i}.unit{k}.{x}")]);
        assert_eq!(names.map("blocks.2.10.conv.weight").as_deref(), Some("stage2.unit10.weight"));
    }

    #[test]
    fn bad_patterns_are_told() {
        let error = |from: &str, to: &str| Names::default().push(from, to).unwrap_err();
        assert_eq!(
            error("a.{x}", "b.{y}"),
            ("`{y}` is not in the file's name, so nothing can fill it".to_string(), false)
        );
        assert!(error("a.{x", "b").0.starts_with("a brace has no partner"));
        assert!(error("{x}.{x}", "{x}").0.contains("stands twice"));
        assert!(error("", "a").0.contains("empty"));
        assert!(error("{}", "a").0.contains("no placeholder"));
    }
}
