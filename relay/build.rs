//! Says when the program is to be built again: when the pages in it were.

use std::path::Path;

const PAGES: &str = "web/dist";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for folder in [PAGES, "web"] {
        if Path::new(folder).is_dir() {
            println!("cargo::rerun-if-changed={folder}");
            return;
        }
    }
}
