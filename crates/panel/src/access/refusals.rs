//! Refused sign-ins, summed up: the first few of a while are written to the audit trail one by one, as they happen; the
//! rest is counted, and written as one entry when the while is over. Whoever guesses a thousand times a second fills no
//! disk, and is seen all the same.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use upgrade::Timestamp;

/// Refusals are summed up over so long.
const SUM_SECONDS: u64 = 300;

/// How many of them are written one by one.
const ONE_BY_ONE: u32 = 10;

/// Names and addresses that are counted by themselves; what is beyond them is counted together.
const MOST_NAMED: usize = 100;

/// How many of each a sum names.
const NAMED_IN_WORDS: usize = 5;

/// What is to be written of a refused sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// An entry of its own.
    Entry,
    /// Nothing: it is counted.
    Counted,
}

/// The refusals of a while.
#[derive(Debug, Default)]
pub struct Refusals {
    sum: Mutex<Option<Sum>>,
}

#[derive(Debug)]
struct Sum {
    since: Timestamp,
    last: Timestamp,
    written: u32,
    counted: u64,
    names: BTreeMap<String, u64>,
    addresses: BTreeMap<String, u64>,
}

impl Refusals {
    /// A sign-in was refused. A sum that is due must be taken before.
    pub fn refused(&self, name: &str, address: &str, now: Timestamp) -> Refusal {
        let mut sum = self.sum.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = sum.get_or_insert_with(|| Sum {
            since: now,
            last: now,
            written: 0,
            counted: 0,
            names: BTreeMap::new(),
            addresses: BTreeMap::new(),
        });
        sum.last = now;
        if sum.written < ONE_BY_ONE {
            sum.written += 1;
            return Refusal::Entry;
        }
        sum.counted = sum.counted.saturating_add(1);
        count(&mut sum.names, name);
        count(&mut sum.addresses, address);
        Refusal::Counted
    }

    /// What was counted in a while that is over, in words; `None`: the while isn't over, or there is nothing to say.
    pub fn take_due(&self, now: Timestamp) -> Option<String> {
        let mut sum = self.sum.lock().unwrap_or_else(PoisonError::into_inner);
        let over = sum.as_ref().is_some_and(|sum| now.milliseconds_since(sum.since) >= SUM_SECONDS * 1000);
        if over { sum.take().and_then(|sum| sum.in_words()) } else { None }
    }

    /// What was counted up to now, in words: nobody counts on.
    pub fn take(&self) -> Option<String> {
        let sum = self.sum.lock().unwrap_or_else(PoisonError::into_inner).take();
        sum.and_then(|sum| sum.in_words())
    }
}

fn count(of: &mut BTreeMap<String, u64>, what: &str) {
    if of.len() < MOST_NAMED || of.contains_key(what) {
        *of.entry(what.chars().take(64).collect()).or_default() += 1;
    }
}

impl Sum {
    fn in_words(self) -> Option<String> {
        let Sum { since, last, written: _, counted, names, addresses } = self;
        if counted == 0 {
            return None;
        }
        let seconds = last.milliseconds_since(since) / 1000;
        Some(format!(
            "{counted} more within {seconds} s; names: {}; from: {}",
            most_first(&names),
            most_first(&addresses)
        ))
    }
}

fn most_first(of: &BTreeMap<String, u64>) -> String {
    let mut all: Vec<(&String, &u64)> = of.iter().collect();
    all.sort_by(|one, other| other.1.cmp(one.1));
    let named: Vec<String> =
        all.iter().take(NAMED_IN_WORDS).map(|(what, count)| format!("{what} ({count})")).collect();
    let more = if all.len() > NAMED_IN_WORDS { " and others" } else { "" };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{ONE_BY_ONE, Refusal, Refusals, SUM_SECONDS};
    use upgrade::Timestamp;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    #[test]
    fn the_first_are_written_one_by_one_and_the_rest_as_a_sum() {
        let refusals = Refusals::default();
        let mut entries = 0;
        for number in 0..1551 {
            let name = if number % 3 == 0 { "ada" } else { "root" };
            let at = Timestamp(NOW.0 + number * 3);
            entries += u32::from(refusals.refused(name, "198.51.100.7", at) == Refusal::Entry);
        }
        assert_eq!(entries, ONE_BY_ONE);
        assert_eq!(
            refusals.take_due(Timestamp(NOW.0 + SUM_SECONDS * 1000 - 1)),
            None,
            "the while isn't over"
        );
        let told = refusals.take_due(NOW.plus_seconds(SUM_SECONDS)).expect("much was counted");
        assert_eq!(told, "1541 more within 4 s; names: root (1028), ada (513); from: 198.51.100.7 (1541)");
        assert_eq!(refusals.take_due(NOW.plus_seconds(2 * SUM_SECONDS)), None, "it is told once");
        assert_eq!(refusals.refused("ada", "::1", NOW.plus_seconds(600)), Refusal::Entry);
    }

    #[test]
    fn a_flood_of_names_takes_bounded_room() {
        let refusals = Refusals::default();
        for number in 0..10_000 {
            refusals.refused(&format!("name{number}"), &format!("10.0.{number}"), NOW);
        }
        let told = refusals.take().expect("much was counted");
        assert!(told.starts_with("9990 more within 0 s") && told.len() < 400, "{told}");
    }
}
