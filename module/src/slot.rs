//! The slot of a Cluster in which a key or a shard channel lies: CRC16 of it, or of its hash tag. Pure.
//! Servers before 7.2 do not tell a module.

const SLOTS: u16 = 16_384;

pub(crate) fn of(name: &[u8]) -> u16 {
    crc16(hashed(name)) % SLOTS
}

/// What stands between the first `{` and the next `}`, unless that is nothing.
fn hashed(name: &[u8]) -> &[u8] {
    let Some(open) = name.iter().position(|byte| *byte == b'{') else {
        return name;
    };
    let tag = &name[open + 1..];
    match tag.iter().position(|byte| *byte == b'}') {
        None | Some(0) => name,
        Some(close) => &tag[..close],
    }
}

/// CRC-16/XMODEM, as the Cluster specification says.
fn crc16(bytes: &[u8]) -> u16 {
    const POLYNOMIAL: u16 = 0x1021;
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            let carry = crc & 0x8000 != 0;
            crc << 1 ^ if carry { POLYNOMIAL } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn slots_are_those_of_the_server() {
        for (name, slot) in [
            ("", 0),
            ("123456789", 0x31c3),
            ("foo", 12_182),
            ("{foo}bar", 12_182),
            ("x{foo}{bar}", 12_182),
            ("{user1000}.following", 3_443),
        ] {
            assert_eq!(of(name.as_bytes()), slot, "{name}");
        }
    }

    #[test]
    fn an_empty_or_unclosed_tag_is_none() {
        assert_eq!(of(b"foo{}{bar}"), 8_363);
        assert_eq!(of(b"foo{bar"), 15_278);
    }
}
