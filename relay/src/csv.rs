//! Values in lines of comma-separated values. <https://www.rfc-editor.org/rfc/rfc4180>

pub(crate) fn word(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
