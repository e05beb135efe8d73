//! Values in lines of comma-separated values. <https://www.rfc-editor.org/rfc/rfc4180> A name that a spreadsheet would take
//! for a formula stands behind a `'`: callers choose what models are called, and operators open such a table.
//! <https://owasp.org/www-community/attacks/CSV_Injection>

/// With the wide forms that spreadsheets take for the same.
const BEGIN_FORMULAS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// Some spreadsheets take a semicolon or a tab for the comma.
const SEPARATE: [char; 6] = [',', ';', '\t', '"', '\n', '\r'];

pub(crate) fn word(text: &str) -> String {
    let inert = match text.starts_with(BEGIN_FORMULAS) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match inert.contains(SEPARATE) {
        true => format!("\"{}\"", inert.replace('"', "\"\"")),
        false => inert,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_value_of_its_line_whatever_it_holds() {
        for (text, written) in [
            ("", ""),
            ("claude-opus-5-5", "claude-opus-5-5"),
            ("a=b", "a=b"),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\r\nb", "\"a\r\nb\""),
        ] {
            assert_eq!(word(text), written, "{text:?}");
        }
    }

    #[test]
    fn no_word_begins_a_formula() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            (
                "=HYPERLINK(\"x\",\"y\")",
                "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"",
            ),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("＝1", "'＝1"),
        ] {
            assert_eq!(word(text), written, "{text:?}");
        }
    }
}
