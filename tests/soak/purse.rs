//! Who may spend how much: limits that nobody comes near, and one that is reached early. What budgets say of it in the end.

use harness::Redis;

const BUDGETS: &str = "weir:{default}:budget:";

/// Lines of `weir.toml`: a token costs a millionth of a dollar.
pub(crate) const PRICES: &str = "[prices.\"claude-*\"]\ninput = 1\noutput = 1";
/// Of the group.
pub(crate) const GROUP: &str = "spend_per_day = 1000000";
const PLENTY: u64 = 1_000_000_000_000;

/// The limits of keys, by turns.
const KEYS: [&[&str]; 4] = [
    &[],
    &["--user", "ann", "--spend-per-day", "1000000"],
    &["--user", "ann", "--spend-total", "1000000"],
    &["--user", "bob"],
];

/// What somebody may spend.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    /// As budgets call it: `user:ann`.
    pub(crate) owner: String,
    pub(crate) span: Span,
    pub(crate) micro_usd: u64,
    /// Whose requests count, by their ids.
    pub(crate) keys: Vec<String>,
    pub(crate) is_scarce: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Day,
    Month,
    Total,
}

/// A budget in the end.
#[derive(Clone, Debug)]
pub(crate) struct Purse {
    pub(crate) owner: String,
    pub(crate) span: Span,
    pub(crate) spent: u64,
    pub(crate) reserved: u64,
    pub(crate) members: u64,
}

/// Lines of `weir.toml`.
pub(crate) fn users(scarce_micro_usd: u64) -> String {
    let scarce = format!(
        "{}.{:06}",
        scarce_micro_usd / 1_000_000,
        scarce_micro_usd % 1_000_000
    );
    format!("[users.ann]\nspend_per_month = 1000000\n[users.bob]\nspend_total = \"{scarce}\"")
}

/// How `weir key create` is told what the key at this place may spend.
pub(crate) fn rules(place: u32) -> &'static [&'static str] {
    KEYS[place as usize % KEYS.len()]
}

/// Whether the key at this place is of the one who has little.
pub(crate) fn is_scarce(place: u32) -> bool {
    rules(place).contains(&"bob")
}

/// Of all keys, whose ids these are, and of those who own them.
pub(crate) fn limits(ids: &[String], scarce_micro_usd: u64) -> Vec<Limit> {
    let with = |word: &str| {
        let places = (0..).zip(ids);
        let keys = places.filter(|(place, _)| rules(*place).contains(&word));
        keys.map(|(_, id)| id.clone()).collect::<Vec<_>>()
    };
    let plenty = |owner: String, span, keys| Limit {
        owner,
        span,
        micro_usd: PLENTY,
        keys,
        is_scarce: false,
    };
    let own = [
        ("--spend-per-day", Span::Day),
        ("--spend-total", Span::Total),
    ];
    let own = own.into_iter().flat_map(|(word, span)| {
        let each = move |id: String| plenty(format!("key:{id}"), span, vec![id]);
        with(word).into_iter().map(each)
    });
    let mut limits: Vec<_> = own.collect();
    limits.push(plenty("group:main".into(), Span::Day, ids.to_vec()));
    limits.push(plenty("user:ann".into(), Span::Month, with("ann")));
    limits.push(Limit {
        owner: "user:bob".into(),
        span: Span::Total,
        micro_usd: scarce_micro_usd,
        keys: with("bob"),
        is_scarce: true,
    });
    limits
}

/// All that there are.
pub(crate) fn purses(redis: &Redis) -> Vec<Purse> {
    let names = redis.call(format!("KEYS {BUDGETS}*"));
    let purse = |name: String| {
        let info = redis.call(["BUDGET.INFO", &name]);
        let number = |field: &str| {
            u64::try_from(info.field(field).int()).expect("an amount is not negative")
        };
        let called = name.strip_prefix(BUDGETS).expect("it was asked for");
        let (owner, period) = called.rsplit_once(':').expect("it is of a period");
        Purse {
            owner: owner.to_owned(),
            span: Span::of(period),
            spent: number("spent"),
            reserved: number("reserved"),
            members: number("members"),
        }
    };
    names
        .items()
        .iter()
        .map(|name| purse(name.text()))
        .collect()
}

impl Limit {
    pub(crate) fn has(&self, purse: &Purse) -> bool {
        self.owner == purse.owner && self.span == purse.span
    }
}

impl Span {
    /// `2026-11-21`, `2026-11` or `total`.
    fn of(period: &str) -> Self {
        match period.matches('-').count() {
            0 => Self::Total,
            1 => Self::Month,
            _ => Self::Day,
        }
    }
}
