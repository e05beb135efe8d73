//! Every type, every cut, and what is no RESP.

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    prop_assert_eq, proptest,
};

use super::*;

/// All that comes of the bytes when they arrive cut at these places, until they are used up or mean nothing.
fn arriving(bytes: &[u8], cuts: &[usize]) -> (Vec<Incoming>, bool) {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.push(bytes.len());
    cuts.sort_unstable();
    let (mut parser, mut taken, mut come) = (Parser::default(), 0, Vec::new());
    for cut in cuts {
        let mut left = &bytes[taken..cut];
        loop {
            match parser.next(&mut left) {
                Ok(Some(incoming)) => come.push(incoming),
                Ok(None) => break,
                Err(Malformed) => return (come, false),
            }
        }
        taken = cut - left.len();
    }
    (come, true)
}

fn whole(bytes: &[u8]) -> Vec<Incoming> {
    let (come, fine) = arriving(bytes, &[]);
    assert!(fine, "{:?}", bytes.escape_ascii().to_string());
    come
}

fn reply(bytes: &[u8]) -> Reply {
    match whole(bytes).pop() {
        Some(Incoming::Reply(reply)) => reply,
        other => panic!("{other:?}"),
    }
}

fn text(of: &'static str) -> Reply {
    Reply::Text(Bytes::from_static(of.as_bytes()))
}

#[test]
fn every_type_of_resp_3_is_read() {
    let ints = |of: &[i64]| Reply::List(of.iter().copied().map(Reply::Int).collect());
    for (bytes, expected) in [
        ("+OK\r\n", text("OK")),
        ("-ERR no\r\n", Reply::Error("ERR no".into())),
        (":-12\r\n", Reply::Int(-12)),
        ("$3\r\na\r\n\r\n", text("a\r\n")),
        ("$-1\r\n", Reply::Nil),
        ("*-1\r\n", Reply::Nil),
        ("_\r\n", Reply::Nil),
        ("#t\r\n", Reply::Bool(true)),
        (",1.5\r\n", Reply::Double(1.5)),
        (",-inf\r\n", Reply::Double(f64::NEG_INFINITY)),
        ("(12345678901234567890\r\n", text("12345678901234567890")),
        ("!5\r\nERR x\r\n", Reply::Error("ERR x".into())),
        ("=7\r\ntxt:abc\r\n", text("abc")),
        ("*2\r\n:1\r\n:2\r\n", ints(&[1, 2])),
        ("*0\r\n", ints(&[])),
        ("~1\r\n:1\r\n", ints(&[1])),
        ("%1\r\n:1\r\n:2\r\n", ints(&[1, 2])),
        (
            "*2\r\n*0\r\n*1\r\n_\r\n",
            Reply::List(vec![ints(&[]), Reply::List(vec![Reply::Nil])]),
        ),
        ("|1\r\n+k\r\n+v\r\n:1\r\n", Reply::Int(1)),
        ("*1\r\n|1\r\n+k\r\n*1\r\n:3\r\n:1\r\n", ints(&[1])),
    ] {
        assert_eq!(reply(bytes.as_bytes()), expected, "{bytes:?}");
    }
}

#[test]
fn what_is_pushed_comes_between_replies() {
    let come = whole(b":1\r\n>2\r\n+smessage\r\n*1\r\n:5\r\n:2\r\n");
    let push = vec![text("smessage"), Reply::List(vec![Reply::Int(5)])];
    let int = |number| Incoming::Reply(Reply::Int(number));
    assert_eq!(come, [int(1), Incoming::Push(push), int(2)]);
}

#[test]
fn what_is_no_resp_or_beyond_bounds_is_refused() {
    let deep = "*1\r\n".repeat(DEEPEST + 1);
    let endless = format!("+{}", "x".repeat(LONGEST_LINE));
    let many = format!("*{}\r\n", LONGEST_LIST + 1);
    let large = format!("${}\r\n", LARGEST + 1);
    for bytes in [
        "HTTP/1.1 200 OK\r\n",
        "\r\n",
        ":1\n",
        ":x\r\n",
        ":9223372036854775808\r\n",
        "$1\r\nabc",
        "$-2\r\n",
        "*1\r\n>1\r\n:1\r\n",
        ">0\r\n",
        "#x\r\n",
        "=3\r\ntxt\r\n",
        &deep,
        &endless,
        &many,
        &large,
    ] {
        assert!(!arriving(bytes.as_bytes(), &[]).1, "{bytes:.50?}");
    }
}

#[test]
fn replies_of_any_number_are_not_one_large_reply() {
    let half = format!("${}\r\n{}\r\n", LARGEST / 2, "x".repeat(LARGEST / 2));
    assert_eq!(whole(half.repeat(3).as_bytes()).len(), 3);
    assert!(!arriving(format!("*3\r\n{}", half.repeat(3)).as_bytes(), &[]).1);
}

/// Any reply, and how it looks on the wire.
fn replies() -> impl Strategy<Value = Reply> {
    let leaf = prop_oneof![
        Just(Reply::Nil),
        any::<i64>().prop_map(Reply::Int),
        any::<bool>().prop_map(Reply::Bool),
        any::<i32>().prop_map(|number| Reply::Double(number.into())),
        vec(any::<u8>(), 0..9).prop_map(|bytes| Reply::Text(bytes.into())),
        "[A-Z]{1,5} [ -~]{0,5}".prop_map(|text| Reply::Error(text.into())),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| vec(inner, 0..5).prop_map(Reply::List))
}

fn spell(reply: &Reply, into: &mut Vec<u8>) {
    let text = match reply {
        Reply::Nil => "_".to_owned(),
        Reply::Int(number) => format!(":{number}"),
        Reply::Bool(true) => "#t".to_owned(),
        Reply::Bool(false) => "#f".to_owned(),
        Reply::Double(number) => format!(",{number}"),
        Reply::Text(bytes) => format!("${}", bytes.len()),
        Reply::Error(text) => format!("-{text}"),
        Reply::List(items) => format!("*{}", items.len()),
    };
    into.extend_from_slice(text.as_bytes());
    into.extend_from_slice(b"\r\n");
    match reply {
        Reply::Text(bytes) => {
            into.extend_from_slice(bytes);
            into.extend_from_slice(b"\r\n");
        }
        Reply::List(items) => items.iter().for_each(|item| spell(item, into)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn a_reply_is_read_as_it_was_written_however_it_is_cut(
        replies in vec(replies(), 1..5),
        cuts in vec(any::<usize>(), 0..20),
    ) {
        let mut bytes = Vec::new();
        replies.iter().for_each(|reply| spell(reply, &mut bytes));
        let expected: Vec<_> = replies.into_iter().map(Incoming::Reply).collect();
        prop_assert_eq!(arriving(&bytes, &cuts), (expected, true));
    }

    #[test]
    fn any_bytes_cut_anywhere_read_the_same(
        pieces in vec(prop_oneof![
            "[-+:$*%~>|=!_#,(][0-3]?",
            Just("\r\n".to_owned()),
            "[a-z0-9]{1,3}",
        ], 0..30),
        cuts in vec(any::<usize>(), 0..20),
    ) {
        let bytes = pieces.concat().into_bytes();
        prop_assert_eq!(arriving(&bytes, &cuts), arriving(&bytes, &[]));
    }
}
