//! Engine versions through [`World::handle`](crate::World::handle), provisioning and the control endpoint.

use serde_json::{Value, json};

use super::compare;
use crate::services::testing::Bench;
use crate::wire::Service;
use crate::{Input, Timestamp};

const TYPE: &str = "AWS::RDS::DBInstance";

fn properties(version: &str, class: &str) -> Value {
    json!({
        "DBInstanceIdentifier": "main", "Engine": "postgres", "EngineVersion": version, "DBInstanceClass": class,
        "AllocatedStorage": "20",
    })
}

/// A database of version 16.3 that is available at 600 s.
fn bench() -> Bench {
    let mut bench = Bench::new(Service::Rds);
    bench.create(TYPE, "Database", properties("16.3", "db.t3.small")).expect("created");
    bench
}

fn upgrade(bench: &mut Bench, id: &str, version: &str) -> Result<Value, String> {
    let input = json!({"DBInstanceIdentifier": id, "EngineVersion": version});
    let at = Timestamp(600_000);
    let answer = bench.world.handle(at, Service::Control, "UpgradeEngine", Input(&input));
    answer.map_err(|error| error.message)
}

fn version(bench: &mut Bench, seconds: u64) -> String {
    let answer = bench.ok(seconds, "DescribeDBInstances", json!({}));
    answer["DBInstances"][0]["EngineVersion"].as_str().expect("a version").to_owned()
}

#[test]
fn versions_are_compared_part_by_part() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    for (one, other, expected) in [
        ("16.3", "16.10", Less),
        ("16.3", "16.3", Equal),
        ("17", "16.10", Greater),
        ("16", "16.3", Less),
        ("8.0.mysql_aurora.3.04.0", "8.0.mysql_aurora.3.10.0", Less),
        ("19.0.0.0.ru-2024-04.rur-2024-04.r1", "19.0.0.0.ru-2024-07.rur-2024-07.r1", Less),
        ("", "16", Less),
        ("99999999999999999999", "100", Greater),
    ] {
        assert_eq!(compare(one, other), expected, "{one} {other}");
    }
}

#[test]
fn an_engine_is_upgraded_by_itself_and_never_goes_back() {
    let mut bench = bench();
    assert_eq!(upgrade(&mut bench, "main", "16.10").map(drop), Ok(()));
    assert_eq!(version(&mut bench, 600), "16.10");
    let modify = |version: &str| json!({"DBInstanceIdentifier": "main", "EngineVersion": version, "ApplyImmediately": "true"});
    for lower in ["16.3", "15.99", "9.6.11"] {
        let words = format!("Cannot find upgrade path from 16.10 to {lower}.");
        bench.refused(600, "ModifyDBInstance", modify(lower), "InvalidParameterCombination", &words);
    }
    // The major version alone is met.
    bench.ok(600, "ModifyDBInstance", modify("16"));
    assert_eq!(version(&mut bench, 2000), "16.10");
    bench.ok(2000, "ModifyDBInstance", modify("16.11"));
    assert_eq!(version(&mut bench, 4000), "16.11");
}

#[test]
fn an_update_with_a_version_below_the_live_one_fails() {
    let mut bench = bench();
    assert_eq!(upgrade(&mut bench, "main", "16.10").map(drop), Ok(()));
    let before = properties("16.3", "db.t3.small");
    for next in [properties("16.4", "db.t3.small"), properties("16.3", "db.t3.large")] {
        let refused = bench.change(TYPE, "main", before.clone(), next.clone()).expect_err("below");
        assert!(refused.reason.starts_with("Cannot find upgrade path from 16.10 to 16."), "{refused}");
    }
    bench.change(TYPE, "main", before.clone(), properties("16", "db.t3.large")).expect("any of 16");
    bench.change(TYPE, "main", before, properties("16.12", "db.t3.large")).expect("above");
    assert_eq!(version(&mut bench, 3000), "16.12");
    // What can't go back stays when the update is undone.
    bench
        .undo(TYPE, "main", properties("16.12", "db.t3.large"), properties("16.10", "db.t3.small"))
        .expect("undone");
    assert_eq!(version(&mut bench, 6000), "16.12");
}

#[test]
fn only_what_may_be_upgraded_automatically_is() {
    let mut bench = bench();
    for (id, version, part) in [
        ("nobody", "16.4", "not found"),
        ("main", "16.2", "Cannot find upgrade path from 16.3 to 16.2."),
        ("main", "", "must be provided"),
    ] {
        let refusal = upgrade(&mut bench, id, version).expect_err(part);
        assert!(refusal.contains(part), "{refusal}");
    }
    let off = json!({"DBInstanceIdentifier": "main", "AutoMinorVersionUpgrade": "false"});
    bench.ok(600, "ModifyDBInstance", off);
    let refusal = upgrade(&mut bench, "main", "16.4").expect_err("off");
    assert!(refusal.contains("AutoMinorVersionUpgrade is false"), "{refusal}");
}
