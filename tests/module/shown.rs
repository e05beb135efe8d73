//! Replies as `redis-cli` prints them.

use harness::Reply;

/// The lines of a reply.
pub(crate) fn shown(reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Nil => vec!["(nil)".into()],
        Reply::Int(value) => vec![format!("(integer) {value}")],
        Reply::Status(text) => vec![text.clone()],
        Reply::Text(bytes) => vec![quoted(bytes)],
        Reply::Error(line) => vec![format!("(error) {line}")],
        Reply::Array(items) if items.is_empty() => vec!["(empty array)".into()],
        Reply::Array(items) => numbered(items),
        Reply::Double(_) | Reply::Bool(_) | Reply::Map(_) | Reply::Push(_) => {
            panic!("RESP2 has no {reply:?}")
        }
    }
}

/// Each item behind its number, further lines of it indented as far.
fn numbered(items: &[Reply]) -> Vec<String> {
    let width = items.len().to_string().len();
    let item = |(number, reply): (usize, &Reply)| {
        let heads = std::iter::once(format!("{number:width$}) "));
        let blanks = std::iter::repeat_with(move || " ".repeat(width + 2));
        let lines = heads.chain(blanks).zip(shown(reply));
        lines.map(|(head, line)| head + &line).collect::<Vec<_>>()
    };
    (1..).zip(items).flat_map(item).collect()
}

fn quoted(bytes: &[u8]) -> String {
    let escaped: String = bytes
        .iter()
        .map(|byte| match byte {
            b'"' => "\\\"".to_owned(),
            b'\\' => "\\\\".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            b'\t' => "\\t".to_owned(),
            7 => "\\a".to_owned(),
            8 => "\\b".to_owned(),
            b' '..=b'~' => char::from(*byte).to_string(),
            other => format!("\\x{other:02x}"),
        })
        .collect();
    format!("\"{escaped}\"")
}

#[test]
fn replies_look_as_redis_cli_prints_them() {
    let ten: Vec<Reply> = (0..9).map(Reply::Int).chain([Reply::Nil]).collect();
    let nested = Reply::Array(vec![Reply::from([1, 2]), Reply::Array(Vec::new())]);
    for (reply, lines) in [
        (Reply::Status("OK".into()), &["OK"][..]),
        (Reply::Error("ERR no".into()), &["(error) ERR no"]),
        (Reply::from(b"a\"\xff\n".as_slice()), &[r#""a\"\xff\n""#]),
        (
            nested,
            &["1) 1) (integer) 1", "   2) (integer) 2", "2) (empty array)"],
        ),
    ] {
        assert_eq!(shown(&reply), lines);
    }
    let ten = shown(&Reply::Array(ten));
    assert_eq!(
        (ten[0].as_str(), ten[9].as_str()),
        (" 1) (integer) 0", "10) (nil)")
    );
}
