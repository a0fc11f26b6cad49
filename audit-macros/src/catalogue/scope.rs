//! Where in a crate an item stands.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;

use super::names::Name;

/// What an item knows of what is around it.
#[derive(Clone, Default)]
pub(super) struct Scope {
    /// Modules, types and functions, from the root on.
    pub(super) path: Vec<Name>,
    /// Under which conditions all of it is compiled.
    pub(super) conditions: Vec<String>,
    /// What the `impl` block says for its methods.
    pub(super) defaults: Option<TokenStream>,
    /// Where the files of modules are, by their names.
    modules: PathBuf,
    /// Where they are, by `#[path]`.
    by_path: PathBuf,
}

impl Scope {
    /// The top of a file. A file that gives its folder its name has its modules beside it.
    pub(super) fn of_file(&self, file: &Path, gives_its_name: bool) -> Self {
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let modules = if gives_its_name {
            folder.clone()
        } else {
            file.with_extension("")
        };
        Self {
            modules,
            by_path: folder,
            ..self.clone()
        }
    }

    /// Inside of something with a name.
    pub(super) fn inside(&self, name: impl Into<Name>) -> Self {
        let mut inner = self.under(&[]);
        inner.path.push(name.into());
        inner
    }

    /// Inside of a module that is written where it is declared.
    pub(super) fn inside_module(&self, name: String) -> Self {
        let modules = self.modules.join(&name);
        Self {
            by_path: modules.clone(),
            modules,
            ..self.inside(name)
        }
    }

    /// The same place, under more conditions.
    pub(super) fn under(&self, conditions: &[String]) -> Self {
        let mut inner = self.clone();
        inner.defaults = None;
        inner.conditions.extend_from_slice(conditions);
        inner
    }

    /// All of this place, under the conditions that stand at its top.
    pub(super) fn narrowed(&self, conditions: Vec<String>) -> Self {
        let mut inner = self.clone();
        inner.conditions.extend(conditions);
        inner
    }

    /// Where the file of a module may be.
    pub(super) fn files_of(&self, name: &str, path: Option<&str>) -> Vec<PathBuf> {
        match path {
            Some(path) => vec![self.by_path.join(path)],
            None => vec![
                self.modules.join(format!("{name}.rs")),
                self.modules.join(name).join("mod.rs"),
            ],
        }
    }
}
