//! Spoils a line that was right: words fall out, come twice, change places or become others.

use super::Line;
use harness::Draw;

const NASTY: [&[u8]; 28] = [
    b"",
    b"0",
    b"1",
    b"-1",
    b"00",
    b"+1",
    b"1.5",
    b" 1",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775808",
    b"99999999999999999999",
    b"2592000001",
    b"PX",
    b"EX",
    b"ANY",
    b"ALL",
    b"LIMIT",
    b"NOTIFY",
    b"FLOW",
    b"WEIGHT",
    b"PATIENCE",
    b"PREFER",
    b"COUNT",
    b"\xff\xfe",
    b"a\0b",
    b"%s%n",
    b"\r\n$5\r\n",
];

pub(super) fn line(draw: &mut Draw, mut line: Line) -> Line {
    for _ in 0..draw.one_of(&[1, 1, 1, 2, 3]) {
        let last = i64::try_from(line.len() - 1).expect("no line is that long");
        if last < 1 {
            return line;
        }
        let at = usize::try_from(draw.between(1, last)).expect("drawn from 1 up");
        match draw.between(1, 7) {
            1 => drop(line.remove(at)),
            2 => line.insert(at, line[at].clone()),
            3 => line.swap(1, at),
            4 => line[at] = nasty(draw),
            5 => line.insert(at, nasty(draw)),
            6 => line[at] = line[at].to_ascii_lowercase(),
            _ => line.truncate(at + 1),
        }
    }
    line
}

fn nasty(draw: &mut Draw) -> Vec<u8> {
    match draw.between(1, 20) {
        1 => vec![b'x'; 512],
        2 => vec![b'x'; 513],
        3 => b"s-".repeat(4_097),
        4 => vec![b'v'; 65_537],
        _ => draw.one_of(&NASTY).to_vec(),
    }
}
