//! The lab's templates, carried in the program, and which release an upgrade to another begins at.

use std::path::Path;

use crate::error::CliError;

macro_rules! lab_template {
    ($name:literal) => {
        LabTemplate { name: $name, text: include_str!(concat!("../../../../deploy/lab/", $name)) }
    };
}

/// A template of the lab.
#[derive(Debug, Clone, Copy)]
pub(super) struct LabTemplate {
    /// Its file's name.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The first backup stack.
const BACKUP: LabTemplate = lab_template!("backup-1.0.0.yaml");
/// The backup stack that a deployment should have.
pub(super) const NEW_BACKUP: LabTemplate = lab_template!("backup-1.1.0.yaml");
/// The first deployment role.
const ROLE: LabTemplate = lab_template!("deployment-role-1.0.0.yaml");
/// The deployment role that a deployment should have.
pub(super) const NEW_ROLE: LabTemplate = lab_template!("deployment-role-1.1.0.yaml");
const FIRST: LabTemplate = lab_template!("primary-1.0.0.yaml");
const SECOND: LabTemplate = lab_template!("primary-1.1.0.yaml");
const BAD: LabTemplate = lab_template!("primary-1.2.0-bad.yaml");
const FAILS: LabTemplate = lab_template!("primary-1.3.0-fails.yaml");

/// Every release of the lab that an operator may want.
pub(super) const ALL: [LabTemplate; 8] = [FIRST, SECOND, BAD, FAILS, BACKUP, NEW_BACKUP, ROLE, NEW_ROLE];

/// A release as the lab's catalogue has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct CatalogueRelease {
    /// Its version, as its template tells it.
    pub version: &'static str,
    /// Its template.
    pub template: LabTemplate,
    /// The least version that may be upgraded to it.
    pub from_at_least: Option<&'static str>,
    /// What its vendor says.
    pub notes: &'static str,
}

/// The releases of the primary stack, oldest first.
pub(super) const RELEASES_IN_ORDER: [CatalogueRelease; 4] = [
    CatalogueRelease { version: "1.0.0", template: FIRST, from_at_least: None, notes: "The first one." },
    CatalogueRelease {
        version: "1.1.0",
        template: SECOND,
        from_at_least: Some("1.0.0"),
        notes: "A new web service, and workers of a newer kind.",
    },
    CatalogueRelease {
        version: "1.2.0",
        template: BAD,
        from_at_least: Some("1.1.0"),
        notes: "Its web service never becomes healthy: shows the way back.",
    },
    CatalogueRelease {
        version: "1.3.0",
        template: FAILS,
        from_at_least: Some("1.1.0"),
        notes: "Its update fails half-way: shows the rollback.",
    },
];

/// An upgrade that the lab can show.
#[derive(Debug, Clone, Copy)]
pub(super) struct LabUpgrade {
    /// The release that it begins at, and its version.
    pub from: (LabTemplate, &'static str),
    /// The backup stack to begin with.
    pub backup: LabTemplate,
    /// The deployment role to begin with.
    pub role: LabTemplate,
    /// The release that it leads to, and its version.
    pub to: (LabTemplate, &'static str),
}

impl LabUpgrade {
    /// By what follows `--to`; 1.1.0 without it.
    pub(super) fn named(to: Option<&Path>) -> Result<LabUpgrade, CliError> {
        let named = to.map_or("1.1.0".into(), |to| to.to_string_lossy());
        let (first, second) = ((FIRST, "1.0.0"), (SECOND, "1.1.0"));
        // Who has come to 1.1.0 has updated the linked stacks with it.
        let later = |to| LabUpgrade { from: second, backup: NEW_BACKUP, role: NEW_ROLE, to };
        Ok(match named.as_ref() {
            "1.1.0" => LabUpgrade { from: first, backup: BACKUP, role: ROLE, to: second },
            "1.2.0-bad" => later((BAD, "1.2.0")),
            "1.3.0-fails" => later((FAILS, "1.3.0")),
            other => {
                return Err(CliError::bad_input(format!("the lab has no release {other}")).hint(
                    "it has 1.1.0, 1.2.0-bad and 1.3.0-fails; a template of yours needs --from TEMPLATE beside it; nothing was started",
                ));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upgrade_begins_where_its_release_may_be_reached_from() {
        for (named, from, to) in [
            (None, "1.0.0", "1.1.0"),
            (Some("1.2.0-bad"), "1.1.0", "1.2.0"),
            (Some("1.3.0-fails"), "1.1.0", "1.3.0"),
        ] {
            let upgrade = LabUpgrade::named(named.map(Path::new)).expect("the lab has it");
            assert!(upgrade.from.0.text.contains(&format!("Version: {from}\n")), "{named:?}");
            assert!(upgrade.to.0.text.contains(&format!("Version: {to}\n")), "{named:?}");
            assert!(upgrade.to.0.text.contains(&format!("MinimumUpgradeFrom: {from}\n")), "{named:?}");
        }
        assert!(LabUpgrade::named(Some(Path::new("1.0.0"))).is_err());
    }
}
