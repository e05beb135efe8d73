//! Lines as one types them into `redis-cli`: words, and quoted words that hold any byte.

/// The words of a line. `"\x00\r\n"` holds escapes, `'…'` none but `\'`.
///
/// # Panics
/// When a quote is not closed.
#[track_caller]
pub(crate) fn typed(line: &str) -> Vec<Vec<u8>> {
    let mut rest = line.trim_start().as_bytes();
    let mut words = Vec::new();
    while let Some(first) = rest.first() {
        let (word, after) = match first {
            b'"' => double_quoted(&rest[1..]),
            b'\'' => single_quoted(&rest[1..]),
            _ => plain(rest),
        };
        words.push(word);
        rest = after.trim_ascii_start();
    }
    words
}

fn plain(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let end = text.iter().position(u8::is_ascii_whitespace);
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    (word.to_vec(), rest)
}

#[track_caller]
fn single_quoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut word = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [b'\'', after @ ..] => return (word, after),
            [b'\\', b'\'', after @ ..] => {
                word.push(b'\'');
                rest = after;
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
            [] => panic!("no closing ' in {}", text.escape_ascii()),
        }
    }
}

#[track_caller]
fn double_quoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut word = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [b'"', after @ ..] => return (word, after),
            [b'\\', b'x', high, low, after @ ..] => {
                word.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            [b'\\', letter, after @ ..] => {
                word.push(escape(*letter));
                rest = after;
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
            [] => panic!("no closing \" in {}", text.escape_ascii()),
        }
    }
}

fn escape(letter: u8) -> u8 {
    match letter {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 7,
        b'b' => 8,
        other => other,
    }
}

#[track_caller]
fn hex(digit: u8) -> u8 {
    let value = char::from(digit).to_digit(16).expect("a hex digit");
    u8::try_from(value).expect("a digit is below 16")
}

#[test]
fn words_are_read_as_redis_cli_reads_them() {
    for (line, words) in [
        ("", &[][..]),
        ("  GET   k ", &[&b"GET"[..], b"k"]),
        (r#"SET k "a b" '' "" "#, &[b"SET", b"k", b"a b", b"", b""]),
        (
            r#""\x00\xfF" "\r\n\t\"\\" '\'\x00'"#,
            &[b"\x00\xff", b"\r\n\t\"\\", b"'\\x00"],
        ),
    ] {
        assert_eq!(typed(line), words, "{line}");
    }
}
