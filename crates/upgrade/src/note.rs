//! The note on a thing that maintenance changed: how it was before, when, and by which run; the value of the tag
//! `slackwater:before`. It makes leaving possible when the journal is lost, and keeps a second maintenance from taking
//! what the first one left for what was before.
//!
//! A note is words `key=value`, at most 256 of the characters that every service allows in a tag's value (letters,
//! digits, space, `_.:/=+-@`): <https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html>.

use std::collections::BTreeMap;

use crate::Timestamp;
use crate::plan::{Plan, sha256_of};

/// What a tag's value may hold.
const MOST_CHARACTERS: usize = 256;

/// What of a run's or a person's name is kept in a note.
const MOST_OF_A_NAME: usize = 80;

/// When the maintenance began that a note is of: milliseconds since 1970.
const AT: &str = "at";
/// The run that wrote it.
const RUN: &str = "run";
/// Who began that run.
const BY: &str = "by";
/// The thing that it was written on: a copied tag is no note.
const OF: &str = "of";
/// Where the state of the deployment is that the run belongs to. Not `state`: that word of a queue's note says what the
/// queue was.
const STORE: &str = "store";

/// What of a location is kept in a note; a longer one ends in digits of its own, so that two that begin alike differ.
const MOST_OF_A_LOCATION: usize = 56;

/// A note that was read, or is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note {
    words: BTreeMap<String, String>,
}

impl Note {
    /// A note on the thing of this physical id, written by a run.
    #[must_use]
    pub fn on(physical_id: &str, at: Timestamp, run_id: &str) -> Note {
        Note::from(at, run_id).with(OF, fingerprint(physical_id))
    }

    /// A note that doesn't tell what it is on, so that many things bear the same: for what no template copies tags to.
    #[must_use]
    pub fn from(at: Timestamp, run_id: &str) -> Note {
        Note::default().with(AT, at.0).with(RUN, run_id)
    }

    /// The same with one word more. Characters that no tag may hold become `_`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Note {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_.:/+-@".contains(letter);
        let value = value.to_string();
        let sound = value.chars().take(MOST_OF_A_NAME).map(|one| if allowed(one) { one } else { '_' });
        self.words.insert(key.to_owned(), sound.collect());
        self
    }

    /// The same with the person who began the maintenance.
    #[must_use]
    pub fn by(self, who: &str) -> Note {
        self.with(BY, who)
    }

    /// The same with the location of the state that the run belongs to; one that isn't known says nothing.
    #[must_use]
    pub fn of_state(self, location: &str) -> Note {
        if location.is_empty() { self } else { self.with(STORE, short_location(location)) }
    }

    /// Read a tag's value. What isn't `key=value` is left aside.
    #[must_use]
    pub fn read(text: &str) -> Note {
        let words = text.split(' ').filter_map(|word| word.split_once('='));
        Note { words: words.map(|(key, value)| (key.to_owned(), value.to_owned())).collect() }
    }

    /// The tag's value: what was before first, so that it is never what is cut off.
    #[must_use]
    pub fn write(&self) -> String {
        let last = [AT, RUN, OF, STORE, BY];
        let first = self.words.iter().filter(|(key, _)| !last.contains(&key.as_str()));
        let rest = last.iter().filter_map(|key| self.words.get_key_value(*key));
        let mut text = String::new();
        for (key, value) in first.chain(rest) {
            let word = format!("{key}={value}");
            if text.len() + 1 + word.len() > MOST_CHARACTERS {
                break;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&word);
        }
        text
    }

    /// A word's value.
    #[must_use]
    pub fn word(&self, key: &str) -> Option<&str> {
        self.words.get(key).map(String::as_str)
    }

    /// A word's value as a number.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<i32> {
        self.word(key)?.parse().ok()
    }

    /// When it was written.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        self.word(AT)?.parse().ok().map(Timestamp)
    }

    /// Which run wrote it, as far as a note keeps its name.
    #[must_use]
    pub fn run(&self) -> Option<&str> {
        self.word(RUN)
    }

    /// Who began the maintenance.
    #[must_use]
    pub fn who(&self) -> Option<&str> {
        self.word(BY)
    }

    /// Where the state is that its run belongs to, as far as a note keeps it; `None`: it doesn't say.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.word(STORE)
    }

    /// Whether its run belongs to the state at this location; `None`: it doesn't say.
    #[must_use]
    pub fn is_of_state(&self, location: &str) -> Option<bool> {
        let whole = Note::default().of_state(location);
        self.state().map(|state| Some(state) == whole.state())
    }

    /// Whether it was written on the thing of this physical id, and not copied to it: a template, or an update, may hand
    /// tags on.
    #[must_use]
    pub fn is_of(&self, physical_id: &str) -> bool {
        self.word(OF) == Some(fingerprint(physical_id).as_str())
    }

    /// Whether this run wrote it.
    #[must_use]
    pub fn is_from(&self, run_id: &str) -> bool {
        let whole = Note::default().with(RUN, run_id);
        self.run().is_some() && self.run() == whole.run()
    }
}

/// A location as a note keeps it.
fn short_location(location: &str) -> String {
    if location.chars().count() <= MOST_OF_A_LOCATION {
        return location.to_owned();
    }
    let digits = fingerprint(location);
    let kept = location.chars().take(MOST_OF_A_LOCATION - digits.len() - 1);
    format!("{}.{digits}", kept.collect::<String>())
}

impl Plan {
    /// A note of this run on the thing of this physical id.
    pub(crate) fn note_on(&self, physical_id: &str, at: Timestamp) -> Note {
        Note::on(physical_id, at, &self.run_id).of_state(&self.state)
    }

    /// This run's name as far as a note keeps it.
    pub(crate) fn noted_run(&self) -> String {
        Note::default().with(RUN, &self.run_id).run().unwrap_or_default().to_owned()
    }

    /// A note of this run that doesn't tell what it is on.
    pub(crate) fn note(&self, at: Timestamp) -> Note {
        Note::from(at, &self.run_id).of_state(&self.state)
    }
}

/// Eight digits that tell one physical id from another.
fn fingerprint(physical_id: &str) -> String {
    sha256_of(physical_id.as_bytes()).chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::Note;
    use crate::Timestamp;

    #[test]
    fn what_is_written_is_read_again_whatever_the_names() {
        for (run, who) in [
            ("production-20260101-000000-k3f9", "ada"),
            ("läuft, \"immer\" = weiter", "ada lovelace <ada@example.com>"),
            (&"long".repeat(80), &"who".repeat(80)),
        ] {
            let note = Note::on("arn:aws:batch:us-east-1:1:job-queue/spot", Timestamp(17), run)
                .by(who)
                .with("min", -1)
                .with("state", "ENABLED");
            let text = note.write();
            assert!(text.len() <= 256, "{text}");
            assert!(
                text.chars().all(|one| one.is_ascii_alphanumeric() || " _.:/=+-@".contains(one)),
                "{text}"
            );
            let read = Note::read(&text);
            assert_eq!((read.number("min"), read.word("state")), (Some(-1), Some("ENABLED")), "{text}");
            assert_eq!(read.at(), Some(Timestamp(17)), "{text}");
            assert!(read.is_from(run) && !read.is_from("another"), "{text}");
        }
    }

    #[test]
    fn a_note_says_of_which_state_it_is_and_cuts_off_nothing_that_was_before() {
        let (bucket, long) = ("s3://bucket/slackwater-state", format!("s3://{}/prefix", "bucket".repeat(12)));
        let note = |location: &str| Note::on("group", Timestamp(1), "run").of_state(location);
        for (written, asked, said) in [
            (bucket, bucket, Some(true)),
            (bucket, "s3://bucket/other", Some(false)),
            (&long, &long, Some(true)),
            (&long, &format!("{long}-2"), Some(false)),
            ("host:/var/lib/a b", "host:/var/lib/a b", Some(true)),
            ("", bucket, None),
        ] {
            let read = Note::read(&note(written).write());
            assert_eq!(read.is_of_state(asked), said, "{written} {asked}");
        }
        let names = ("r".repeat(300), "w".repeat(300), "s".repeat(300));
        let words = [("min", -1), ("max", 1000), ("desired", 1000), ("warm", 1000), ("prepared", 1000)];
        let full = Note::on("group", Timestamp(1_767_225_600_000), &names.0).of_state(&names.2).by(&names.1);
        let text =
            words.iter().fold(full.with("protected", false), |note, (key, value)| note.with(key, value));
        let text = text.with("schedules", "active");
        let (text, read) = (text.write(), Note::read(&text.write()));
        assert!(text.len() <= 256, "{text}");
        assert!(words.iter().all(|(key, value)| read.number(key) == Some(*value)), "{text}");
        assert_eq!((read.word("protected"), read.word("schedules")), (Some("false"), Some("active")));
        assert!(read.is_of("group") && read.is_from(&names.0), "{text}");
    }

    #[test]
    fn a_copied_note_is_no_note() {
        let note = Note::read(&Note::on("group-1", Timestamp(1), "run").write());
        assert!(note.is_of("group-1"));
        assert!(!note.is_of("group-2"));
        assert!(!Note::read("somebody's own words").is_of("group-1"));
        assert!(!Note::read("").is_from(""));
    }
}
