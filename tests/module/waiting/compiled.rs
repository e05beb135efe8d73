//! Small C sources that a test needs beside the server, compiled when it runs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles a source into a shared object in the directory, where the source is called `name`.
///
/// # Panics
/// When the compiler is missing, which `tests/setup.sh` sees to, or refuses the source.
#[track_caller]
pub(crate) fn shared_object(dir: &Path, name: &str, source: &str) -> PathBuf {
    let written = dir.join(name).with_extension("c");
    std::fs::write(&written, source).expect("the directory can be written");
    let object = dir.join(name).with_extension("so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .args([&object, &written])
        .output()
        .expect("there is a C compiler");
    let said = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{said}");
    object
}
