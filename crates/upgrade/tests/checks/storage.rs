//! Databases that have scaled up by themselves.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{World, check_all, database, of};

#[test]
fn database_storage() {
    check_all(&[
        ("as made", |_| {}, "database-storage", Passed, "20 GiB"),
        (
            "blind",
            |w| w.around.databases = Err("no".into()),
            "database-storage",
            Warning,
            "scaled up by itself",
        ),
        ("none", |w| w.around.databases = Ok(Vec::new()), "database-storage", Skipped, "no RDS"),
        (
            "scaled, untouched",
            |w| w.around.databases = Ok(vec![database(37, "gp3")]),
            "database-storage",
            Warning,
            "Give Storage the value 37",
        ),
        (
            "scaled, touched",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.rewrite("db.t3.medium", "db.t3.large");
            },
            "database-storage",
            Failed,
            "Invalid storage size",
        ),
        (
            "scaled, touched by the stack's tags alone",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.options.tags = Some(vec![("team".into(), "research".into())]);
            },
            "database-storage",
            Failed,
            "Invalid storage size",
        ),
        (
            "scaled, touched, gp2",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp2")]);
                w.rewrite("db.t3.medium", "db.t3.large");
            },
            "database-storage",
            Warning,
            "Give Storage the value 37",
        ),
        (
            "put right",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.given.insert("Storage".into(), "37".into());
            },
            "database-storage",
            Passed,
            "37 GiB",
        ),
        (
            "too little more",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.given.insert("Storage".into(), "40".into());
            },
            "database-storage",
            Failed,
            "at least 41",
        ),
        (
            "grows while being optimized",
            |w| {
                w.around.databases =
                    Ok(vec![Database { status: "storage-optimization".into(), ..database(37, "gp3") }]);
                w.given.insert("Storage".into(), "50".into());
            },
            "database-storage",
            Failed,
            "six hours",
        ),
        (
            "stopped, touched",
            |w| {
                w.around.databases = Ok(vec![Database { status: "stopped".into(), ..database(20, "gp3") }]);
                w.rewrite("db.t3.medium", "db.t3.large");
            },
            "database-storage",
            Failed,
            "stopped",
        ),
        (
            "a literal, scaled",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.rewrite("AllocatedStorage: {Ref: Storage}", "AllocatedStorage: 30");
            },
            "database-storage",
            Failed,
            "Ask the vendor",
        ),
        (
            "a literal in both releases, scaled, touched",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                for template in [&mut w.deployment.template, &mut w.new_template] {
                    *template = template.replace("AllocatedStorage: {Ref: Storage}", "AllocatedStorage: 20");
                }
                w.rewrite("db.t3.medium", "db.t3.large");
            },
            "database-storage",
            Warning,
            "should spare it",
        ),
        (
            "the parameter doesn't take the live size",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.rewrite("Default: 20, MinValue: 20}", "Default: 20, MinValue: 20, MaxValue: 30}");
            },
            "database-storage",
            Warning,
            "only the vendor can help",
        ),
        (
            "the profile knows the parameter",
            |w| {
                w.around.databases = Ok(vec![database(37, "gp3")]);
                w.rewrite("AllocatedStorage: {Ref: Storage}", "AllocatedStorage: {Fn::Sub: '${Storage}'}");
                w.storage_parameters = vec![("Database".into(), "Storage".into())];
            },
            "database-storage",
            Warning,
            "Give Storage the value 37",
        ),
    ]);
}

#[test]
fn the_offered_values_put_it_right() {
    for live in [37, 95] {
        let mut world = World::default();
        world.around.databases = Ok(vec![database(live, "gp3")]);
        world.rewrite("db.t3.medium", "db.t3.large");
        let results = world.check();
        let found = of(&results, "database-storage");
        assert_eq!(found.verdict, Failed);
        assert!(!found.fixes.is_empty());
        for fix in &found.fixes {
            world.given.insert(fix.parameter.clone(), fix.value.clone());
        }
        let again = world.check();
        let again = of(&again, "database-storage");
        assert_eq!(again.verdict, Passed, "{live} GiB with {:?}: {again:#?}", found.fixes);
    }
}
