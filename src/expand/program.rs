//! A file and what it uses: its modules, and what each name of a module means.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, did_you_mean, list};
use crate::source::{FileId, SourceMap, Span};
use crate::syntax::{self, ast};

/// An item of one of the program's modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ItemRef {
    pub module: ModuleId,
    pub index: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ModuleId(usize);

/// One parsed file and what the names in it mean.
#[derive(Debug)]
pub(super) struct Module {
    pub file: FileId,
    pub ast: ast::File,
    names: HashMap<Arc<str>, Entry>,
    /// Names whose import or declaration failed, which has been reported: what uses them is not to blame.
    failed: HashSet<Arc<str>>,
}

/// What a name of a module means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub item: ItemRef,
    /// Where this module declares or imports it.
    pub span: Span,
    pub imported: bool,
}

/// All modules; the first is the file that was named.
#[derive(Debug, Default)]
pub(super) struct Modules {
    list: Vec<Module>,
}

impl Modules {
    pub const ROOT: ModuleId = ModuleId(0);

    /// Parses `file` and, through its `use` items, everything it needs.
    pub fn load(sources: &mut SourceMap, file: FileId, diagnostics: &mut Diagnostics) -> Modules {
        let mut loader = Loader { sources, diagnostics, modules: Modules::default(), loading: Vec::new() };
        loader.load(file);
        loader.modules
    }

    pub fn module(&self, id: ModuleId) -> &Module {
        &self.list[id.0]
    }

    pub fn root(&self) -> &Module {
        self.module(Modules::ROOT)
    }

    pub fn iter(&self) -> impl Iterator<Item = (ModuleId, &Module)> {
        self.list.iter().enumerate().map(|(index, module)| (ModuleId(index), module))
    }

    pub fn item(&self, item: ItemRef) -> &ast::ItemKind {
        &self.module(item.module).ast.items[item.index].kind
    }

    /// What `name` means in a module.
    pub fn lookup(&self, module: ModuleId, name: &str) -> Option<Entry> {
        self.module(module).names.get(name).copied()
    }

    /// Whether `name` was imported in vain, or declared by an item with errors.
    pub fn failed_import(&self, module: ModuleId, name: &str) -> bool {
        self.module(module).failed.contains(name)
    }

    /// The names of a module, in no order.
    pub fn names(&self, module: ModuleId) -> impl Iterator<Item = (&str, Entry)> {
        self.module(module).names.iter().map(|(name, entry)| (&**name, *entry))
    }

    /// The documentation above an item, its lines joined.
    pub fn doc(&self, item: ItemRef) -> String {
        let docs = &self.module(item.module).ast.items[item.index].docs;
        docs.iter().map(|doc| doc.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// The name that an item declares, where it declares one that expressions and stages can use.
pub(super) fn declared(kind: &ast::ItemKind) -> Option<&ast::Ident> {
    match kind {
        ast::ItemKind::Const(item) => Some(&item.name),
        ast::ItemKind::Fn(item) => Some(&item.name),
        ast::ItemKind::Block(item) => Some(&item.name),
        ast::ItemKind::Arch(item) => Some(&item.name),
        ast::ItemKind::Edition | ast::ItemKind::Use(_) | ast::ItemKind::Weights(_) => None,
    }
}

/// What an item is, with an article.
pub(super) fn kind_words(kind: &ast::ItemKind) -> &'static str {
    match kind {
        ast::ItemKind::Edition => "an edition",
        ast::ItemKind::Use(_) => "a use",
        ast::ItemKind::Const(_) => "a constant",
        ast::ItemKind::Fn(_) => "a function",
        ast::ItemKind::Block(_) => "a block",
        ast::ItemKind::Arch(_) => "an arch",
        ast::ItemKind::Weights(_) => "weights",
    }
}

/// The standard library's module that declares `name`, for hints.
pub(super) fn std_module_with(name: &str) -> Option<&'static str> {
    SourceMap::std_texts().find(|(_, text)| std_names(text).any(|other| other == name)).map(|(module, _)| module)
}

fn std_names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let rest = ["block ", "fn ", "const "].iter().find_map(|word| line.strip_prefix(word))?.trim_start();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        Some(&rest[..end])
    })
}

struct Loader<'a> {
    sources: &'a mut SourceMap,
    diagnostics: &'a mut Diagnostics,
    modules: Modules,
    /// The files whose imports are being followed, with the `use` that led to the next.
    loading: Vec<(FileId, Option<Span>)>,
}

impl Loader<'_> {
    fn load(&mut self, file: FileId) -> ModuleId {
        let ast = syntax::parse(self.sources, file, self.diagnostics);
        let id = ModuleId(self.modules.list.len());
        let failed = ast.broken.iter().map(|name| name.name.clone()).collect();
        self.modules.list.push(Module { file, ast, names: HashMap::new(), failed });
        self.loading.push((file, None));
        self.declare(id);
        self.import(id);
        self.loading.pop();
        id
    }

    fn declare(&mut self, id: ModuleId) {
        let mut names: HashMap<Arc<str>, Entry> = HashMap::new();
        let mut presets: HashMap<(Arc<str>, Arc<str>), Span> = HashMap::new();
        for (index, item) in self.modules.module(id).ast.items.iter().enumerate() {
            if let ast::ItemKind::Weights(weights) = &item.kind {
                let key = (weights.name.name.clone(), weights.arch.name.clone());
                if let Some(first) = presets.insert(key, weights.name.span) {
                    self.diagnostics.push(
                        Diagnostic::error(
                            Code::DUPLICATE_NAME,
                            format!("`{}` has weights called `{}` already", weights.arch.name, weights.name.name),
                        )
                        .label(weights.name.span, "again here")
                        .label(first, "first here")
                        .help("give one of them another name"),
                    );
                }
            }
            let Some(name) = declared(&item.kind) else { continue };
            let entry = Entry { item: ItemRef { module: id, index }, span: name.span, imported: false };
            match names.get(&name.name) {
                Some(first) => self.diagnostics.push(duplicate(&name.name, name.span, first.span)),
                None => drop(names.insert(name.name.clone(), entry)),
            }
        }
        self.modules.list[id.0].names = names;
    }

    fn import(&mut self, id: ModuleId) {
        let uses: Vec<ast::Use> = self
            .modules
            .module(id)
            .ast
            .items
            .iter()
            .filter_map(|item| match &item.kind {
                ast::ItemKind::Use(item) => Some(item.clone()),
                _ => None,
            })
            .collect();
        for item in uses {
            let target = self.target(id, &item);
            let target = target.and_then(|(file, names, span)| Some((self.module_of(file, span)?, names)));
            let Some((module, names)) = target else {
                let failed = item.names.iter().map(|name| name.local().name.clone());
                self.modules.list[id.0].failed.extend(failed);
                continue;
            };
            for name in &names {
                self.import_name(id, module, name);
            }
        }
    }

    /// The file a `use` means, the names it wants of it, and what to point at.
    fn target(&mut self, id: ModuleId, item: &ast::Use) -> Option<(FileId, Vec<ast::UseName>, Span)> {
        match &item.from {
            ast::UseFrom::File { path, span } => match self.sources.import(self.modules.module(id).file, path) {
                Ok(file) => Some((file, item.names.clone(), *span)),
                Err(error) => {
                    self.diagnostics.push(
                        Diagnostic::error(Code::UNKNOWN_IMPORT, error.message)
                            .label(*span, "used here")
                            .maybe_help(error.help),
                    );
                    None
                }
            },
            ast::UseFrom::Module { path, span } => {
                let modules: Vec<&str> = SourceMap::std_modules().collect();
                let module = match path.as_slice() {
                    [std, module] if &*std.name == "std" => module,
                    _ => {
                        self.diagnostics.push(
                            Diagnostic::error(Code::UNKNOWN_IMPORT, "the only library is `std`")
                                .label(*span, "not a module of it")
                                .help(
                                    "write `use std.MODULE.{names}`, or a path in quotes: `use \"file.arch\".{names}`",
                                ),
                        );
                        return None;
                    }
                };
                let Some(file) = self.sources.std_module(&module.name) else {
                    let help = did_you_mean(&module.name, modules.iter().copied())
                        .unwrap_or_else(|| format!("its modules are {}", list(modules.iter().copied())));
                    self.diagnostics.push(
                        Diagnostic::error(Code::UNKNOWN_IMPORT, format!("`std` has no module `{}`", module.name))
                            .label(module.span, "no such module")
                            .help(help),
                    );
                    return None;
                };
                Some((file, item.names.clone(), *span))
            }
        }
    }

    /// The module of a file, loaded where it is new; nothing where that would be a circle.
    fn module_of(&mut self, file: FileId, span: Span) -> Option<ModuleId> {
        if let Some(at) = self.loading.iter().position(|(other, _)| *other == file) {
            let first = self.loading.get(at).and_then(|(_, next)| *next);
            let mut circle: Vec<String> =
                self.loading[at..].iter().map(|(file, _)| self.sources.file(*file).name.clone()).collect();
            circle.push(self.sources.file(file).name.clone());
            let mut diagnostic = Diagnostic::error(Code::IMPORT_CYCLE, "these files use one another in a circle")
                .label(span, "this closes the circle");
            if let Some(first) = first {
                diagnostic = diagnostic.label(first, "which is used from here");
            }
            self.diagnostics.push(
                diagnostic.note(circle.join(" -> ")).help("move what they share into a third file that both use"),
            );
            return None;
        }
        if let Some((id, _)) = self.modules.iter().find(|(_, module)| module.file == file) {
            return Some(id);
        }
        self.loading.last_mut().expect("the importer is being loaded").1 = Some(span);
        Some(self.load(file))
    }

    fn import_name(&mut self, id: ModuleId, from: ModuleId, wanted: &ast::UseName) {
        let Some(entry) = self.modules.lookup(from, &wanted.name.name).filter(|entry| !entry.imported) else {
            self.modules.list[id.0].failed.insert(wanted.local().name.clone());
            if self.modules.failed_import(from, &wanted.name.name) {
                return;
            }
            let candidates: Vec<&str> =
                self.modules.names(from).filter(|(_, entry)| !entry.imported).map(|(name, _)| name).collect();
            let file = &self.sources.file(self.modules.module(from).file).name;
            let mut sorted = candidates.clone();
            sorted.sort_unstable();
            let help = did_you_mean(&wanted.name.name, candidates.iter().copied())
                .unwrap_or_else(|| format!("it declares {}", list(sorted)));
            self.diagnostics.push(
                Diagnostic::error(Code::UNKNOWN_IMPORT, format!("{file} declares no `{}`", wanted.name.name))
                    .label(wanted.name.span, "not found there")
                    .help(help),
            );
            return;
        };
        let local = wanted.local();
        match self.modules.lookup(id, &local.name) {
            Some(first) => self.diagnostics.push(duplicate(&local.name, local.span, first.span)),
            None => {
                let entry = Entry { item: entry.item, span: local.span, imported: true };
                self.modules.list[id.0].names.insert(local.name.clone(), entry);
            }
        }
    }
}

fn duplicate(name: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::error(Code::DUPLICATE_NAME, format!("`{name}` is declared twice"))
        .label(again, "again here")
        .label(first, "first here")
        .help("rename one of them, or take it in under another name: `use \"file.arch\".{name as other}`")
}
