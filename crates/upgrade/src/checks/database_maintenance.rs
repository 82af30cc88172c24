//! Databases that RDS maintains by itself while users are kept out. A database that is being maintained takes no change and
//! no snapshot.
//! <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Maintenance.html>

use super::finding::{Finding, list};
use super::{Check, CheckInput, CheckResult};
use crate::Timestamp;
use crate::circumstances::Database;

const MINUTES_A_DAY: u64 = 24 * 60;
const MINUTES_A_WEEK: u64 = 7 * MINUTES_A_DAY;

/// Whether a maintenance window of a database falls into the upgrade's, and something waits for it.
pub(super) const DATABASE_MAINTENANCE: Check =
    Check::new("database-maintenance", "Database maintenance", check);

fn check(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let databases = match &input.circumstances.databases {
        Ok(databases) => databases,
        Err(reason) => return finding.skipped(format!("Databases could not be looked at: {reason}")),
    };
    if databases.is_empty() {
        return finding.skipped("The stack has no RDS database instance.");
    }
    let advice = "Choose another time (--at), or have it applied before (aws rds apply-pending-maintenance-action; aws rds \
                  modify-db-instance --apply-immediately).";
    for database in databases {
        let Database { logical_id: name, maintenance_window: window, waiting, .. } = database;
        let Some(weekly) = weekly(window) else {
            finding.note(format!("{name}: RDS tells no maintenance window."));
            continue;
        };
        if !falls_into(weekly, input.window) {
            finding
                .note(format!("{name}: its maintenance window ({window} UTC) doesn't fall into this one."));
            continue;
        }
        let falls = format!("{name}: its maintenance window ({window} UTC) falls into the maintenance");
        let mut waits = waiting.clone();
        match &input.circumstances.pending_maintenance {
            Ok(pending) => waits.extend(pending.iter().filter(|one| one.logical_id == *name).map(|one| {
                let date = one.applied_at.as_ref().map(|date| format!(" ({date})")).unwrap_or_default();
                format!("{}{date}", one.action)
            })),
            Err(reason) => finding.warn(
                format!("{falls}, and what waits for it could not be looked at: {reason}."),
                "See what waits (aws rds describe-pending-maintenance-actions).",
            ),
        }
        if waits.is_empty() {
            finding.note(format!("{falls}; nothing is known to wait for it."));
        } else {
            let waits = list(waits.iter().map(String::as_str));
            finding.warn(
                format!(
                    "{falls}, and this waits for it: {waits}. While RDS does that, the database takes no change and no \
                     snapshot."
                ),
                advice,
            );
        }
    }
    finding.done()
}

/// `sun:05:00-sun:05:30` as minutes of the week, from Sunday on: where it begins, and how long it lasts.
fn weekly(window: &str) -> Option<(u64, u64)> {
    let (from, until) = window.split_once('-')?;
    let (from, until) = (minute_of_week(from)?, minute_of_week(until)?);
    Some((from, (until + MINUTES_A_WEEK - from) % MINUTES_A_WEEK))
}

fn minute_of_week(text: &str) -> Option<u64> {
    let mut parts = text.trim().split(':');
    let day = parts.next()?.to_lowercase();
    let day = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"].iter().position(|one| *one == day)?;
    let (hour, minute): (u64, u64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (hour < 24 && minute < 60).then(|| day as u64 * MINUTES_A_DAY + hour * 60 + minute)
}

fn falls_into((begins, lasts): (u64, u64), (from, until): (Timestamp, Timestamp)) -> bool {
    // 1970 began on a Thursday.
    let minute = (from.0 / 60_000 + 4 * MINUTES_A_DAY) % MINUTES_A_WEEK;
    let minutes = until.milliseconds_since(from).div_ceil(60_000);
    let until_it_begins = (begins + MINUTES_A_WEEK - minute) % MINUTES_A_WEEK;
    let since_it_began = (minute + MINUTES_A_WEEK - begins) % MINUTES_A_WEEK;
    until_it_begins < minutes || since_it_began < lasts
}

#[cfg(test)]
mod tests {
    use super::{falls_into, weekly};
    use crate::Timestamp;

    #[test]
    fn a_weekly_window_falls_into_another_or_not() {
        // 2027-01-17 is a Sunday.
        let sunday = 1_800_144_000_000_u64;
        let hour = 3_600_000;
        for (window, from, hours, falls) in [
            ("sun:05:00-sun:05:30", 4, 2, true),
            ("sun:05:00-sun:05:30", 5, 1, true),
            ("sun:05:00-sun:05:30", 6, 2, false),
            ("sun:05:00-sun:05:30", 2, 3, false),
            ("sun:05:00-sun:05:30", 24 + 4, 2, false),
            // Over the end of the week.
            ("sat:23:45-sun:00:15", 0, 1, true),
            ("sat:23:45-sun:00:15", 24 * 6 + 23, 1, true),
            ("sat:23:45-sun:00:15", 1, 1, false),
            ("Mon:00:15-Mon:00:45", 23, 2, true),
            ("sun:05:00-sun:05:30", 24, 24 * 7, true),
        ] {
            let from = sunday + from * hour;
            let weekly = weekly(window).expect("a window");
            let window_of_run = (Timestamp(from), Timestamp(from + hours * hour));
            assert_eq!(falls_into(weekly, window_of_run), falls, "{window} {from} {hours}");
        }
        assert_eq!(weekly("sometime"), None);
        assert_eq!(weekly("sun:25:00-sun:26:00"), None);
    }
}
