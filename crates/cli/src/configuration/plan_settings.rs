//! From a deployment's settings to what a plan is assembled from.

use upgrade::{
    Announcement, Banner, BannerLevel, PlanSettings, PlatformCapabilities, SnapshotKind, Timestamp,
};

use super::DeploymentSettings;
use crate::words;

/// The banner when the owner has no words of their own.
const BANNER: &str =
    "Maintenance begins at {from} UTC{until}. Please save your work: what runs then will be stopped.";

impl DeploymentSettings {
    /// Whether a banner begins as ours do: all of it is never known again, for it tells the hour.
    #[must_use]
    pub fn may_have_written(&self, text: &str) -> bool {
        let own = self.maintenance.banner.as_deref().unwrap_or(BANNER);
        let beginning = own.split('{').next().unwrap_or_default();
        !beginning.is_empty() && text.starts_with(beginning)
    }

    /// What a plan is assembled from. `now` is when it is made, `ends_at` when the maintenance is expected to be over,
    /// `platform` what the adapter can do.
    #[must_use]
    pub fn plan_settings(
        &self,
        run_id: &str,
        now: Timestamp,
        ends_at: Option<Timestamp>,
        platform: PlatformCapabilities,
    ) -> PlanSettings {
        let maintenance = &self.maintenance;
        let closes_at = (maintenance.notice_seconds > 0)
            .then(|| Timestamp(now.0.saturating_add(maintenance.notice_seconds.saturating_mul(1000))));
        PlanSettings {
            deployment_name: self.name.clone(),
            run_id: run_id.to_owned(),
            maintenance: maintenance.policy.clone(),
            health: self.health.clone(),
            announcement: Announcement {
                banner: platform.banner.then(|| Banner {
                    text: banner_text(maintenance.banner.as_deref(), closes_at.unwrap_or(now), ends_at),
                    level: BannerLevel::Warning,
                    from: None,
                    until: None,
                }),
                closes_at,
            },
            admitted: maintenance.admitted.clone(),
            message: maintenance.message.clone(),
            snapshot_databases: maintenance.snapshots.contains(&SnapshotKind::Database),
            snapshot_volumes: maintenance.snapshots.contains(&SnapshotKind::Volume),
            platform,
        }
    }
}

/// The banner with its window filled in.
fn banner_text(own: Option<&str>, from: Timestamp, until: Option<Timestamp>) -> String {
    let until = until.map(words::moment);
    let (text, until) = match own {
        Some(own) => (own, until.unwrap_or_else(|| "its end".to_owned())),
        None => (BANNER, until.map(|until| format!(" and ends about {until} UTC")).unwrap_or_default()),
    };
    text.replace("{from}", &words::moment(from)).replace("{until}", &until)
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
        let later = Timestamp(NOON.0 + 7_200_000);
        for (lines, ends_at, text, closes_at) in [
            (
                "",
                None,
                "Maintenance begins at 2026-11-25 12:00:00 UTC. Please save your work: what runs then will be stopped.",
                None,
            ),
            (
                "maintenance = { notice = \"30m\" }",
                Some(later),
                "Maintenance begins at 2026-11-25 12:30:00 UTC and ends about 2026-11-25 14:00:00 UTC. Please save your \
                 work: what runs then will be stopped.",
                Some(Timestamp(NOON.0 + 1_800_000)),
            ),
            (
                "maintenance = { banner = \"From {from} to {until}\" }",
                None,
                "From 2026-11-25 12:00:00 to its end",
                None,
            ),
        ] {
            let made = settings(lines).plan_settings("run-1", NOON, ends_at, banner);
            assert_eq!(made.announcement.banner.map(|banner| banner.text).as_deref(), Some(text));
            assert_eq!(made.announcement.closes_at, closes_at);
        }
    }

    #[test]
    fn what_the_owner_decided_reaches_the_plan() {
        let lines = "[deployments.p.maintenance]\nsnapshots = [\"volumes\"]\nadmitted = [\"203.0.113.0/24\"]\n\
                     message = \"Soon\"\nmute_alarms = false\n[deployments.p.health]\nquiet = \"1s\"\n";
        let none = PlatformCapabilities::NONE;
        let made = settings(lines).plan_settings("run-1", NOON, None, none);
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
