//! The recurrence of a scheduled action: five cron fields in a time zone.
//! <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html>, which refers to crontab.

use super::time_zone::Zone;
use crate::Timestamp;
use crate::clock::date;

/// 29 February may be eight years away.
const FARTHEST_DAYS: i64 = 366 * 9;

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// One field: the numbers it takes, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    numbers: u64,
    /// It begins with `*`, so it doesn't restrict by itself.
    is_open: bool,
}

impl Field {
    fn takes(self, number: i64) -> bool {
        u32::try_from(number)
            .ok()
            .and_then(|number| self.numbers.checked_shr(number))
            .is_some_and(|bits| bits & 1 == 1)
    }
}

/// When something recurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

impl Cron {
    /// `[Minute] [Hour] [Day_of_Month] [Month_of_Year] [Day_of_Week]`: numbers, names of months and weekdays, `*`, lists,
    /// ranges and steps.
    pub(super) fn parse(text: &str) -> Option<Cron> {
        let mut fields = text.split_whitespace();
        let cron = Cron {
            minutes: field(fields.next()?, 0, 59, &[])?,
            hours: field(fields.next()?, 0, 23, &[])?,
            days: field(fields.next()?, 1, 31, &[])?,
            months: field(fields.next()?, 1, 12, MONTHS)?,
            weekdays: weekdays(fields.next()?)?,
        };
        fields.next().is_none().then_some(cron)
    }

    /// The first time after `after`; `None` when there is none for years, as of 30 February.
    pub(super) fn next(&self, after: Timestamp, zone: Zone) -> Option<Timestamp> {
        let after_minute = i64::try_from(after.0 / 60_000).ok()?;
        let mut local = zone.local(after_minute);
        let last = local.checked_add(FARTHEST_DAYS * 1440)?;
        loop {
            local = self.next_local(local + 1, last)?;
            let minute = zone.universal(local);
            if minute > after_minute {
                return u64::try_from(minute).ok()?.checked_mul(60_000).map(Timestamp);
            }
        }
    }

    /// The first local minute from `from` on.
    fn next_local(&self, from: i64, last: i64) -> Option<i64> {
        let mut day = from.div_euclid(1440);
        let mut earliest = from.rem_euclid(1440);
        while day.checked_mul(1440)? <= last {
            if self.takes_day(day)
                && let Some(minute) = (earliest..1440)
                    .find(|minute| self.hours.takes(minute / 60) && self.minutes.takes(minute % 60))
            {
                return Some(day * 1440 + minute);
            }
            (day, earliest) = (day + 1, 0);
        }
        None
    }

    /// Where both days are restricted, one of them is enough: crontab's rule.
    fn takes_day(&self, day: i64) -> bool {
        let Some(date) = date(day) else { return false };
        let by_day = self.days.takes(date.day().into());
        let by_weekday = self.weekdays.takes(date.weekday().number_days_from_sunday().into());
        let takes = if self.days.is_open || self.weekdays.is_open {
            by_day && by_weekday
        } else {
            by_day || by_weekday
        };
        takes && self.months.takes(u8::from(date.month()).into())
    }
}

/// Sunday is 0, and 7.
fn weekdays(text: &str) -> Option<Field> {
    let mut found = field(text, 0, 7, WEEKDAYS)?;
    found.numbers |= found.numbers >> 7 & 1;
    Some(found)
}

fn field(text: &str, least: u32, most: u32, names: &[&str]) -> Option<Field> {
    let number = |text: &str| -> Option<u32> {
        let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
        let number = match named {
            Some(place) => u32::try_from(place).ok()?.checked_add(least)?,
            None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
            None => return None,
        };
        (least..=most).contains(&number).then_some(number)
    };
    let mut numbers = 0_u64;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (least, most),
            (_, Some((from, to))) => (number(from)?, number(to)?),
            // With a step, one number is the beginning.
            (_, None) if step.is_some() => (number(range)?, most),
            (_, None) => (number(range)?, number(range)?),
        };
        if from > to {
            return None;
        }
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        numbers |= (from..=to).step_by(step).fold(0, |bits, number| bits | 1_u64 << number);
    }
    Some(Field { numbers, is_open: text.starts_with('*') })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(recurrence: &str, zone: &str, after: &str, expected: &[&str]) {
        let cron = Cron::parse(recurrence).expect(recurrence);
        let zone = Zone::named(zone).expect(zone);
        let mut at = Timestamp::parse(after).expect(after);
        for wanted in expected {
            at = cron.next(at, zone).expect("a time");
            assert_eq!(at.iso8601_seconds(), *wanted, "{recurrence} {zone:?}");
        }
    }

    #[test]
    fn recurrences_in_universal_time() {
        let utc = "Etc/UTC";
        check(
            "30 0 1 1,6,12 *",
            utc,
            "2026-01-31T08:15:30Z",
            &["2026-06-01T00:30:00Z", "2026-12-01T00:30:00Z"],
        );
        check("* * * * *", utc, "2026-01-31T08:15:30Z", &["2026-01-31T08:16:00Z", "2026-01-31T08:17:00Z"]);
        check(
            "*/20 8-9 * * *",
            utc,
            "2026-01-31T08:40:00Z",
            &["2026-01-31T09:00:00Z", "2026-01-31T09:20:00Z"],
        );
        check("0 8 * * MON-FRI", utc, "2026-01-30T08:00:00Z", &["2026-02-02T08:00:00Z"]);
        check("0 8 * * 7", utc, "2026-01-30T08:00:00Z", &["2026-02-01T08:00:00Z", "2026-02-08T08:00:00Z"]);
        check("0 0 29 2 *", utc, "2096-03-01T00:00:00Z", &["2104-02-29T00:00:00Z"]);
        check("0 0 13 * Fri", utc, "2026-02-06T00:00:00Z", &["2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z"]);
        check(
            "50/4 23 31 dec *",
            utc,
            "2026-12-31T23:54:00Z",
            &["2026-12-31T23:58:00Z", "2027-12-31T23:50:00Z"],
        );
    }

    #[test]
    fn recurrences_follow_their_time_zone() {
        check(
            "0 18 * * *",
            "Europe/Berlin",
            "2026-03-28T00:00:00Z",
            &["2026-03-28T17:00:00Z", "2026-03-29T16:00:00Z"],
        );
        check(
            "0 18 * * *",
            "America/New_York",
            "2026-10-31T00:00:00Z",
            &["2026-10-31T22:00:00Z", "2026-11-01T23:00:00Z"],
        );
        // An hour that isn't there, and one that is there twice.
        check("30 2 29 3 *", "Europe/Berlin", "2026-03-28T00:00:00Z", &["2026-03-29T01:30:00Z"]);
        check(
            "30 2 25 10 *",
            "Europe/Berlin",
            "2026-10-24T00:00:00Z",
            &["2026-10-25T00:30:00Z", "2027-10-25T00:30:00Z"],
        );
        check("0 0 * * *", "Etc/GMT+9", "1970-01-01T00:00:00Z", &["1970-01-01T09:00:00Z"]);
        check("0 0 * * *", "Asia/Kolkata", "2026-01-01T00:00:00Z", &["2026-01-01T18:30:00Z"]);
    }

    #[test]
    fn what_is_no_recurrence_is_none() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "5-1 * * * *",
            "a * * * *",
            "1, * * * *",
            "? * * * *",
            "-1 * * * *",
            "1-2-3 * * * *",
            "99999999999999999999 * * * *",
            "@daily",
            "* * * * L",
            "+1 * * * *",
            "*/99999999999 * * * *",
        ] {
            assert_eq!(Cron::parse(text), None, "{text}");
        }
        let never = Cron::parse("0 0 30 2 *").expect("a recurrence");
        assert_eq!(never.next(Timestamp(0), Zone::UTC), None);
        assert_eq!(never.next(Timestamp(u64::MAX), Zone::UTC), None);
    }
}
