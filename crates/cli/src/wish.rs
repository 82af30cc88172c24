//! What an operator asks for on the command line, as planning takes it.

mod stack_options;

use conductor::Clock;
use upgrade::{Acceptance, Before, Timestamp, UnfitOption, UpgradeChoices};

use crate::arguments::{Entering, Wish};
use crate::configuration::duration;
use crate::error::{CliError, Exit, UNTOUCHED};
use crate::inputs::InputError;
use crate::planning::{NewRelease, Prepared, UpgradeRequest, run_id};
use crate::site::Site;
use crate::zone::{self, Zone};

#[derive(Debug, thiserror::Error)]
pub(crate) enum WishError {
    #[error("no release is named")]
    NoRelease,
    #[error("{option} {text}: write how long from now (30m, 2h) or a time of day in {zone} (22:00)")]
    When { option: &'static str, text: String, zone: String },
    #[error("--notice {0}: write how long, such as 30m or 1h30m")]
    Notice(String),
    #[error("{option}: {unfit}")]
    StackOption { option: &'static str, unfit: UnfitOption },
    #[error("--tag {0} and --remove-tag {0}: which of the two?")]
    TagBothWays(String),
    /// `what` says what was meant: `check`, `resource …`, `session …`.
    #[error("{option} {name}: there is no such {what}{}", nearest_of(nearest))]
    Unknown { option: &'static str, name: String, what: &'static str, nearest: Vec<String> },
}

fn nearest_of(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; the nearest: {}", names.join(", ")) }
}

impl From<WishError> for CliError {
    fn from(error: WishError) -> CliError {
        let hint = match error {
            WishError::NoRelease => {
                "name it with --to FILE|URL, or carry out a kept plan with --plan FILE --approve HASH"
            }
            WishError::When { .. }
            | WishError::Notice(_)
            | WishError::StackOption { .. }
            | WishError::TagBothWays(_)
            | WishError::Unknown { .. } => UNTOUCHED,
        };
        CliError::new(Exit::BadInput, error).hint(hint)
    }
}

/// The request for a deployment within reach.
pub(crate) async fn request(site: &Site, wish: &Wish) -> Result<UpgradeRequest, CliError> {
    let named = wish.to.as_deref().ok_or(WishError::NoRelease)?;
    let release = NewRelease::named(site, named).await?;
    for (key, _) in &wish.parameters {
        if !release.template.parameters.contains_key(key) {
            return Err(InputError::UnknownParameter(key.clone()).into());
        }
    }
    let who = who();
    let accepted = wish.accept.iter().chain(&wish.accept_replacement).map(|what| Acceptance {
        what: what.clone(),
        who: who.clone(),
        why: wish.why.clone(),
        of: Vec::new(),
    });
    Ok(UpgradeRequest {
        release,
        choices: UpgradeChoices {
            given: wish.parameters.iter().cloned().collect(),
            accepted: accepted.collect(),
            options: stack_options::update_options(site, &wish.stack_options).await?,
            force_sessions: wish.entering.force_session.clone(),
            closes_at: closes_at(&wish.entering, &site.clock)?,
            accepts_everything: false,
        },
        take_fixes: wish.fix,
        run_id: run_id(&site.settings.name, &site.clock)?,
        inherited: Before::default(),
    })
}

/// What was accepted or may be forced must be there: a slip of the pen would pass for a decision.
pub(crate) fn refuse_unknown(wish: &Wish, prepared: &Prepared) -> Result<(), WishError> {
    let checks = prepared.checks.iter().map(|check| check.id.as_str());
    known("--accept", "check", &wish.accept, checks)?;
    let resources = prepared.resources.iter().map(String::as_str);
    known("--accept-replacement", "resource in the stack", &wish.accept_replacement, resources)?;
    known_sessions(&wish.entering.force_session, prepared.sessions.iter().map(String::as_str))
}

/// The same for sessions alone.
pub(crate) fn known_sessions<'a>(
    given: &[String],
    there: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), WishError> {
    known("--force-session", "session at this moment", given, there)
}

fn known<'a>(
    option: &'static str,
    what: &'static str,
    given: &[String],
    there: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), WishError> {
    match given.iter().find(|name| !there.clone().any(|one| one == *name)) {
        None => Ok(()),
        Some(name) => Err(WishError::Unknown {
            option,
            name: name.clone(),
            what,
            nearest: upgrade::nearest(name, there),
        }),
    }
}

/// Who works here, as the system knows them.
pub(crate) fn who() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"];
    let found = name.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    found.unwrap_or_else(|| "somebody".to_owned())
}

/// `30m` from now, or `22:00` in the zone, today or tomorrow. `option` is what it was given with.
pub(crate) fn when(option: &'static str, text: &str, clock: &Clock) -> Result<Timestamp, WishError> {
    let now = clock.now();
    let zone = zone::current();
    when_from(text, now, &zone).ok_or_else(|| WishError::When {
        option,
        text: text.to_owned(),
        zone: zone.name().to_owned(),
    })
}

/// When the gate closes: at a time, or after a notice.
pub(crate) fn closes_at(wish: &Entering, clock: &Clock) -> Result<Option<Timestamp>, WishError> {
    match (wish.at.as_deref(), wish.notice.as_deref()) {
        (Some(text), _) => when("--at", text, clock).map(Some),
        (None, Some(text)) => match duration::seconds(text) {
            Some(seconds) => Ok(Some(Timestamp(clock.now().0.saturating_add(seconds.saturating_mul(1000))))),
            None => Err(WishError::Notice(text.to_owned())),
        },
        (None, None) => Ok(None),
    }
}

fn when_from(text: &str, now: Timestamp, zone: &Zone) -> Option<Timestamp> {
    if let Some(seconds) = duration::seconds(text) {
        return Some(Timestamp(now.0.saturating_add(seconds.saturating_mul(1000))));
    }
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i8>().ok().filter(|_| digits)
    };
    zone.next(number(hours)?, number(minutes)?, now)
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, when_from};

    #[test]
    fn a_time_is_from_now_or_of_the_day() {
        // 2026-01-01T12:30:00Z
        let now = 1_767_270_600_000;
        for (text, expected) in [
            ("30m", Some(now + 30 * 60_000)),
            ("2h", Some(now + 7_200_000)),
            ("22:00", Some(now + 9 * 3_600_000 + 1_800_000)),
            ("12:30", Some(now + 86_400_000)),
            ("00:05", Some(now + 11 * 3_600_000 + 2_100_000)),
            ("24:00", None),
            ("7:5", None),
            ("noon", None),
            ("", None),
        ] {
            let utc = crate::zone::Zone::default();
            assert_eq!(when_from(text, Timestamp(now), &utc), expected.map(Timestamp), "{text}");
        }
    }
}
