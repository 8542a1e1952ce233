//! Which weights of a file are which of an architecture, whatever they are called.
//!
//! Weights are taken by module, as `conv1` has `weight` and `bias`. Modules of the same weights and shapes are candidates
//! for one another. Where there is one on each side they are a pair; pairs tell which scopes belong together, and scopes
//! tell further modules apart. What remains the same in all of this is paired by order.

use std::collections::{BTreeMap, HashMap};

use super::Named;
use crate::weights::fits;

/// Pairs of a file's name and an architecture's.
#[derive(Debug)]
pub struct Pairs {
    pub list: Vec<(String, String)>,
    /// How many of them only the order tells apart from others.
    pub guessed: usize,
}

/// The most pairs of modules of the same shapes that are weighed against each other.
const MAX_GROUP: usize = 1 << 20;

/// Pairs what can be paired. With `same_names_stay`, what has the same name and shape on both sides is a pair from the start.
pub fn pair(needed: &[Named], held: &[Named], same_names_stay: bool) -> Pairs {
    let mut matching = Matching::new(modules(held), modules(needed));
    if same_names_stay {
        matching.same_names();
    }
    for exact in [true, false] {
        matching.run(exact);
    }
    matching.pairs()
}

/// A module: its path, and its weights by what they are called in it.
#[derive(Debug)]
struct Module<'a> {
    path: &'a str,
    leaves: BTreeMap<&'a str, (&'a str, &'a [usize])>,
    /// The scopes that it is in, by number.
    scopes: Vec<usize>,
    partner: Option<usize>,
}

fn modules(named: &[Named]) -> Vec<Module<'_>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut modules: Vec<Module<'_>> = Vec::new();
    for (name, shape) in named {
        let leaf = (name.as_str(), shape.as_slice());
        let new = |path, key| Module { path, leaves: BTreeMap::from([(key, leaf)]), scopes: Vec::new(), partner: None };
        match name.rsplit_once('.') {
            // A weight of the network itself is alone.
            None => modules.push(new(name, "")),
            Some((path, key)) => match places.get(path) {
                Some(place) => drop(modules[*place].leaves.insert(canonical(key), leaf)),
                None => {
                    places.insert(path, modules.len());
                    modules.push(new(path, canonical(key)));
                }
            },
        }
    }
    modules
}

/// PyTorch's word for what a weight is.
fn canonical(leaf: &str) -> &str {
    match leaf {
        "gamma" | "scale" => "weight",
        "beta" => "bias",
        "moving_mean" => "running_mean",
        "moving_variance" | "moving_var" => "running_var",
        other => other,
    }
}

/// The weights of a module, each with its shape.
type Signature<'a> = Vec<(&'a str, Vec<usize>)>;

/// Modules of the file and of the architecture that could be each other's.
type Group = (Vec<usize>, Vec<usize>);

struct Matching<'a> {
    file: Vec<Module<'a>>,
    arch: Vec<Module<'a>>,
    /// How many pairs have the one scope in the file and the other in the architecture, and how many have each.
    together: HashMap<(usize, usize), f64>,
    in_file: Vec<f64>,
    in_arch: Vec<f64>,
    guessed: usize,
}

impl<'a> Matching<'a> {
    fn new(mut file: Vec<Module<'a>>, mut arch: Vec<Module<'a>>) -> Matching<'a> {
        let (files, archs) = (number_scopes(&mut file), number_scopes(&mut arch));
        Matching {
            file,
            arch,
            together: HashMap::new(),
            in_file: vec![0.0; files],
            in_arch: vec![0.0; archs],
            guessed: 0,
        }
    }

    fn same_names(&mut self) {
        let by_path: HashMap<&str, usize> =
            self.arch.iter().enumerate().map(|(index, module)| (module.path, index)).collect();
        for index in 0..self.file.len() {
            if let Some(other) = by_path.get(self.file[index].path).copied()
                && agree(&self.file[index], &self.arch[other])
            {
                self.accept(index, other);
            }
        }
    }

    /// Pairs what agrees: in shapes, or also where shapes are written another way.
    fn run(&mut self, exact: bool) {
        let mut groups = self.groups(exact);
        loop {
            groups.retain_mut(|(file, arch)| {
                file.retain(|index| self.file[*index].partner.is_none());
                arch.retain(|index| self.arch[*index].partner.is_none());
                !file.is_empty() && !arch.is_empty() && file.len().saturating_mul(arch.len()) <= MAX_GROUP
            });
            let mut found = false;
            for (file, arch) in &groups {
                found |= self.pair_certain(file, arch);
            }
            if found {
                continue;
            }
            let Some(smallest) = groups.iter().min_by_key(|(file, arch)| file.len().max(arch.len())) else { break };
            let (file, arch) = smallest.clone();
            self.pair_in_order(&file, &arch);
        }
    }

    /// The modules without a partner that could be each other's.
    fn groups(&self, exact: bool) -> Vec<Group> {
        let mut groups: BTreeMap<Signature<'_>, Group> = BTreeMap::new();
        let free = |modules: &[Module<'a>]| -> Vec<usize> {
            (0..modules.len()).filter(|index| modules[*index].partner.is_none()).collect()
        };
        for index in free(&self.arch) {
            groups.entry(signature(&self.arch[index], exact)).or_default().1.push(index);
        }
        for index in free(&self.file) {
            if let Some(group) = groups.get_mut(&signature(&self.file[index], exact)) {
                group.0.push(index);
            }
        }
        // In order of execution.
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|(_, arch)| arch[0]);
        groups
    }

    /// Pairs those that are each other's best beyond doubt.
    fn pair_certain(&mut self, file: &[usize], arch: &[usize]) -> bool {
        let scores = self.scores(file, arch);
        let best = |of: &mut dyn Iterator<Item = f64>| {
            let (mut first, mut second, mut place) = (-1.0, -1.0, 0);
            for (index, score) in of.enumerate() {
                if score > first {
                    (first, second, place) = (score, first, index);
                } else if score > second {
                    second = score;
                }
            }
            (place, first, first - second > 1e-6)
        };
        let rows: Vec<_> = (0..file.len()).map(|row| best(&mut (0..arch.len()).map(|at| scores[row][at]))).collect();
        let columns: Vec<_> = (0..arch.len()).map(|at| best(&mut (0..file.len()).map(|row| scores[row][at]))).collect();
        let alone = file.len() == 1 && arch.len() == 1;
        let mut found = false;
        for (row, (column, score, sure)) in rows.into_iter().enumerate() {
            let (back, _, sure_back) = columns[column];
            let certain = alone || (score > 0.0 && sure && sure_back);
            if certain && back == row && agree(&self.file[file[row]], &self.arch[arch[column]]) {
                self.accept(file[row], arch[column]);
                found = true;
            }
        }
        found
    }

    /// Pairs all that it can, the best first and equals by their order.
    fn pair_in_order(&mut self, file: &[usize], arch: &[usize]) {
        let scores = self.scores(file, arch);
        let mut all: Vec<(usize, usize)> = Vec::with_capacity(file.len() * arch.len());
        all.extend((0..file.len()).flat_map(|row| (0..arch.len()).map(move |column| (row, column))));
        all.sort_by(|a, b| {
            let order = |(row, column): (usize, usize)| (row.abs_diff(column), row);
            scores[b.0][b.1].total_cmp(&scores[a.0][a.1]).then(order(*a).cmp(&order(*b)))
        });
        let mut any = false;
        for (row, column) in all {
            let (row, column) = (file[row], arch[column]);
            let free = self.file[row].partner.is_none() && self.arch[column].partner.is_none();
            if free && agree(&self.file[row], &self.arch[column]) {
                self.accept(row, column);
                self.guessed += self.arch[column].leaves.len();
                any = true;
            }
        }
        if !any {
            // Nothing of this group agrees: out of the way.
            for row in file {
                self.file[*row].partner = Some(usize::MAX);
            }
        }
    }

    /// How well each module of the file suits each of the architecture, by the scopes they are in and their last words.
    fn scores(&self, file: &[usize], arch: &[usize]) -> Vec<Vec<f64>> {
        let score = |row: usize, column: usize| {
            let (one, other) = (&self.file[row], &self.arch[column]);
            let pairs = one.scopes.iter().flat_map(|scope| other.scopes.iter().map(move |with| (*scope, *with)));
            let scopes: f64 = pairs
                .filter_map(|(scope, with)| {
                    let together = self.together.get(&(scope, with))?;
                    Some(together * together / (self.in_file[scope] * self.in_arch[with]))
                })
                .sum();
            scopes + if last(one.path) == last(other.path) { 0.5 } else { 0.0 }
        };
        file.iter().map(|row| arch.iter().map(|column| score(*row, *column)).collect()).collect()
    }

    fn accept(&mut self, row: usize, column: usize) {
        self.file[row].partner = Some(column);
        self.arch[column].partner = Some(row);
        for scope in &self.file[row].scopes {
            self.in_file[*scope] += 1.0;
            for with in &self.arch[column].scopes {
                *self.together.entry((*scope, *with)).or_default() += 1.0;
            }
        }
        for with in &self.arch[column].scopes {
            self.in_arch[*with] += 1.0;
        }
    }

    fn pairs(self) -> Pairs {
        let mut list = Vec::new();
        for module in &self.arch {
            let Some(partner) = module.partner else { continue };
            for (key, (name, _)) in &module.leaves {
                if let Some((theirs, _)) = self.file[partner].leaves.get(key) {
                    list.push(((*theirs).to_string(), (*name).to_string()));
                }
            }
        }
        Pairs { list, guessed: self.guessed }
    }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Gives every scope that a module is in a number; how many there are.
fn number_scopes<'a>(modules: &mut [Module<'a>]) -> usize {
    let mut numbers: HashMap<&'a str, usize> = HashMap::new();
    for module in modules.iter_mut() {
        for (dot, _) in module.path.match_indices('.') {
            let next = numbers.len();
            module.scopes.push(*numbers.entry(&module.path[..dot]).or_insert(next));
        }
    }
    numbers.len()
}

/// What modules that can be each other's have in common.
fn signature<'a>(module: &Module<'a>, exact: bool) -> Signature<'a> {
    let shape = |shape: &[usize]| match shape {
        [out, channels, height, width] if !exact => {
            vec![*out, channels.saturating_mul(*height).saturating_mul(*width)]
        }
        other => other.to_vec(),
    };
    module.leaves.iter().map(|(key, (_, dims))| (*key, shape(dims))).collect()
}

fn agree(file: &Module<'_>, arch: &Module<'_>) -> bool {
    file.leaves.len() == arch.leaves.len()
        && file.leaves.iter().zip(&arch.leaves).all(|((a, (_, held)), (b, (_, needed)))| a == b && fits(held, needed))
}
