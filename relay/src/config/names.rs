//! What names of models in `weir.toml` may be, and what ids may be.

use std::collections::BTreeMap;

use toml::Spanned;

use super::{AccountKind, ConfigError, Price, file::Source};

const LONGEST_MODEL: usize = 200;

/// What stands before a `=` may also be the end of a credential.
pub(super) fn is_name(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !key.is_empty() && key.bytes().all(allowed)
}

/// Ids become part of Redis keys and of commands.
pub(super) fn check_id(source: &Source<'_>, id: &Spanned<String>) -> Result<(), ConfigError> {
    let text = id.get_ref();
    if (1..=64).contains(&text.len()) && is_name(text) {
        return Ok(());
    }
    let why = "a name is 1 to 64 letters, digits, `-` and `_`";
    Err(source.error(id.span().start, why))
}

/// From what callers say to what the upstream says; a `*` may end both.
pub(super) fn models(
    source: &Source<'_>,
    kind: AccountKind,
    models: BTreeMap<Spanned<String>, Spanned<String>>,
) -> Result<Vec<(String, String)>, ConfigError> {
    for (name, called) in &models {
        let of_path = kind == AccountKind::Gemini;
        check_model(name.get_ref(), of_path).map_err(|why| source.error(name.span().start, why))?;
        let at = called.span().start;
        check_model(called.get_ref(), of_path).map_err(|why| source.error(at, why))?;
        if called.get_ref().ends_with('*') && !name.get_ref().ends_with('*') {
            return Err(source.error(at, "only what begins with `*` at its end can keep the rest"));
        }
    }
    Ok(plain(models))
}

/// From one name of a model to another.
pub(super) fn aliases(
    source: &Source<'_>,
    aliases: &BTreeMap<Spanned<String>, Spanned<String>>,
) -> Result<Vec<(String, String)>, ConfigError> {
    for name in aliases.iter().flat_map(|(alias, model)| [alias, model]) {
        let text = name.get_ref();
        let fits = check_model(text, false).and_then(|()| match text.contains('*') {
            true => Err("an alias is one whole name"),
            false => Ok(()),
        });
        fits.map_err(|why| source.error(name.span().start, why))?;
    }
    Ok(plain(aliases.clone()))
}

/// Of models by name, or by what they begin with.
pub(super) fn prices(
    source: &Source<'_>,
    prices: BTreeMap<Spanned<String>, Price>,
) -> Result<Vec<(String, Price)>, ConfigError> {
    let checked = prices.into_iter().map(|(name, price)| {
        check_model(name.get_ref(), false).map_err(|why| source.error(name.span().start, why))?;
        Ok((name.into_inner(), price))
    });
    checked.collect()
}

fn plain(names: BTreeMap<Spanned<String>, Spanned<String>>) -> Vec<(String, String)> {
    let names = names.into_iter();
    names
        .map(|(name, called)| (name.into_inner(), called.into_inner()))
        .collect()
}

/// Names are put into the bodies and, by Gemini's API, into the paths of requests.
fn check_model(name: &str, of_path: bool) -> Result<(), &'static str> {
    let fits = |byte: u8| match of_path {
        true => byte.is_ascii_alphanumeric() || b"-._".contains(&byte),
        false => byte.is_ascii_graphic() && !b"\"\\*".contains(&byte),
    };
    let beginning = name.strip_suffix('*').unwrap_or(name);
    match (1..=LONGEST_MODEL).contains(&name.len()) && beginning.bytes().all(fits) {
        true => Ok(()),
        false => {
            Err("a model is named by 1 to 200 visible characters, without quotes; a `*` may end it")
        }
    }
}
