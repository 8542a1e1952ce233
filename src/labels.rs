//! Which class a name means.

use crate::diagnostic::did_you_mean;

/// How the classes of an architecture can be named.
#[derive(Clone, Copy, Debug)]
pub struct Classes<'a> {
    pub count: usize,
    /// One a class.
    pub labels: Option<&'a [String]>,
}

/// ImageNet's ids of its thousand classes, in their order, as in timm's `imagenet_synsets.txt`.
const IMAGENET_IDS: &str = include_str!("weights/imagenet1k_ids.txt");

/// Why a name means no class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// Nothing is called so; with what may have been meant.
    Unknown(Option<String>),
    /// A number that is no class.
    Outside,
    /// Several classes have this label.
    Several(Vec<usize>),
}

impl Classes<'_> {
    /// The class called `name`: the one with this label, else the one with this number, else the one with this label if
    /// the case of letters and `_` or `-` for a blank are overlooked; of the thousand classes of ImageNet also the one
    /// with this WordNet id, as in `n02123045`.
    ///
    /// # Errors
    /// None, or several.
    pub fn find(&self, name: &str) -> Result<usize, Unclear> {
        let labels = self.labels.unwrap_or_default();
        let with = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
            labels.iter().enumerate().filter(|(_, label)| same(label)).map(|(index, _)| index).collect()
        };
        let exact = with(&|label| label == name);
        if exact.is_empty() && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
            let index = name.parse().ok().filter(|index| *index < self.count);
            return index.ok_or(Unclear::Outside);
        }
        let loose = || with(&|label| plain(label) == plain(name));
        let found = if exact.is_empty() { loose() } else { exact };
        match found.as_slice() {
            [only] => Ok(*only),
            [] => self
                .imagenet_id(name)
                .ok_or_else(|| Unclear::Unknown(did_you_mean(name, labels.iter().map(String::as_str)))),
            [..] => Err(Unclear::Several(found)),
        }
    }

    fn imagenet_id(&self, name: &str) -> Option<usize> {
        (self.count == 1000).then(|| IMAGENET_IDS.lines().position(|id| id == name)).flatten()
    }

    /// What a class is called: its label, or `class 7`.
    pub fn name(&self, index: usize) -> String {
        let label = self.labels.and_then(|labels| labels.get(index));
        label.cloned().unwrap_or_else(|| format!("class {index}"))
    }

    /// [`Classes::name`], with the number where other classes have the same label: `crane (517)`.
    pub fn name_apart(&self, index: usize) -> String {
        let name = self.name(index);
        let same = self.labels.unwrap_or_default().iter().filter(|label| **label == name);
        if same.count() > 1 { format!("{name} ({index})") } else { name }
    }
}

impl Unclear {
    /// What is wrong with the name of a class, and what to do.
    pub fn in_words(&self, name: &str, classes: &Classes) -> (String, String) {
        match self {
            Unclear::Unknown(hint) => {
                let ways = match classes.labels {
                    Some(_) => format!("a class is named by its label or its number, 0 to {}", classes.count - 1),
                    None => format!("these weights have no labels; a class is a number, 0 to {}", classes.count - 1),
                };
                let help = hint.as_ref().map_or(ways.clone(), |hint| format!("{hint} {ways}"));
                (format!("no class is called `{name}`"), help)
            }
            Unclear::Outside => {
                let last = classes.count - 1;
                (format!("there is no class {name}: the last is {last}"), "classes are counted from 0".to_string())
            }
            Unclear::Several(found) => {
                let numbers: Vec<String> = found.iter().map(usize::to_string).collect();
                let numbers = numbers.join(" and ");
                (format!("several classes are called `{name}`: {numbers}"), "use the number".to_string())
            }
        }
    }
}

/// A label without what spelling may change.
fn plain(label: &str) -> String {
    label.chars().map(|c| if c == '_' || c == '-' { ' ' } else { c }).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::{Classes, IMAGENET_IDS, Unclear};

    #[test]
    fn a_class_is_its_label_or_its_number() {
        let labels = ["cat", "Egyptian cat", "7", "crane", "crane"].map(String::from);
        let classes = Classes { count: 5, labels: Some(&labels) };
        assert_eq!(
            ["cat", "Egyptian cat", "egyptian_cat", "4", "7"].map(|name| classes.find(name)),
            [0, 1, 1, 4, 2].map(Ok)
        );
        assert_eq!(classes.find("crane"), Err(Unclear::Several(vec![3, 4])));
        assert_eq!(
            [classes.find("5"), classes.find("99999999999999999999")],
            [Err(Unclear::Outside), Err(Unclear::Outside)]
        );
        assert_eq!(classes.find("cta"), Err(Unclear::Unknown(Some("did you mean `cat`?".to_string()))));
        assert_eq!(
            [classes.find(""), classes.find("n02124075")],
            [Err(Unclear::Unknown(None)), Err(Unclear::Unknown(None))]
        );
        assert_eq!([classes.name(1), Classes { count: 2, labels: None }.name(1)], ["Egyptian cat", "class 1"]);
    }

    #[test]
    fn imagenet_s_folders_are_its_ids() {
        assert_eq!(IMAGENET_IDS.lines().count(), 1000);
        let classes = Classes { count: 1000, labels: None };
        // The tench, the espresso, and the last, toilet tissue.
        assert_eq!(["n01440764", "n07920052", "n15075141"].map(|id| classes.find(id)), [Ok(0), Ok(967), Ok(999)]);
    }
}
