//! The files that a crate's modules hang from.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A file that is compiled by itself.
#[derive(Debug, PartialEq)]
pub(super) struct Root {
    pub(super) file: PathBuf,
    /// Told apart by this where a folder holds several programs.
    pub(super) program: Option<String>,
}

/// The roots in a folder, as cargo finds them, or the one that a file is.
pub(super) fn find(package: &Path, named: &str) -> Result<Vec<Root>, String> {
    let place = package.join(named);
    if place.is_file() {
        let program = None;
        return Ok(vec![Root {
            file: place,
            program,
        }]);
    }
    if !place.is_dir() {
        return Err(format!(
            "`{named}` is no folder or file of this package: name one that is, such as `action_catalogue!(\"examples/desk\")`"
        ));
    }
    let mut roots = Vec::new();
    for name in ["lib.rs", "main.rs"] {
        let file = place.join(name);
        if file.is_file() {
            let program = None;
            roots.push(Root { file, program });
        }
    }
    let programs = programs(&place.join("bin"));
    roots.extend(programs.map_err(|error| format!("`{named}/bin` cannot be read: {error}"))?);
    if roots.is_empty() {
        return Err(format!(
            "`{named}` has no `lib.rs`, no `main.rs` and no `bin`: name the folder or the file that the modules hang from"
        ));
    }
    Ok(roots)
}

/// `bin/*.rs` and `bin/*/main.rs`.
fn programs(folder: &Path) -> io::Result<Vec<Root>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut roots = Vec::new();
    for found in fs::read_dir(folder)? {
        let path = found?.path();
        let program = path
            .file_stem()
            .map(|name| name.to_string_lossy().into_owned());
        let main = path.join("main.rs");
        if main.is_file() {
            roots.push(Root {
                file: main,
                program,
            });
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            roots.push(Root {
                file: path,
                program,
            });
        }
    }
    roots.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(roots)
}
