//! What is written of a thing when it is counted: an entry of a stream of which about the last so many are kept. Pure.

use crate::args::{Args, Word};
use crate::error::Error;

const MAX_ENTRIES: i64 = 1_000_000_000;
/// Of 64 fields and their values.
const MAX_WORDS: usize = 128;
/// Of a value, in bytes.
const MAX_VALUE: usize = 4_096;

#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) stream: Word<'a>,
    /// How many entries the stream keeps at least, once it has so many.
    pub(super) most: i64,
    /// Fields, each with its value behind it.
    pub(super) words: Vec<Word<'a>>,
}

impl<'a> Record<'a> {
    /// `[RECORD stream-key MAXLEN max field value …]` up to the end of the line.
    pub(super) fn read(args: &mut Args<'a>) -> Result<Option<Self>, Error> {
        let Some(option) = args.word() else {
            return Ok(None);
        };
        if !option.is("RECORD") {
            return Err(option.unexpected());
        }
        let stream = args.value("RECORD")?;
        let bound = args.fixed("MAXLEN")?;
        if !bound.is("MAXLEN") {
            return Err(bound.unexpected());
        }
        let most = args.integer("MAXLEN", 1, MAX_ENTRIES)?;
        let mut words = Vec::with_capacity(args.left().min(MAX_WORDS));
        words.extend([args.id("field")?, value(args)?]);
        while words.len() < MAX_WORDS
            && let Some(field) = args.word()
        {
            words.extend([field.checked_id("field")?, value(args)?]);
        }
        args.end()?;
        Ok(Some(Self {
            stream,
            most,
            words,
        }))
    }
}

fn value<'a>(args: &mut Args<'a>) -> Result<Word<'a>, Error> {
    let value = args.fixed("value")?;
    if value.bytes.len() > MAX_VALUE {
        return Err(Error::TooLong {
            argument: "value",
            max: MAX_VALUE,
        });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::Record;
    use crate::args::Args;

    fn read(line: &str) -> Result<Option<String>, String> {
        let words = format!("tally.add {line}");
        let words: Vec<&[u8]> = words.split_whitespace().map(str::as_bytes).collect();
        let record = Record::read(&mut Args::new("tally.add", &words));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let shown = |record: Record<'_>| {
            let pairs = record.words.chunks(2).map(|pair| {
                let words: Vec<_> = pair.iter().map(|word| text(word.bytes)).collect();
                words.join("=")
            });
            let pairs: Vec<_> = pairs.collect();
            let stream = text(record.stream.bytes);
            format!("{stream} {}: {}", record.most, pairs.join(" "))
        };
        record
            .map(|record| record.map(shown))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_record_is_read_to_the_end_of_the_line() {
        assert_eq!(read(""), Ok(None));
        for (line, expected) in [
            ("RECORD s MAXLEN 5 f v", "s 5: f=v"),
            (
                "record RECORD maxlen 1 MAXLEN 5 f f",
                "RECORD 1: MAXLEN=5 f=f",
            ),
        ] {
            assert_eq!(read(line), Ok(Some(expected.to_owned())), "{line}");
        }
        for (line, refusal) in [
            ("RECORDS s MAXLEN 5 f v", "unexpected 'RECORDS'"),
            ("RECORD", "RECORD needs a value"),
            ("RECORD s", "MAXLEN is missing"),
            ("RECORD s MINID 5 f v", "unexpected 'MINID'"),
            ("RECORD s MAXLEN 5", "field is missing"),
            ("RECORD s MAXLEN 5 f", "value is missing"),
            ("RECORD s MAXLEN 5 f v g", "value is missing"),
        ] {
            let expected = format!("ERR syntax error: {refusal}");
            assert_eq!(read(line), Err(expected), "{line}");
        }
        let most = format!("RECORD s MAXLEN 5{}", " f v".repeat(64));
        assert!(matches!(read(&most), Ok(Some(_))));
        let refusal = "ERR syntax error: unexpected 'f'".to_owned();
        assert_eq!(read(&format!("{most} f v")), Err(refusal));
    }
}
