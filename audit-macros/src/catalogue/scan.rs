//! Walks through the modules of a crate and finds what is annotated.
//!
//! Items are told apart by their first keyword and nothing is parsed that is not annotated: what syn does not know cannot be
//! in the way, and functions inside of functions are found as well. What is passed to a macro is left alone.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::ext::IdentExt;

use super::{
    attributes::{Annotation, Attributes},
    names::Name,
    roots::Root,
    scope::Scope,
};
use crate::action::{Row, is, is_punct};

/// A row, and what is known of where it stands.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed {
    pub(super) row: Row,
    /// `module::Type::function`.
    pub(super) path: Name,
    pub(super) conditions: Vec<String>,
    /// What is listed twice is one function where it stands in one place.
    pub(super) place: Place,
}

/// The file, and the how-many-th annotation it is in there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(PathBuf, usize);

pub(super) struct Scan {
    package: PathBuf,
    pub(super) found: Vec<Listed>,
    pub(super) files: Vec<PathBuf>,
    pub(super) errors: Vec<String>,
    /// The files that are being read: one that is among them declares itself.
    open: Vec<PathBuf>,
    /// The next annotation in the file that is being read.
    next: Place,
}

impl Scan {
    pub(super) fn new(package: &Path) -> Self {
        Self {
            package: package.to_owned(),
            found: Vec::new(),
            files: Vec::new(),
            errors: Vec::new(),
            open: Vec::new(),
            next: Place::default(),
        }
    }

    pub(super) fn root(&mut self, root: &Root) {
        let mut scope = Scope::default();
        scope.path.extend(root.program.clone().map(Name::from));
        self.file(&root.file, &scope, true);
    }

    fn file(&mut self, file: &Path, scope: &Scope, gives_its_name: bool) {
        if self.open.iter().any(|open| open == file) {
            return;
        }
        self.files.push(file.to_owned());
        match fs::read_to_string(file) {
            Ok(text) => {
                self.open.push(file.to_owned());
                // One file may be reached by several paths.
                let real = file.canonicalize().unwrap_or_else(|_| file.to_owned());
                let outer = std::mem::replace(&mut self.next, Place(real, 0));
                self.text(&text, &scope.of_file(file, gives_its_name));
                self.next = outer;
                self.open.pop();
            }
            Err(error) => self.wrong(file, &format!("cannot be read: {error}")),
        }
    }

    pub(super) fn text(&mut self, text: &str, scope: &Scope) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let is_script = text.starts_with("#!") && !text.starts_with("#![");
        let code = if is_script {
            text.split_once('\n').map_or("", |(_, code)| code)
        } else {
            text
        };
        match code.parse::<TokenStream>() {
            Ok(tokens) => self.level(tokens, scope),
            Err(_) => self.wrong_here("cannot be read as Rust"),
        }
    }

    /// Cuts tokens into items and statements.
    fn level(&mut self, tokens: TokenStream, scope: &Scope) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let (conditions, tokens) = Attributes::of_all(&tokens);
        let scope = &scope.narrowed(conditions);
        let mut item = Vec::new();
        for token in tokens {
            let ends = braces(token).is_some() || is_punct(token, ';');
            item.push(token.clone());
            if ends && self.item(&item, scope, false) {
                item.clear();
            }
        }
        if !item.is_empty() {
            self.item(&item, scope, true);
        }
    }

    /// Whether the item was whole.
    fn item(&mut self, tokens: &[TokenTree], scope: &Scope, is_last: bool) -> bool {
        let (attributes, item) = Attributes::split(tokens);
        let inner = scope.under(&attributes.conditions);
        let kind = Kind::of(item);
        if !is_last && !matches!(kind, Kind::Other) && is_half(item) {
            return false;
        }
        match kind {
            Kind::Function(name) => {
                let inside = inner.inside(name);
                for annotation in &attributes.actions {
                    self.action(annotation, item, scope.defaults.as_ref(), &inside);
                }
                if let Some(body) = item.last().and_then(braces) {
                    self.level(body.stream(), &inside);
                }
            }
            Kind::Module(name) => self.module(name, item, &attributes, &inner),
            Kind::Named(name) => {
                if let Some(body) = item.last().and_then(braces) {
                    let mut inner = inner.inside(name);
                    let block = attributes.actions.into_iter().next();
                    inner.defaults = block.map(|block| block.words);
                    self.level(body.stream(), &inner);
                }
            }
            Kind::Other => {
                for (at, token) in item.iter().enumerate() {
                    if let TokenTree::Group(group) = token
                        && !is_macro_input(item.get(..at).unwrap_or_default())
                    {
                        self.level(group.stream(), &inner);
                    }
                }
            }
        }
        true
    }

    fn module(&mut self, name: String, item: &[TokenTree], attributes: &Attributes, scope: &Scope) {
        if let Some(body) = item.last().and_then(braces) {
            return self.level(body.stream(), &scope.inside_module(name));
        }
        let files = scope.files_of(&name, attributes.path.as_deref());
        let Some(file) = files.iter().find(|file| file.is_file()) else {
            // What is not compiled need not be there.
            if scope.conditions.is_empty() && !attributes.may_lie_elsewhere {
                self.wrong_here(&format!("the file of `mod {name};` was not found"));
            }
            return;
        };
        let is_folder = attributes.path.is_some() || file.ends_with("mod.rs");
        self.file(file, &scope.inside(name), is_folder);
    }

    fn action(
        &mut self,
        annotation: &Annotation,
        item: &[TokenTree],
        defaults: Option<&TokenStream>,
        scope: &Scope,
    ) {
        self.next.1 += 1;
        // `impl` blocks hand nothing down to what is in `cfg_attr`.
        let defaults = defaults.filter(|_| annotation.condition.is_none());
        match Row::read(defaults, &annotation.words, tokens_of(item)) {
            Ok(Some(row)) => {
                let mut conditions = scope.conditions.clone();
                conditions.extend(annotation.condition.clone());
                self.found.push(Listed {
                    row,
                    path: Name::joined(&scope.path),
                    conditions,
                    place: self.next.clone(),
                });
            }
            // What is wrong with its block is said there, by the attribute.
            Ok(None) => {}
            Err(errors) => {
                let path = Name::joined(&scope.path);
                for error in errors {
                    self.wrong_here(&format!("in `{path}`: {error}"));
                }
            }
        }
    }

    /// Something is wrong in the file that is being read.
    fn wrong_here(&mut self, message: &str) {
        let file = self.open.last().cloned().unwrap_or_default();
        self.wrong(&file, message);
    }

    fn wrong(&mut self, file: &Path, message: &str) {
        let file = file.strip_prefix(&self.package).unwrap_or(file);
        self.errors.push(format!("{}: {message}", file.display()));
    }
}

enum Kind {
    Function(Name),
    Module(String),
    /// A trait or an `impl` block.
    Named(Name),
    Other,
}

impl Kind {
    /// By the first keyword that begins one.
    fn of(item: &[TokenTree]) -> Self {
        for (at, token) in item.iter().enumerate() {
            let name = || match item.get(at + 1) {
                Some(TokenTree::Ident(name)) => Some(name.unraw().to_string()),
                _ => None,
            };
            let kind = if is(token, "fn") {
                name().map(|name| Self::Function(name.into()))
            } else if is(token, "mod") {
                name().map(Self::Module)
            } else if is(token, "trait") {
                name().map(|name| Self::Named(name.into()))
            } else if is(token, "impl") {
                return Self::Named(Name::of_block(&header(item)));
            } else {
                None
            };
            if let Some(kind) = kind {
                return kind;
            }
        }
        Self::Other
    }
}

/// Whether the braces at the end are those of `Bits<{ N }>`, in a signature or in the header of a block: there, they stand between
/// `<` and `>` only. What syn does not know is no less whole.
fn is_half(item: &[TokenTree]) -> bool {
    if item.last().and_then(braces).is_none() {
        return false;
    }
    let mut depth = 0_usize;
    let mut is_arrow = false;
    for token in item {
        if is_punct(token, '<') {
            depth += 1;
        } else if is_punct(token, '>') && !is_arrow {
            depth = depth.saturating_sub(1);
        }
        is_arrow = is_punct(token, '-');
    }
    depth > 0
}

/// The item without its body.
fn header(item: &[TokenTree]) -> TokenStream {
    match item {
        [header @ .., last] if braces(last).is_some() => tokens_of(header),
        _ => tokens_of(item),
    }
}

/// Whether what follows these tokens is passed to a macro: `name!` or `macro_rules! name`.
fn is_macro_input(before: &[TokenTree]) -> bool {
    const KEYWORDS: [&str; 8] = [
        "if", "while", "match", "return", "in", "else", "break", "move",
    ];
    let is_name = |token: &TokenTree| {
        matches!(token, TokenTree::Ident(_)) && !KEYWORDS.iter().any(|word| is(token, word))
    };
    match before {
        [.., name, bang] if is_punct(bang, '!') => is_name(name),
        [.., name, bang, TokenTree::Ident(_)] => is_punct(bang, '!') && is_name(name),
        _ => false,
    }
}

fn tokens_of(item: &[TokenTree]) -> TokenStream {
    item.iter().cloned().collect()
}

fn braces(token: &TokenTree) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
        _ => None,
    }
}
