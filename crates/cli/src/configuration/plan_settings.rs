//! From a deployment's settings to what a plan is assembled from.

use upgrade::{
    Announcement, Banner, BannerLevel, PlanSettings, PlatformCapabilities, SnapshotKind, Timestamp,
};

use super::DeploymentSettings;
use crate::words;
use crate::zone::Zone;

/// The banner when the owner has no words of their own.
const BANNER: &str =
    "Maintenance begins at {from}{until}. Please save your work: what runs then will be stopped.";

/// When maintenance is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// When the gate closes; `None`: after the settings' notice.
    pub closes_at: Option<Timestamp>,
    /// How long users are expected to be kept out; `None`: nobody knows.
    pub lasts_milliseconds: Option<u64>,
}

impl DeploymentSettings {
    /// Whether a banner begins as ours do: all of it is never known again, for it tells the hour.
    #[must_use]
    pub fn may_have_written(&self, text: &str) -> bool {
        let own = self.maintenance.banner.as_deref().unwrap_or(BANNER);
        let beginning = own.split('{').next().unwrap_or_default();
        !beginning.is_empty() && text.starts_with(beginning)
    }

    /// When the gate closes: as it was said, or after the notice; `None`: at once.
    #[must_use]
    pub fn closes_at(&self, now: Timestamp, window: Window) -> Option<Timestamp> {
        let notice = self.maintenance.notice_seconds.saturating_mul(1000);
        let after_notice = || (notice > 0).then(|| Timestamp(now.0.saturating_add(notice)));
        window.closes_at.or_else(after_notice)
    }

    /// What a plan is assembled from. `now` is when it is made, `window` what was said of its time, `platform` what the
    /// adapter can do.
    #[must_use]
    pub fn plan_settings(
        &self,
        run_id: &str,
        now: Timestamp,
        window: Window,
        platform: PlatformCapabilities,
    ) -> PlanSettings {
        let maintenance = &self.maintenance;
        let closes_at = self.closes_at(now, window);
        let from = closes_at.unwrap_or(now);
        let ends_at = window.lasts_milliseconds.map(|lasts| Timestamp(from.0.saturating_add(lasts)));
        PlanSettings {
            deployment_name: self.name.clone(),
            run_id: run_id.to_owned(),
            state: String::new(),
            left_without_state: false,
            maintenance: maintenance.policy.clone(),
            health: self.health.clone(),
            announcement: Announcement {
                banner: platform.banner.then(|| Banner {
                    text: banner_text(&self.time_zone, maintenance.banner.as_deref(), from, ends_at),
                    level: BannerLevel::Warning,
                    from: None,
                    until: None,
                }),
                closes_at,
            },
            gateless: self.gateless,
            door_words: self.doors.clone(),
            admitted: maintenance.admitted.clone(),
            message: message_text(&self.time_zone, maintenance.message.as_deref(), from, ends_at),
            snapshot_databases: maintenance.snapshots.contains(&SnapshotKind::Database),
            snapshot_volumes: maintenance.snapshots.contains(&SnapshotKind::Volume),
            platform,
        }
    }
}

/// The banner with its window filled in.
fn banner_text(zone: &Zone, own: Option<&str>, from: Timestamp, until: Option<Timestamp>) -> String {
    match own {
        Some(own) => filled_in(zone, own, from, until),
        None => {
            let until = until.map(|until| format!(" and ends about {}", minute(zone, until)));
            BANNER.replace("{from}", &minute(zone, from)).replace("{until}", &until.unwrap_or_default())
        }
    }
}

/// The maintenance page's message; `None`: the usual one, with nothing to add.
fn message_text(zone: &Zone, own: Option<&str>, from: Timestamp, until: Option<Timestamp>) -> Option<String> {
    match own {
        Some(own) => Some(filled_in(zone, own, from, until)),
        None => until.map(|until| {
            format!(
                "A new version is being installed; that is expected to be over about {}.",
                minute(zone, until)
            )
        }),
    }
}

/// The owner's words say in which zone, by `{zone}` or in their own way.
fn filled_in(zone: &Zone, own: &str, from: Timestamp, until: Option<Timestamp>) -> String {
    let (from, called) = words::minute(zone, from);
    let until = until.map_or_else(|| "its end".to_owned(), |until| words::minute(zone, until).0);
    own.replace("{from}", &from).replace("{until}", &until).replace("{zone}", &called)
}

/// `2026-11-23 08:15 UTC`.
fn minute(zone: &Zone, at: Timestamp) -> String {
    let (minute, called) = words::minute(zone, at);
    format!("{minute} {called}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;

    const NOON: Timestamp = Timestamp(1_795_608_000_000);

    fn settings(lines: &str) -> DeploymentSettings {
        let text = format!("[deployments.p]\nstack = \"s\"\nregion = \"us-east-1\"\n{lines}");
        let read = Configuration::parse("f.toml", &text).unwrap_or_else(|problems| panic!("{problems}"));
        read.deployment(None).expect("the only one").clone()
    }

    #[test]
    fn the_window_is_in_the_banner() {
        let banner = PlatformCapabilities { banner: true, ..PlatformCapabilities::NONE };
        let lasting =
            |hours: u64| Window { lasts_milliseconds: Some(hours * 3_600_000), ..Window::default() };
        let at_two = Window { closes_at: Some(Timestamp(NOON.0 + 7_200_000)), ..lasting(1) };
        for (lines, window, text, closes_at) in [
            (
                "",
                Window::default(),
                "Maintenance begins at 2026-11-25 12:00 UTC. Please save your work: what runs then will be stopped.",
                None,
            ),
            (
                "maintenance = { notice = \"30m\" }",
                lasting(2),
                "Maintenance begins at 2026-11-25 12:30 UTC and ends about 2026-11-25 14:30 UTC. Please save your \
                 work: what runs then will be stopped.",
                Some(Timestamp(NOON.0 + 1_800_000)),
            ),
            (
                "maintenance = { banner = \"From {from} to {until}\" }",
                Window::default(),
                "From 2026-11-25 12:00 to its end",
                None,
            ),
            (
                "maintenance = { notice = \"30m\", banner = \"From {from} to {until}\" }",
                at_two,
                "From 2026-11-25 14:00 to 2026-11-25 15:00",
                at_two.closes_at,
            ),
        ] {
            let made = settings(lines).plan_settings("run-1", NOON, window, banner);
            assert_eq!(made.announcement.banner.map(|banner| banner.text).as_deref(), Some(text));
            assert_eq!(made.announcement.closes_at, closes_at);
        }
    }

    #[test]
    fn the_window_is_told_in_the_zone_of_the_settings() {
        let banner = PlatformCapabilities { banner: true, ..PlatformCapabilities::NONE };
        let hour = Window { lasts_milliseconds: Some(3_600_000), ..Window::default() };
        let own = "maintenance = { banner = \"From {from} to {until}, {zone}\" }";
        for (lines, text) in [
            ("", "Maintenance begins at 2026-11-25 21:00 JST and ends about 2026-11-25 22:00 JST. Please"),
            (own, "From 2026-11-25 21:00 to 2026-11-25 22:00, JST"),
        ] {
            let text_of = format!(
                "time_zone = \"Asia/Tokyo\"\n[deployments.p]\nstack = \"s\"\nregion = \"us-east-1\"\n{lines}"
            );
            let read =
                Configuration::parse("f.toml", &text_of).unwrap_or_else(|problems| panic!("{problems}"));
            let settings = read.deployment(None).expect("the only one");
            let made = settings.plan_settings("run-1", NOON, hour, banner);
            let banner = made.announcement.banner.expect("there is one").text;
            assert!(banner.starts_with(text), "{banner}");
            let message = made.message.expect("there is one");
            assert!(message.contains("over about 2026-11-25 22:00 JST"), "{message}");
        }
    }

    #[test]
    fn the_window_is_on_the_page() {
        let lasting =
            |hours: u64| Window { lasts_milliseconds: Some(hours * 3_600_000), ..Window::default() };
        for (lines, window, message) in [
            ("", Window::default(), None),
            (
                "",
                lasting(1),
                Some(
                    "A new version is being installed; that is expected to be over about 2026-11-25 13:00 UTC.",
                ),
            ),
            ("maintenance = { message = \"Until {until}\" }", lasting(1), Some("Until 2026-11-25 13:00")),
            ("maintenance = { message = \"Until {until}\" }", Window::default(), Some("Until its end")),
        ] {
            let made = settings(lines).plan_settings("run-1", NOON, window, PlatformCapabilities::NONE);
            assert_eq!(made.message.as_deref(), message);
        }
    }

    #[test]
    fn what_the_owner_decided_reaches_the_plan() {
        let lines = "[deployments.p.maintenance]\nsnapshots = [\"volumes\"]\nadmitted = [\"203.0.113.0/24\"]\n\
                     message = \"Soon\"\nmute_alarms = false\n[deployments.p.health]\nquiet = \"1s\"\n";
        let none = PlatformCapabilities::NONE;
        let made = settings(lines).plan_settings("run-1", NOON, Window::default(), none);
        assert_eq!((made.deployment_name.as_str(), made.run_id.as_str()), ("p", "run-1"));
        assert_eq!((made.snapshot_databases, made.snapshot_volumes), (false, true));
        assert_eq!(
            (made.admitted.as_slice(), made.message.as_deref()),
            (&["203.0.113.0/24".to_owned()][..], Some("Soon"))
        );
        assert_eq!((made.maintenance.mute_alarms, made.health.quiet_seconds), (false, 1));
        assert!(made.announcement.banner.is_none(), "the adapter shows none");
    }
}
