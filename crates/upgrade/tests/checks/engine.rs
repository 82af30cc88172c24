//! Databases whose engine was upgraded by itself, or that RDS maintains meanwhile.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{HOUR, World, check_all, database, of};

const ENGINE: &str = "EngineVersion: \"15\"";

/// The database runs this; the deployed release says one version, the new one another.
fn set(world: &mut World, live: &str, before: &str, after: &str) {
    let database = Database { engine_version: live.into(), ..database(20, "gp3") };
    world.around.databases = Ok(vec![database]);
    let version = |version: &str| format!("EngineVersion: {version}");
    world.deployment.template = world.deployment.template.replace(ENGINE, &version(before));
    world.rewrite(ENGINE, &version(after));
}

/// A change of the database beside its version.
fn touch(world: &mut World) {
    world.rewrite("db.t3.medium", "db.t3.large");
}

/// Both releases take the version from a parameter.
fn with_parameter(world: &mut World, live: &str, value: &str) {
    set(world, live, "{Ref: Engine}", "{Ref: Engine}");
    let declared = "Parameters:\n  Engine: {Type: String, Default: '15.5'}\n";
    world.deployment.template =
        world.deployment.template.replacen("\nParameters:\n", &format!("\n{declared}"), 1);
    world.new_template = world.new_template.replacen("\nParameters:\n", &format!("\n{declared}"), 1);
    world.deployment.parameters.insert("Engine".into(), value.into());
}

#[test]
fn an_engine_version_below_the_live_one_is_named() {
    check_all(&[
        ("a prefix", |_| {}, "database-engine", Passed, "Database runs 15.4, as the update sends (15)."),
        ("blind", |w| w.around.databases = Err("no".into()), "database-engine", Skipped, "no"),
        ("none", |w| w.around.databases = Ok(Vec::new()), "database-engine", Skipped, "No database"),
        (
            "the release sets a lower one",
            |w| set(w, "15.7", "'15.4'", "'15.5'"),
            "database-engine",
            Failed,
            "Database runs 15.7, and the update sends 15.5 (the template says so itself): no engine goes back",
        ),
        ("numbers, not text", |w| set(w, "9.6.24", "'9.6.2'", "'9.6.3'"), "database-engine", Failed, "9.6.3"),
        (
            "the release upgrades",
            |w| set(w, "15.7", "'15.4'", "'15.10'"),
            "database-engine",
            Passed,
            "is upgraded from 15.7 to 15.10",
        ),
        (
            "stale, untouched",
            |w| set(w, "15.7", "'15.4'", "'15.4'"),
            "database-engine",
            Passed,
            "doesn't touch the database",
        ),
        (
            "stale, touched",
            |w| {
                set(w, "15.7", "'15.4'", "'15.4'");
                touch(w);
            },
            "database-engine",
            Warning,
            "RDS has upgraded it by itself",
        ),
        (
            "a stale parameter, touched",
            |w| {
                with_parameter(w, "15.7", "15.5");
                touch(w);
            },
            "database-engine",
            Failed,
            "Give Engine the value 15.7.",
        ),
        (
            "made anew",
            |w| {
                set(w, "15.7", "'15.4'", "'15.5'");
                w.rewrite("MasterUsername: root", "MasterUsername: admin");
            },
            "database-engine",
            Skipped,
            "No database",
        ),
    ]);
}

/// 2027-01-17, a Sunday, in whose fifth hour the database is maintained.
const SUNDAY: u64 = 1_800_144_000_000;

/// An upgrade from this hour of the Sunday on.
fn at(world: &mut World, hour: u64) {
    world.window = (Timestamp(SUNDAY + hour * HOUR), Timestamp(SUNDAY + (hour + 2) * HOUR));
}

fn pending(applied_at: Option<&str>) -> Vec<PendingMaintenance> {
    vec![PendingMaintenance {
        logical_id: "Database".into(),
        action: "system-update".into(),
        applied_at: applied_at.map(str::to_owned),
    }]
}

#[test]
fn a_maintenance_window_that_falls_into_the_upgrade_is_named() {
    check_all(&[
        ("none", |w| w.around.databases = Ok(Vec::new()), "database-maintenance", Skipped, "no RDS"),
        ("blind", |w| w.around.databases = Err("no".into()), "database-maintenance", Skipped, "no"),
        (
            "at another time",
            |w| {
                at(w, 6);
                w.around.pending_maintenance = Ok(pending(None));
            },
            "database-maintenance",
            Passed,
            "(sun:05:00-sun:05:30 UTC) doesn't fall into this one",
        ),
        ("nothing waits", |w| at(w, 4), "database-maintenance", Passed, "nothing is known to wait"),
        (
            "an action waits",
            |w| {
                at(w, 4);
                w.around.pending_maintenance = Ok(pending(Some("2027-01-17T05:00:00Z")));
            },
            "database-maintenance",
            Warning,
            "this waits for it: system-update (2027-01-17T05:00:00Z)",
        ),
        (
            "a change waits",
            |w| {
                at(w, 4);
                w.around.databases =
                    Ok(vec![Database { waiting: vec!["DBInstanceClass".into()], ..database(20, "gp3") }]);
            },
            "database-maintenance",
            Warning,
            "this waits for it: DBInstanceClass",
        ),
        (
            "blind to what waits",
            |w| {
                at(w, 4);
                w.around.pending_maintenance = Err("denied".into());
            },
            "database-maintenance",
            Warning,
            "could not be looked at: denied",
        ),
        (
            "no window",
            |w| {
                let database = Database { maintenance_window: String::new(), ..database(20, "gp3") };
                w.around.databases = Ok(vec![database]);
            },
            "database-maintenance",
            Passed,
            "RDS tells no maintenance window",
        ),
    ]);
}

#[test]
fn the_offered_version_puts_it_right() {
    let mut world = World::default();
    with_parameter(&mut world, "15.7", "15.5");
    touch(&mut world);
    let results = world.check();
    let found = of(&results, "database-engine");
    assert_eq!(found.fixes.len(), 1, "{found:#?}");
    for fix in &found.fixes {
        world.given.insert(fix.parameter.clone(), fix.value.clone());
    }
    let again = world.check();
    assert_eq!(of(&again, "database-engine").verdict, Passed, "{:#?}", of(&again, "database-engine"));
}
