//! Secrets at rest: sealed with the first of the master keys and opened with whichever one sealed them, as what they were
//! sealed as and as nothing else: what was copied to another account, field or address does not open. Where the master
//! keys are is in `seal/master.rs`.

mod master;

use std::fmt;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::secret::Secret;

pub(crate) use master::{Master, MasterError};

const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
const ID_BYTES: usize = 4;

/// Master keys: the first seals, all open.
pub(crate) struct Ring(Vec<MasterKey>);

struct MasterKey {
    id: KeyId,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

/// Tells a master key from others and says nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId([u8; ID_BYTES]);

/// What is sealed: whose it is, and where it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Purpose<'a> {
    pub(crate) account: &'a str,
    pub(crate) field: &'a str,
    /// The base URL that it is sent to.
    pub(crate) address: &'a str,
}

/// A sealed secret; as text `<key id>:<nonce and ciphertext>`, both in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) key: KeyId,
    bytes: Box<[u8]>,
}

/// Why a master key is not one. The operator's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RingError {
    #[error("there is no key in it")]
    Empty,
    #[error("key {0} of it is not 64 hexadecimal digits")]
    NotAKey(usize),
    #[error("key {0} of it stands there twice")]
    Twice(usize),
}

/// Why a secret does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unopened {
    #[error("it is sealed with the master key {0}, which is not given")]
    NoKey(KeyId),
    #[error("it is not what was sealed for this account and address")]
    Other,
}

impl Ring {
    /// Keys as they are written: 64 hexadecimal digits each, apart by white space or commas; from a `#` on a line is a
    /// comment.
    pub(crate) fn read(text: &str) -> Result<Self, RingError> {
        let uncommented = text.lines().map(|line| line.split('#').next());
        let words = uncommented.flatten().flat_map(|line| {
            let apart = |letter: char| letter.is_whitespace() || letter == ',';
            line.split(apart).filter(|word| !word.is_empty())
        });
        let mut keys: Vec<MasterKey> = Vec::new();
        for (place, word) in (1..).zip(words) {
            let key = MasterKey::read(word).ok_or(RingError::NotAKey(place))?;
            if keys.iter().any(|earlier| earlier.id == key.id) {
                return Err(RingError::Twice(place));
            }
            keys.push(key);
        }
        match keys.is_empty() {
            true => Err(RingError::Empty),
            false => Ok(Self(keys)),
        }
    }

    /// The key that seals.
    pub(crate) fn first(&self) -> KeyId {
        self.0.first().expect("there is one at least").id
    }

    pub(crate) fn seal(&self, secret: &Secret, purpose: Purpose<'_>) -> Sealed {
        let first = self.0.first().expect("there is one at least");
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).expect("the operating system gives random bytes");
        let payload = Payload {
            msg: secret.reveal().as_bytes(),
            aad: &purpose.bytes(),
        };
        let sealed = first.cipher().encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.expect("a secret is shorter than 256 GB");
        Sealed {
            key: first.id,
            bytes: [&nonce[..], &sealed].concat().into(),
        }
    }

    pub(crate) fn open(&self, sealed: &Sealed, purpose: Purpose<'_>) -> Result<Secret, Unopened> {
        let key = self.0.iter().find(|key| key.id == sealed.key);
        let key = key.ok_or(Unopened::NoKey(sealed.key))?;
        let (nonce, bytes) = sealed.bytes.split_first_chunk().ok_or(Unopened::Other)?;
        let payload = Payload {
            msg: bytes,
            aad: &purpose.bytes(),
        };
        let opened = key.cipher().decrypt(&XNonce::from(*nonce), payload);
        let opened = Zeroizing::new(opened.map_err(|_| Unopened::Other)?);
        let text = str::from_utf8(&opened).map_err(|_| Unopened::Other)?;
        Ok(Secret::new(text))
    }
}

impl MasterKey {
    fn read(word: &str) -> Option<Self> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(word, &mut key[..]).ok()?;
        let digest = Sha256::new().chain_update(b"weir master key");
        let digest = digest.chain_update(&key[..]).finalize();
        let id = digest.first_chunk().expect("4 is less than 32");
        Some(Self {
            id: KeyId(*id),
            key,
        })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key).into())
    }
}

impl Purpose<'_> {
    /// Each part with its length, so that no two purposes read alike.
    fn bytes(&self) -> Vec<u8> {
        let parts = ["weir secret", self.account, self.field, self.address];
        let of = |part: &&str| [&(part.len() as u64).to_be_bytes(), part.as_bytes()].concat();
        parts.iter().flat_map(of).collect()
    }
}

impl Sealed {
    /// As it was written; none where the text is nothing sealed.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (key, bytes) = text.split_once(':')?;
        let key = hex::decode(key).ok()?.try_into().ok()?;
        Some(Self {
            key: KeyId(key),
            bytes: hex::decode(bytes).ok()?.into(),
        })
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.key, hex::encode(&self.bytes))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    const PURPOSE: Purpose<'_> = Purpose {
        account: "main",
        field: "api_key",
        address: "https://api.example.com",
    };

    fn ring(keys: &[u8]) -> Ring {
        let key = |digit: &u8| format!("{digit:064x}\n");
        Ring::read(&keys.iter().map(key).collect::<String>()).unwrap()
    }

    fn opened(ring: &Ring, sealed: &Sealed, purpose: Purpose<'_>) -> Result<String, Unopened> {
        let secret = ring.open(sealed, purpose)?;
        Ok(secret.reveal().to_owned())
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let secret = Secret::new("sk-hidden");
        let before = ring(&[1]).seal(&secret, PURPOSE);
        let both = ring(&[2, 1]);
        let after = both.seal(&secret, PURPOSE);
        assert_eq!((after.key, before.key), (both.first(), ring(&[1]).first()));
        for sealed in [&before, &after] {
            assert_eq!(opened(&both, sealed, PURPOSE).unwrap(), "sk-hidden");
        }
        let only_new = opened(&ring(&[2]), &before, PURPOSE);
        assert_eq!(only_new, Err(Unopened::NoKey(before.key)));
    }

    #[test]
    fn what_was_sealed_for_one_purpose_does_not_open_for_another() {
        let ring = ring(&[1]);
        let sealed = ring.seal(&Secret::new("sk"), PURPOSE);
        for other in [
            Purpose {
                account: "other",
                ..PURPOSE
            },
            Purpose {
                field: "session_token",
                ..PURPOSE
            },
            Purpose {
                address: "https://evil.example.com",
                ..PURPOSE
            },
            // The same letters, apart at another place.
            Purpose {
                account: "mainapi",
                field: "_key",
                ..PURPOSE
            },
        ] {
            assert_eq!(
                opened(&ring, &sealed, other),
                Err(Unopened::Other),
                "{other:?}"
            );
        }
    }

    #[test]
    fn a_ring_is_read_with_comments_and_refused_by_the_number_of_its_key() {
        let (one, two) = ("0".repeat(64), "AbCdEf12".repeat(8));
        let read = Ring::read(&format!("# made today\n{one} # new\n\n{two}\n")).unwrap();
        assert_eq!(read.0.len(), 2);
        let of_variable = Ring::read(&format!("{one},{two}")).unwrap();
        assert_eq!(of_variable.first(), read.first());
        let refusal = |text: String| Ring::read(&text).err().map(|error| error.to_string());
        for (text, why) in [
            (String::new(), "there is no key in it"),
            ("# none\n".into(), "there is no key in it"),
            (
                format!("{one} {}", &two[1..]),
                "key 2 of it is not 64 hexadecimal digits",
            ),
            ("+1".repeat(32), "key 1 of it is not 64 hexadecimal digits"),
            (format!("{one}\n{one}"), "key 2 of it stands there twice"),
        ] {
            assert_eq!(refusal(text).as_deref(), Some(why));
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_read_and_opened_again_and_no_change_of_it_is(
            secret in ".{0,80}", place in 0_usize..1000, bit in 0_u8..8,
        ) {
            let ring = ring(&[1]);
            let sealed = ring.seal(&Secret::new(secret.as_str()), PURPOSE);
            let read = Sealed::read(&sealed.to_string());
            prop_assert_eq!(read.as_ref(), Some(&sealed));
            prop_assert_eq!(opened(&ring, &sealed, PURPOSE), Ok(secret));
            let mut changed = sealed;
            let place = place % changed.bytes.len();
            changed.bytes[place] ^= 1 << bit;
            prop_assert!(opened(&ring, &changed, PURPOSE).is_err());
            changed.bytes = changed.bytes[..place].into();
            prop_assert!(opened(&ring, &changed, PURPOSE).is_err());
        }

        #[test]
        fn no_text_is_read_as_sealed_with_a_panic(text in "\\PC*") {
            drop(Sealed::read(&text));
        }
    }
}
