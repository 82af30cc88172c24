//! `[accepted.CHECK]`: what is so every evening, accepted until a day by somebody who gives the reason. At the top for every
//! deployment, under a deployment for it alone.

use time::{Date, Month};
use upgrade::Timestamp;

use super::problem::ProblemKind;
use super::reader::{Day, Table, Word};

/// A check's warning that its owner has accepted for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedCheck {
    /// The check's id.
    pub check: String,
    pub reason: String,
    pub who: String,
    /// The last day on which it counts, UTC, such as `2027-03-31`.
    pub until: String,
    /// When that day is over.
    pub over: Timestamp,
}

impl AcceptedCheck {
    /// Whether its last day is over.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.over
    }

    /// By whom, as plans and reports name them: a person, and that it was not on the evening.
    #[must_use]
    pub fn by(&self) -> String {
        format!("{} (settings, until {})", self.who, self.until)
    }
}

/// The entries of a table of settings.
pub(super) fn read(table: &Table<'_>) -> Vec<AcceptedCheck> {
    table.named_tables("accepted", entry)
}

fn entry(check: &Word, table: &Table<'_>) -> Option<AcceptedCheck> {
    let may = is_settled_here(check, table);
    let reason = written(table, "reason", "why it may be so, for whoever reads the plan");
    let who = written(table, "who", "the person who decided it");
    let day = table.day("until");
    if !table.has("until") {
        table.missing("until", "the last day on which it counts, such as until = 2027-03-31");
    }
    let (until, over) = day_over(table, day?)?;
    may.then_some(AcceptedCheck { check: check.text.clone(), reason: reason?, who: who?, until, over })
}

/// Whether a check is one that settings may settle; a problem at its name where it isn't.
fn is_settled_here(check: &Word, table: &Table<'_>) -> bool {
    let standing = upgrade::standing_checks();
    if standing.contains(&check.text.as_str()) {
        return true;
    }
    let standing = standing.join(", ");
    let why = if upgrade::check_ids().any(|id| id == check.text) {
        format!(
            "only what is so every evening is settled here ({standing}). What an evening brings, what is replaced or lost, storage, \
             permissions, the gate, and what can't be taken back are accepted on the evening, with --accept CHECK --why TEXT"
        )
    } else {
        format!("there is no such check; what is so every evening is settled here ({standing})")
    };
    table.problem(check.at.clone(), ProblemKind::NotSettled { check: check.text.clone(), why });
    false
}

fn written(table: &Table<'_>, key: &'static str, why: &'static str) -> Option<String> {
    let word = table.needed_text(key, why)?;
    if word.text.trim().is_empty() {
        table.unfit(key, &word, format!("say {why}"));
        return None;
    }
    Some(word.text)
}

/// The day as it is written, and when it is over.
fn day_over(table: &Table<'_>, day: Day) -> Option<(String, Timestamp)> {
    let Day { word, year, month, day } = day;
    let date = Month::try_from(month).ok().and_then(|month| Date::from_calendar_date(year, month, day).ok());
    let Some(next) = date.and_then(Date::next_day) else {
        table.unfit("until", &word, "there is no such day");
        return None;
    };
    let seconds = u64::try_from(next.midnight().assume_utc().unix_timestamp()).unwrap_or(0);
    Some((word.text, Timestamp(seconds.saturating_mul(1000))))
}
