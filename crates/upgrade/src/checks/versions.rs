//! Whether the deployed release may go to the new one at once. What a backup or a role stack must have is in
//! `linked_stacks`.

use template::{Node, Template};

use super::finding::Finding;
use super::{Check, CheckInput, CheckResult, Version};

/// What a release says of itself: in its template, or in a catalogue that knows better.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReleaseFacts {
    pub version: Option<String>,
    /// The least version that may upgrade to it.
    pub least_version_from: Option<String>,
    /// Versions that an upgrade must not pass over.
    pub required_stops: Vec<String>,
    /// The least version of the backup stack.
    pub least_backup_version: Option<String>,
}

impl ReleaseFacts {
    /// What the template says: `Metadata`, the entry `<Vendor>::VersionInfo`, its keys `Version`, `MinimumUpgradeFrom`,
    /// `RequiredStops` (a list, or one text) and `MinimumBackupVersion`. The last three are slackwater's own: no
    /// vendor is known to write them yet.
    #[must_use]
    pub fn from_template(template: &Template) -> ReleaseFacts {
        let entries = template.metadata.as_ref().and_then(Node::as_mapping);
        let info = entries.into_iter().flatten().find_map(|(key, entry)| {
            (key.ends_with("::VersionInfo") && entry.value.get("Version").is_some()).then_some(&entry.value)
        });
        let text = |name: &str| info?.get(name)?.scalar_text().map(str::to_owned);
        let stops = info.and_then(|info| info.get("RequiredStops"));
        let stops = stops.map(|node| node.as_sequence().unwrap_or(std::slice::from_ref(node)));
        ReleaseFacts {
            version: text("Version"),
            least_version_from: text("MinimumUpgradeFrom"),
            required_stops: stops
                .unwrap_or_default()
                .iter()
                .filter_map(|stop| stop.scalar_text().map(str::to_owned))
                .collect(),
            least_backup_version: text("MinimumBackupVersion"),
        }
    }

    /// These facts where they are known, the template's where they are not.
    #[must_use]
    pub fn or(self, template: ReleaseFacts) -> ReleaseFacts {
        ReleaseFacts {
            version: self.version.or(template.version),
            least_version_from: self.least_version_from.or(template.least_version_from),
            required_stops: if self.required_stops.is_empty() {
                template.required_stops
            } else {
                self.required_stops
            },
            least_backup_version: self.least_backup_version.or(template.least_backup_version),
        }
    }
}

/// Not a downgrade, not from too old a release, not past a required stop.
pub(super) const VERSION_PATH: Check = Check::new("version-path", "Version path", path);

fn path(input: &CheckInput<'_>, mut finding: Finding) -> CheckResult {
    let (Some(from_text), Some(to_text)) = (input.version_before(), input.release.version.clone()) else {
        return finding.skipped(
            "A template doesn't tell its version, so nobody can say whether this is an upgrade: compare the releases' \
             notes yourself.",
        );
    };
    let (Some(from), Some(to)) = (Version::parse(&from_text), Version::parse(&to_text)) else {
        finding.warn(
            format!("{from_text} and {to_text} can't be compared: they are not both numbers with points."),
            "Look in the vendor's notes whether this step is allowed.",
        );
        return finding.done();
    };
    if to < from {
        finding.fail(
            format!("{to} is older than {from}, which is deployed."),
            "A platform's data rarely fits an older release. Choose a newer release; to go back after an upgrade, \
             restore from backup.",
        );
        return finding.done();
    }
    if to == from {
        finding.note(format!("{from} stays: only parameters or the template's text change."));
    } else {
        finding.note(format!("From {from} to {to}."));
    }
    if let Some(text) = &input.release.least_version_from {
        match Version::parse(text) {
            Some(least) if from < least => finding.fail(
                format!("{to} can only be reached from {least} or newer; {from} is deployed."),
                format!("Upgrade to {least} first."),
            ),
            Some(least) => finding.note(format!("{to} can be reached from {least} on.")),
            None => finding.warn(
                format!("The release says that it can be reached from {text} on, which is no version."),
                "Ask the vendor which releases may go to this one.",
            ),
        }
    }
    let mut stops: Vec<Version> =
        input.release.required_stops.iter().filter_map(|stop| Version::parse(stop)).collect();
    stops.sort();
    let passed_over: Vec<&Version> = stops.iter().filter(|stop| from < **stop && **stop < to).collect();
    if let Some(first) = passed_over.first() {
        let names: Vec<String> = passed_over.iter().map(ToString::to_string).collect();
        finding.fail(
            format!("The way from {from} to {to} must stop at {}.", names.join(", then ")),
            format!("Upgrade to {first} first, let it finish its own migrations, then go on."),
        );
    }
    for unread in input.release.required_stops.iter().filter(|stop| Version::parse(stop).is_none()) {
        finding.warn(
            format!("The release names the required stop {unread}, which is no version."),
            "Ask the vendor which releases may not be passed over.",
        );
    }
    finding.done()
}
