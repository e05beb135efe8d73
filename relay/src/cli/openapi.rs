//! `weir openapi`: the document of the operators' API, without a relay that serves it.

use crate::operators::document::document;

pub(super) fn run() -> anyhow::Result<()> {
    println!("{}", document().to_pretty_json()?);
    Ok(())
}
