//! OpenMetrics' text form, read strictly: every sample belongs to a family that was declared before it, has the suffix of
//! its type, and stands once; buckets grow up to the count; the text ends where it says so.
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>

use std::collections::{BTreeMap, BTreeSet};

/// All that a text tells.
#[derive(Debug, Default)]
pub struct Metrics {
    /// By name: type and help.
    pub families: BTreeMap<String, Family>,
    /// By name with suffix and by labels.
    samples: BTreeMap<(String, Labels), f64>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Family {
    pub kind: String,
    pub help: String,
}

pub type Labels = BTreeMap<String, String>;

impl Metrics {
    /// # Panics
    /// Where the text is not of the form, with the line.
    #[track_caller]
    #[must_use]
    pub fn read(text: &str) -> Self {
        let lines = text
            .strip_suffix("# EOF\n")
            .expect("it ends with # EOF and a line end");
        let mut metrics = Self::default();
        let mut family = String::new();
        for line in lines.lines() {
            let taken = match line.strip_prefix("# ") {
                Some(told) => metrics.tell(told, &mut family),
                None => metrics.sample(line, &family),
            };
            taken.unwrap_or_else(|| panic!("not in the form: {line}"));
        }
        metrics.check_histograms();
        metrics
    }

    /// The sum of all samples of a name that have these labels among theirs.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.of(name, labels).map(|(_, value)| value).sum()
    }

    /// Whether there is any such sample.
    #[must_use]
    pub fn has(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        self.of(name, labels).next().is_some()
    }

    /// All values of a label, of samples of a name.
    #[must_use]
    pub fn values(&self, name: &str, label: &str) -> BTreeSet<&str> {
        let of_name = self.samples.keys().filter(|(seen, _)| seen == name);
        of_name
            .filter_map(|(_, labels)| labels.get(label).map(String::as_str))
            .collect()
    }

    /// The names of the labels of a name's first sample, as they were told.
    #[must_use]
    pub fn labels(&self, name: &str) -> Vec<&str> {
        let mut of_name = self.samples.keys().filter(|(seen, _)| seen == name);
        let first = of_name.next().expect("there is such a sample");
        first.1.keys().map(String::as_str).collect()
    }

    fn of<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&str, &str)],
    ) -> impl Iterator<Item = (&'a Labels, f64)> {
        let fits = move |seen: &Labels| {
            let is = |(label, value): &(&str, &str)| seen.get(*label).is_some_and(|v| v == value);
            labels.iter().all(is)
        };
        let samples = self.samples.iter();
        samples
            .filter(move |((seen, labels), _)| seen == name && fits(labels))
            .map(|((_, labels), value)| (labels, *value))
    }

    /// `HELP name text` begins a family, `TYPE name type` follows it.
    fn tell(&mut self, told: &str, family: &mut String) -> Option<()> {
        let (word, rest) = told.split_once(' ')?;
        let (name, said) = rest.split_once(' ')?;
        match word {
            "HELP" if is_name(name) && !self.families.contains_key(name) => {
                let help = said.strip_suffix('.')?.to_owned();
                let kind = String::new();
                self.families.insert(name.into(), Family { kind, help });
                name.clone_into(family);
            }
            "TYPE" if name == family => {
                let known = ["counter", "gauge", "histogram", "info"];
                let entry = self.families.get_mut(name)?;
                (entry.kind.is_empty() && known.contains(&said)).then_some(())?;
                said.clone_into(&mut entry.kind);
            }
            _ => return None,
        }
        Some(())
    }

    fn sample(&mut self, line: &str, family: &str) -> Option<()> {
        let (name, rest) = line.split_at(line.find(['{', ' '])?);
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest)?,
            None => (Labels::new(), rest),
        };
        let value: f64 = value.strip_prefix(' ')?.parse().ok()?;
        let suffix = name.strip_prefix(family)?;
        let suffixes: &[&str] = match self.families.get(family)?.kind.as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            "info" => &["_info"],
            "histogram" => &["_sum", "_count", "_bucket"],
            _ => return None,
        };
        let is_counted = !suffix.is_empty() && suffix != "_info";
        (suffixes.contains(&suffix) && value.is_finite() && (value >= 0.0 || !is_counted))
            .then_some(())?;
        let before = self.samples.insert((name.into(), labels), value);
        before.is_none().then_some(())
    }

    #[track_caller]
    fn check_histograms(&self) {
        for (name, _) in self
            .families
            .iter()
            .filter(|(_, it)| it.kind == "histogram")
        {
            let mut groups: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
            for (labels, count) in self.of(&format!("{name}_bucket"), &[]) {
                let mut labels = labels.clone();
                let end = labels.remove("le").expect("a bucket has an end");
                let end = end
                    .replace("+Inf", "inf")
                    .parse()
                    .expect("that is a number");
                groups.entry(labels).or_default().push((end, count));
            }
            for (labels, mut buckets) in groups {
                buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
                let grow = buckets.is_sorted_by(|one, next| one.1 <= next.1);
                let last = buckets.last().copied();
                let count = self.samples[&(format!("{name}_count"), labels.clone())];
                assert!(
                    grow && last == Some((f64::INFINITY, count)),
                    "{name} {labels:?}"
                );
            }
        }
    }
}

/// `name="value",…} rest`
fn labels(mut text: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::new();
    loop {
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = quoted(rest)?;
        (is_name(name) && labels.insert(name.into(), value).is_none()).then_some(())?;
        match rest.strip_prefix(',') {
            Some(more) => text = more,
            None => return Some((labels, rest.strip_prefix('}')?)),
        }
    }
}

/// Up to the closing quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match letters.next()?.1 {
                'n' => '\n',
                escaped @ ('"' | '\\') => escaped,
                _ => return None,
            }),
            other => value.push(other),
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: &str = "# HELP a_seconds A span.\n# TYPE a_seconds histogram\na_seconds_sum{x=\"1\"} 2.5\na_seconds_count{x=\"1\"} 2\n\
        a_seconds_bucket{x=\"1\",le=\"1.0\"} 1\na_seconds_bucket{x=\"1\",le=\"+Inf\"} 2\n# HELP b B.\n# TYPE b counter\nb_total 7\n# EOF\n";

    #[test]
    fn what_is_told_can_be_asked_for() {
        let metrics = Metrics::read(FINE);
        assert_eq!(metrics.sum("b_total", &[]), 7.0);
        assert_eq!(metrics.sum("a_seconds_count", &[("x", "1")]), 2.0);
        assert!(!metrics.has("a_seconds_count", &[("x", "2")]));
        assert_eq!(metrics.families["b"].kind, "counter");
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        for (right, wrong) in [
            ("# EOF\n", ""),
            ("b_total 7", "b 7"),
            ("b_total 7", "b_total -7"),
            ("b_total 7", "c_total 7"),
            ("b_total 7", "b_total 7\nb_total 7"),
            ("x=\"1\",le=\"1.0\"} 1", "x=\"1\",le=\"1.0\"} 3"),
            ("le=\"+Inf\"} 2", "le=\"+Inf\"} 3"),
            ("x=\"1\"} 2.5", "x=\"1} 2.5"),
            ("# TYPE b counter\n", ""),
            ("# TYPE b counter", "# TYPE c counter"),
        ] {
            let text = FINE.replacen(right, wrong, 1);
            let read = std::panic::catch_unwind(|| Metrics::read(&text));
            assert!(read.is_err(), "{text}");
        }
    }
}
