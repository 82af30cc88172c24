//! The version path, the backup stack and the role's.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{HOUR, check_all, linked};

#[test]
fn versions_and_linked_stacks() {
    check_all(&[
        ("upgrade", |_| {}, "version-path", Passed, "From v1.0.0 to v1.1.0"),
        ("same", |w| w.rewrite("v1.1.0", "1.0"), "version-path", Passed, "stays"),
        ("downgrade", |w| w.rewrite("v1.1.0", "v0.9.0"), "version-path", Failed, "older"),
        ("no number", |w| w.rewrite("v1.1.0", "latest"), "version-path", Warning, "can't be compared"),
        ("silent", |w| w.rewrite("{Version: v1.1.0}", "{}"), "version-path", Skipped, "doesn't tell"),
        (
            "too old to come from",
            |w| w.rewrite("{Version: v1.1.0}", "{Version: v1.1.0, MinimumUpgradeFrom: 1.0.1}"),
            "version-path",
            Failed,
            "Upgrade to 1.0.1 first",
        ),
        (
            "past a stop",
            |w| {
                w.rewrite(
                    "{Version: v1.1.0}",
                    "{Version: v1.1.0, RequiredStops: [v1.0.5, v1.0.2, v1.0.0, v1.1.0]}",
                )
            },
            "version-path",
            Failed,
            "must stop at v1.0.2, then v1.0.5",
        ),
        (
            "the catalogue knows better",
            |w| {
                w.rewrite("{Version: v1.1.0}", "{Version: v1.1.0, RequiredStops: v1.0.5}");
                w.release.required_stops = vec!["v1.0.0".into()];
            },
            "version-path",
            Passed,
            "",
        ),
        (
            "no backup stack",
            |w| {
                w.around.backup = None;
                w.profile = Profile::code_ocean();
            },
            "backup-stack",
            Warning,
            "No backup stack",
        ),
        ("none that could be", |w| w.around.backup = None, "backup-stack", Skipped, "knows no backup stack"),
        (
            "not looked",
            |w| w.around.backup = Some(LinkedStack { name: "b".into(), found: Err("AccessDenied".into()) }),
            "backup-stack",
            Warning,
            "AccessDenied",
        ),
        (
            "broken backup stack",
            |w| {
                if let Some(LinkedStack { found: Ok(found), .. }) = &mut w.around.backup {
                    found.status = "UPDATE_ROLLBACK_FAILED".into();
                }
            },
            "backup-stack",
            Failed,
            "isn't whole",
        ),
        (
            "old backup stack",
            |w| w.release.least_backup_version = Some("1.0.1".into()),
            "backup-stack",
            Failed,
            "needs 1.0.1",
        ),
        (
            "old backup stack, updated by the run",
            |w| {
                w.release.least_backup_version = Some("1.0.1".into());
                w.planned_versions.insert(UpdateKind::BackupStack, "1.1.0".into());
            },
            "backup-stack",
            Passed,
            "1.1.0 by then",
        ),
        ("fresh", |_| {}, "recovery-point", Passed, "2 h old"),
        (
            "stale",
            |w| w.around.newest_recovery_point = Ok(Some(Timestamp(w.now.0 - 72 * HOUR))),
            "recovery-point",
            Warning,
            "3 days old",
        ),
        ("none", |w| w.around.newest_recovery_point = Ok(None), "recovery-point", Warning, "stay lost"),
        (
            "blind",
            |w| w.around.newest_recovery_point = Err("no".into()),
            "recovery-point",
            Warning,
            "nobody knows",
        ),
        ("no role", |_| {}, "role-stack", Skipped, "no role"),
        (
            "old role",
            |w| w.around.role_stack = Some(linked("role", "1.0")),
            "role-stack",
            Warning,
            "half-way",
        ),
        ("new role", |w| w.around.role_stack = Some(linked("role", "1.1")), "role-stack", Passed, ""),
    ]);
}
