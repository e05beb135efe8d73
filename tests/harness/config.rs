//! Where the programs under test are: the one file of the harness that reads the environment.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// `$WEIR_REDIS_SERVER`, of Redis or Valkey, else the `redis-server` of the `PATH`.
pub fn redis_server() -> PathBuf {
    variable("WEIR_REDIS_SERVER").map_or_else(|| "redis-server".into(), PathBuf::from)
}

/// `$WEIR_MODULE`, else the module that `make build` leaves in the workspace.
///
/// # Panics
/// When the module has not been built: no test of it can say anything then.
pub fn module() -> PathBuf {
    built("WEIR_MODULE", "libweir.so")
}

/// `$WEIR_PROGRAM`, else the `weir` that `make build` leaves in the workspace.
///
/// # Panics
/// When the program has not been built.
pub fn program() -> PathBuf {
    built("WEIR_PROGRAM", "weir")
}

fn built(name: &str, file: &str) -> PathBuf {
    let path = variable(name).map_or_else(|| release_directory().join(file), PathBuf::from);
    assert!(
        path.is_file(),
        "{} is missing: run `make build`, or name another one in {name}",
        path.display()
    );
    path
}

fn release_directory() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = package.parent().expect("the package is in the workspace");
    workspace.join("target/release")
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
