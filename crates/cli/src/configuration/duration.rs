//! Durations as people write them: `90s`, `30m`, `2h`, `1d`, `1h30m`.

/// What is wanted, in messages.
pub(super) const DURATION: &str = "a duration such as \"90s\", \"30m\", \"2h\" or \"1h30m\"";

/// Seconds of a duration; `None` when it isn't one. Larger units come first and each at most once.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    let mut last = u64::MAX;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|one: char| !one.is_ascii_digit())?;
        let (number, unit_and_more) = rest.split_at_checked(digits)?;
        let unit = match unit_and_more.chars().next()? {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        if unit >= last {
            return None;
        }
        last = unit;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        rest = unit_and_more.get(1..)?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("90s", Some(90)),
            ("0s", Some(0)),
            ("30m", Some(1_800)),
            ("2h", Some(7_200)),
            ("1d", Some(86_400)),
            ("1h30m", Some(5_400)),
            ("", None),
            ("30", None),
            ("30 m", None),
            ("m", None),
            ("30m1h", None),
            ("5m5m", None),
            ("-5m", None),
            ("5µ", None),
            ("99999999999999999999d", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
