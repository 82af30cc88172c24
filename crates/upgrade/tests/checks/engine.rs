//! Databases whose engine was upgraded by itself.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{World, check_all, database, of};

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
