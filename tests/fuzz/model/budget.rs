//! `BUDGET.*`: a HASH of what was spent, of what is reserved by when it ends, and of a record per member.

use std::collections::BTreeMap;

use super::World;
use super::keyspace::{End, Entry, Name, Value};
use super::shape::Shape;
use super::trie::Fields;
use super::turn::{believable, mercifully};
use crate::grammar::budgets::{Budget, Named};
use crate::grammar::words::MAX_LEASE;

/// A lease may be rounded up by an eighth.
const FURTHEST: i64 = MAX_LEASE / 8 * 9;
const MOST: i64 = 9_007_199_254_740_991;

/// A budget as it is now.
#[derive(Clone, Debug, Default)]
struct Ledger {
    spent: i64,
    /// By when they end: how much, and how many.
    reserved: BTreeMap<i64, (i128, i128)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Record {
    Reserved { amount: i64, end: i64 },
    Settled,
    Over,
}

/// The key, or a record that matters, holds something else.
#[derive(Debug)]
struct Broken;

impl World {
    pub(super) fn budget(&mut self, name: &Name, act: Budget) -> Shape {
        let answered = match act {
            Budget::Reserve {
                member,
                cost,
                lease,
                budgets,
            } => self.reserve(name.db, &member, (cost, lease), &budgets),
            Budget::Renew { lease, members } => self.renew_reservations(name, lease, &members),
            Budget::Settle {
                member,
                actual,
                keep,
                budgets,
            } => self.book(name.db, &member, (actual, keep), &budgets),
            Budget::Info => self.ledger(name).map(|ledger| {
                let members = ledger.reserved.values().map(|(_, count)| *count).sum();
                Shape::fields(vec![
                    ("spent", Shape::int(ledger.spent)),
                    ("reserved", sum(ledger.amount())),
                    ("members", sum(members)),
                ])
            }),
        };
        answered.unwrap_or_else(|Broken| Shape::wrong_type())
    }

    fn reserve(
        &mut self,
        db: usize,
        member: &[u8],
        (cost, lease): (i64, i64),
        budgets: &[Named],
    ) -> Result<Shape, Broken> {
        let end = rounded(self.now, lease);
        let mut refusal = None;
        for budget in budgets {
            let name = named(db, budget);
            let (ledger, record) = (self.ledger(&name)?, self.record(&name, member)?);
            let held = record.and_then(Record::amount);
            let others = ledger.amount() - i128::from(held.unwrap_or(0));
            let limit = i128::from(budget.limit.unwrap_or(0));
            let room = i128::from(ledger.spent) + others.max(0) + i128::from(cost) <= limit;
            let status = match record {
                Some(Record::Settled) => -1,
                _ if held.is_some_and(|held| cost <= held) || room => continue,
                _ => 0,
            };
            refusal.get_or_insert_with(|| ledger.shown(status, Shape::text(&budget.key)));
        }
        if let Some(refusal) = refusal {
            return Ok(refusal);
        }
        for budget in budgets {
            let name = named(db, budget);
            let held = match self.record(&name, member)? {
                Some(Record::Reserved { amount, end }) => Some((amount, end)),
                Some(Record::Settled | Record::Over) | None => None,
            };
            let end = held.map_or(end, |(_, held)| held.max(end));
            if held != Some((cost, end)) {
                let mut ledger = self.ledger(&name)?;
                ledger.put(held, cost, end);
                self.write_ledger(&name, &ledger, &[(member.to_vec(), cost, end)]);
                self.count_until(&name, end, budget.until);
            }
        }
        let ledger = self.ledger(&named(db, &budgets[0]))?;
        Ok(ledger.shown(1, Shape::nil()))
    }

    fn renew_reservations(
        &mut self,
        name: &Name,
        lease: i64,
        members: &[Vec<u8>],
    ) -> Result<Shape, Broken> {
        let end = rounded(self.now, lease);
        let mut ledger = self.ledger(name)?;
        let mut answers = Vec::new();
        let mut renewed: Vec<(Vec<u8>, i64, i64)> = Vec::new();
        for member in members {
            let record = self.record(name, member)?;
            answers.push(Shape::int(match record {
                Some(Record::Reserved { .. }) => 1,
                Some(Record::Settled | Record::Over) | None => 0,
            }));
            let is_first = !renewed.iter().any(|(other, ..)| other == member);
            if let Some(Record::Reserved {
                amount,
                end: before,
            }) = record
                && before != end
                && is_first
            {
                ledger.put(Some((amount, before)), amount, end);
                renewed.push((member.clone(), amount, end));
            }
        }
        if !renewed.is_empty() {
            self.write_ledger(name, &ledger, &renewed);
            self.count_until(name, end, None);
        }
        Ok(Shape::Items(answers))
    }

    fn book(
        &mut self,
        db: usize,
        member: &[u8],
        (actual, keep): (i64, i64),
        budgets: &[Named],
    ) -> Result<Shape, Broken> {
        let mut open = Vec::new();
        for budget in budgets {
            let name = named(db, budget);
            let (ledger, record) = (self.ledger(&name)?, self.record(&name, member)?);
            if record != Some(Record::Settled) {
                open.push((name, ledger, record, budget.until));
            }
        }
        let booked = open.len();
        for (name, mut ledger, record, until) in open {
            ledger.spent = ledger.spent.saturating_add(actual);
            if let Some(Record::Reserved { amount, end }) = record {
                ledger.take(amount, end);
                self.write_ledger(&name, &ledger, &[]);
            }
            let remembered = self.now + keep;
            let fields = self.budget_fields(&name);
            fields.insert(b"spent".to_vec(), ledger.spent.to_string().into_bytes());
            fields.insert(field(member), remembered.to_string().into_bytes());
            self.count_until(&name, remembered, until);
        }
        Ok(Shape::count(booked))
    }

    fn ledger(&self, name: &Name) -> Result<Ledger, Broken> {
        let fields = match self.keys.get(name).map(|entry| &entry.value) {
            None => return Ok(Ledger::default()),
            Some(Value::Fields(fields)) => fields,
            Some(Value::Text(_) | Value::Scores(_) | Value::List(_) | Value::Entries(_)) => {
                return Err(Broken);
            }
        };
        let spent = fields.get(&b"spent"[..]).ok_or(Broken)?;
        let spent = mercifully(spent).ok_or(Broken)?;
        let mut reserved = BTreeMap::new();
        let text = fields.get(&b"reserved"[..]).cloned().unwrap_or_default();
        for sum in text
            .split(|byte| *byte == b' ')
            .filter(|sum| !sum.is_empty())
        {
            let numbers = sum.split(|byte| *byte == b':').map(mercifully);
            let numbers: Option<Vec<i64>> = numbers.collect();
            let (end, amount, count) = match numbers.ok_or(Broken)?[..] {
                [end, amount, count] if amount >= 0 && count >= 0 => (end, amount, count),
                _ => return Err(Broken),
            };
            let end = believable(end.max(0), FURTHEST, self.now);
            if end > self.now {
                reserved.insert(end, (i128::from(amount), i128::from(count)));
            }
        }
        Ok(Ledger { spent, reserved })
    }

    fn record(&self, name: &Name, member: &[u8]) -> Result<Option<Record>, Broken> {
        let Some(Value::Fields(fields)) = self.keys.get(name).map(|entry| &entry.value) else {
            return Ok(None);
        };
        let text = fields.get(&field(member));
        let record = text.map(|text| record(text, self.now).ok_or(Broken));
        record.transpose()
    }

    fn write_ledger(&mut self, name: &Name, ledger: &Ledger, records: &[(Vec<u8>, i64, i64)]) {
        let fields = self.budget_fields(name);
        fields.entry(b"spent".to_vec()).or_insert(b"0".to_vec());
        fields.insert(b"reserved".to_vec(), ledger.text().into_bytes());
        for (member, amount, end) in records {
            fields.insert(field(member), format!("{amount} {end}").into_bytes());
        }
    }

    /// Those of a hash, made if it is missing.
    fn budget_fields(&mut self, name: &Name) -> &mut Fields {
        self.changed_by_others(name);
        if self.keys.get(name).is_none() {
            let empty = Value::Fields(Fields::new());
            self.keys.put(name, Entry::new(empty));
        }
        let entry = self.keys.change(name).expect("it has just been put there");
        match &mut entry.value {
            Value::Fields(fields) => fields,
            Value::Text(_) | Value::Scores(_) | Value::List(_) | Value::Entries(_) => {
                unreachable!("it was looked at")
            }
        }
    }
}

impl World {
    /// The key ends no earlier than it must count and than what it holds, and at most as long after the latter as that
    /// lasts. One that nobody has given an end has none.
    fn count_until(&mut self, name: &Name, end: i64, until: Option<i64>) {
        let now = self.now;
        let Some(entry) = self.keys.change(name) else {
            return;
        };
        let needed = until.map_or(end, |until| until.max(end));
        let has_end = entry.end != End::Never;
        if has_end && entry.end.earliest() >= needed || !has_end && until.is_none() {
            return;
        }
        let ahead = if needed > end {
            needed
        } else {
            end + (end - now)
        };
        let most = match entry.end {
            End::Never => ahead.max(now + FURTHEST),
            End::At(_) | End::Between(..) => ahead,
        };
        entry.end = End::Between(needed, most);
    }
}

impl Ledger {
    fn amount(&self) -> i128 {
        self.reserved.values().map(|(amount, _)| *amount).sum()
    }

    fn shown(&self, status: i64, key: Shape) -> Shape {
        let spent = Shape::int(self.spent);
        Shape::Items(vec![Shape::int(status), spent, sum(self.amount()), key])
    }

    /// A reservation, in the place of the one that was held.
    fn put(&mut self, held: Option<(i64, i64)>, amount: i64, end: i64) {
        if let Some((amount, end)) = held {
            self.take(amount, end);
        }
        let (sum, count) = self.reserved.entry(end).or_default();
        *sum += i128::from(amount);
        *count += 1;
    }

    fn take(&mut self, amount: i64, end: i64) {
        let Some((sum, count)) = self.reserved.get_mut(&end) else {
            return;
        };
        *sum = (*sum - i128::from(amount)).max(0);
        *count = (*count - 1).max(0);
        if *count == 0 {
            self.reserved.remove(&end);
        }
    }

    fn text(&self) -> String {
        let sums = self.reserved.iter();
        let sums = sums.map(|(end, (amount, count))| format!("{end}:{amount}:{count}"));
        sums.collect::<Vec<_>>().join(" ")
    }
}

impl Record {
    fn amount(self) -> Option<i64> {
        match self {
            Self::Reserved { amount, .. } => Some(amount),
            Self::Settled | Self::Over => None,
        }
    }
}

fn record(text: &[u8], now: i64) -> Option<Record> {
    let numbers = text.split(|byte| *byte == b' ').map(mercifully);
    let numbers: Vec<i64> = numbers.collect::<Option<_>>()?;
    let (record, end) = match numbers[..] {
        [until] => (Record::Settled, until),
        [amount, end] if (0..=MOST).contains(&amount) => {
            let end = believable(end, FURTHEST, now);
            (Record::Reserved { amount, end }, end)
        }
        _ => return None,
    };
    Some(if end > now { record } else { Record::Over })
}

/// Whether a field of a budget may have been swept.
pub(super) fn is_over(fields: &Fields, field: &[u8], now: i64) -> bool {
    let is_record = fields.contains_key(&b"spent"[..]) && field.starts_with(b"@");
    let text = fields.get(field).filter(|_| is_record);
    text.and_then(|text| record(text, now)) == Some(Record::Over)
}

/// At the next multiple of the largest power of two that is at most an eighth of the lease.
fn rounded(now: i64, lease: i64) -> i64 {
    let mut step = 1;
    while step * 2 <= lease / 8 {
        step *= 2;
    }
    let over = (now + lease) % step;
    now + lease + if over == 0 { 0 } else { step - over }
}

fn sum(sum: i128) -> Shape {
    Shape::int(i64::try_from(sum).unwrap_or(i64::MAX))
}

fn field(member: &[u8]) -> Vec<u8> {
    [b"@", member].concat()
}

fn named(db: usize, budget: &Named) -> Name {
    Name {
        db,
        key: budget.key.clone(),
    }
}
