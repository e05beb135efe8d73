//! A turn as it is stored: `<lease_end> <token> <stamp> <keep> <holder>`; anybody may have written it.

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) lease_end: i64,
    pub(crate) token: i64,
    /// 0: never given back.
    pub(crate) stamp: i64,
    pub(crate) keep: i64,
    /// Empty: nobody.
    pub(crate) holder: Vec<u8>,
}

impl Turn {
    pub(crate) fn unused() -> Self {
        Self {
            lease_end: 0,
            token: 0,
            stamp: 0,
            keep: MINUTE,
            holder: Vec::new(),
        }
    }

    /// As of now: a lease that has ended counts as given back at its end, what cannot be is cut to what can.
    pub(crate) fn read(text: &[u8], now: i64) -> Option<Self> {
        let mut words = text.splitn(5, |byte| *byte == b' ');
        let mut number = || mercifully(words.next()?);
        let (lease_end, token) = (number()?.max(0), number()?.max(0));
        let (stamp, keep) = (number()?.clamp(0, now), number()?.clamp(MINUTE, DAY));
        let holder = words.next()?.to_vec();
        let lease_end = believable(lease_end, 30 * DAY, now);
        let mut turn = Self {
            lease_end,
            token,
            stamp,
            keep,
            holder,
        };
        if turn.holder.is_empty() || lease_end <= now {
            turn.free(lease_end.min(now).max(stamp));
        }
        Some(turn)
    }

    pub(crate) fn free(&mut self, stamp: i64) {
        self.lease_end = 0;
        self.stamp = stamp;
        self.holder.clear();
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let Self {
            lease_end,
            token,
            stamp,
            keep,
            holder,
        } = self;
        let mut text = format!("{lease_end} {token} {stamp} {keep} ").into_bytes();
        text.extend_from_slice(holder);
        text
    }

    /// When nothing that it says matters any more.
    pub(crate) fn forgotten_at(&self) -> i64 {
        self.lease_end.max(self.stamp) + self.keep
    }

    /// How long it is still too early for somebody who wants this spacing.
    pub(crate) fn early(&self, delay: i64, now: i64) -> i64 {
        if self.stamp == 0 {
            return 0;
        }
        (delay - (now - self.stamp)).max(0)
    }
}

/// A time further ahead than anything of ours can be counts as 30 days from now.
pub(crate) fn believable(at: i64, furthest: i64, now: i64) -> i64 {
    if at > now.saturating_add(furthest) {
        now + 30 * DAY
    } else {
        at
    }
}

/// An integer of any size, cut to what fits.
pub(crate) fn mercifully(word: &[u8]) -> Option<i64> {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(digits).ok()?.trim_start_matches('0');
    let size = match text {
        "" => 0,
        text => text.parse().unwrap_or(i64::MAX),
    };
    Some(if digits.len() < word.len() {
        -size
    } else {
        size
    })
}
