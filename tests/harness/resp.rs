//! The wire, RESP2 and RESP3. Written out here because the tests compare what the server really sends:
//! client libraries take error lines apart, and fold the kinds of strings and nils into one.

use std::io::{self, BufRead};

use crate::reply::Reply;

/// The bytes of one command.
pub fn encode(arguments: &[Vec<u8>]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        out.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Reads one reply. `InvalidData` when it is not RESP, `UnexpectedEof` when the server has gone.
pub fn decode(from: &mut impl BufRead) -> io::Result<Reply> {
    let line = line(from)?;
    let (kind, rest) = line
        .split_at_checked(1)
        .ok_or_else(|| invalid("an empty line"))?;
    Ok(match kind {
        "+" => Reply::Status(rest.into()),
        "-" => Reply::Error(rest.into()),
        "(" => Reply::Text(rest.into()),
        ":" => Reply::Int(number(rest)?),
        "," => Reply::Double(number(rest)?),
        "#" => Reply::Bool(rest == "t"),
        "_" => Reply::Nil,
        "$" | "*" if rest == "-1" => Reply::Nil,
        "$" => Reply::Text(bulk(from, number(rest)?)?),
        "=" => Reply::Text(bulk(from, number(rest)?)?.split_off("txt:".len())),
        "!" => Reply::Error(String::from_utf8_lossy(&bulk(from, number(rest)?)?).into()),
        "*" | "~" => Reply::Array(items(from, number(rest)?)?),
        ">" => Reply::Push(items(from, number(rest)?)?),
        "%" => Reply::Map(pairs(from, number(rest)?)?),
        "|" => {
            pairs(from, number(rest)?)?;
            decode(from)?
        }
        _ => return Err(invalid(&line)),
    })
}

/// A line without its end. Error lines may quote any byte, so what is not UTF-8 is replaced.
fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.read_until(b'\n', &mut bytes)?;
    match bytes.strip_suffix(b"\r\n") {
        Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> io::Result<T> {
    text.parse().map_err(|_| invalid(text))
}

fn bulk(from: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length + 2];
    from.read_exact(&mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

fn items(from: &mut impl BufRead, count: usize) -> io::Result<Vec<Reply>> {
    (0..count).map(|_| decode(from)).collect()
}

fn pairs(from: &mut impl BufRead, count: usize) -> io::Result<Vec<(Reply, Reply)>> {
    (0..count)
        .map(|_| Ok((decode(from)?, decode(from)?)))
        .collect()
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a reply: {what:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(wire: &[u8]) -> Reply {
        decode(&mut &*wire).unwrap()
    }

    #[test]
    fn every_kind_of_reply_is_understood() {
        let table: [(&[u8], Reply); 13] = [
            (b"+OK\r\n", Reply::Status("OK".into())),
            (b"-ERR no\r\n", Reply::Error("ERR no".into())),
            (b"!6\r\nERR no\r\n", Reply::Error("ERR no".into())),
            (b":-7\r\n", Reply::Int(-7)),
            (b"$-1\r\n", Reply::Nil),
            (b"*-1\r\n", Reply::Nil),
            (b"_\r\n", Reply::Nil),
            (b"$4\r\na\r\nb\r\n", Reply::Text(b"a\r\nb".to_vec())),
            (b"=6\r\ntxt:ab\r\n", Reply::from("ab")),
            (b",1.5\r\n", Reply::Double(1.5)),
            (b"#t\r\n", Reply::Bool(true)),
            (b">1\r\n:1\r\n", Reply::Push(vec![Reply::Int(1)])),
            (
                b"%1\r\n+a\r\n*2\r\n:1\r\n:2\r\n",
                Reply::Map(vec![(Reply::Status("a".into()), Reply::from([1, 2]))]),
            ),
        ];
        for (wire, reply) in table {
            assert_eq!(decoded(wire), reply, "{}", wire.escape_ascii());
        }
    }

    #[test]
    fn a_connection_that_ends_inside_a_reply_is_an_error() {
        let ended = decode(&mut &b"*2\r\n:1\r\n"[..]).unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::UnexpectedEof);
    }
}
