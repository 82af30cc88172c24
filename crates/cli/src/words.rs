//! Times, durations and counts as people read them, and the maintenance in which a deployment is.

use upgrade::{Maintenance, Timestamp};

/// `08:15:30`, UTC.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    let iso = localcloud::Timestamp(at.0).iso8601();
    iso.get(11..19).unwrap_or(&iso).to_owned()
}

/// `2026-11-23 08:15:30`, UTC.
pub(crate) fn moment(at: Timestamp) -> String {
    let iso = localcloud::Timestamp(at.0).iso8601();
    iso.get(..19).unwrap_or(&iso).replace('T', " ")
}

/// `0.4 s`, `12.0 s`, `3 min 05 s`, `1 h 02 min`.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 job`, `2 jobs`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// `In maintenance since 2026-11-29 22:00:00 UTC, by ada (run production-…).`
#[must_use]
pub fn already(found: &Maintenance) -> String {
    let Maintenance { run_id, since, by, state: _ } = found;
    let since = since.map(|since| format!(" since {} UTC", moment(since))).unwrap_or_default();
    let by = by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
    format!("In maintenance{since}{by} (run {run_id}).")
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_well() {
        for (milliseconds, text) in [
            (0, "0.0 s"),
            (999, "0.9 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min 00 s"),
            (3_599_000, "59 min 59 s"),
            (3_720_000, "1 h 02 min"),
        ] {
            assert_eq!(duration(milliseconds), text);
        }
    }
}
