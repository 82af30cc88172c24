use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;
use crate::{Timestamp, services::rds};

const TYPE: &str = "AWS::RDS::DBInstance";

fn properties(gib: &str) -> Value {
    json!({
        "DBInstanceIdentifier": "Main", "Engine": "postgres", "EngineVersion": "16.3", "DBInstanceClass": "db.t3.small",
        "StorageType": "gp3", "AllocatedStorage": gib, "MaxAllocatedStorage": "200", "Port": "5432",
        "MasterUsername": "admin", "MasterUserPassword": "a secret", "VPCSecurityGroups": ["sg-1"],
        "DBSubnetGroupName": "subnets", "Tags": [{"Key": "k", "Value": "v"}],
    })
}

/// A database of 100 GiB made at second 0, and the time when it is available.
fn bench() -> Bench {
    let mut bench = Bench::new(Service::Rds);
    bench.create(TYPE, "Db", properties("100")).expect("created");
    bench
}

fn one(bench: &mut Bench, seconds: u64) -> Value {
    bench.ok(seconds, "DescribeDBInstances", json!({"DBInstanceIdentifier": "main"}))["DBInstances"][0]
        .clone()
}

#[test]
fn a_stack_s_database_is_a_record_with_a_status_over_time() {
    let mut bench = bench();
    let fresh = one(&mut bench, 1);
    assert_eq!((&fresh["DBInstanceStatus"], &fresh["Endpoint"]), (&json!("creating"), &json!(null)));
    let found = one(&mut bench, 600);
    for (path, expected) in [
        ("/DBInstanceStatus", json!("available")),
        ("/DBInstanceIdentifier", json!("main")),
        ("/DBInstanceArn", json!("arn:aws:rds:us-east-1:000000000000:db:main")),
        ("/AllocatedStorage", json!(100)),
        ("/MaxAllocatedStorage", json!(200)),
        ("/StorageType", json!("gp3")),
        ("/Endpoint/Port", json!("5432")),
        ("/VpcSecurityGroups/0/VpcSecurityGroupId", json!("sg-1")),
        ("/DBSubnetGroup/DBSubnetGroupName", json!("subnets")),
        ("/InstanceCreateTime", json!("1970-01-01T00:00:00.000Z")),
        ("/MasterUserPassword", Value::Null),
    ] {
        assert_eq!(found.pointer(path).cloned().unwrap_or_default(), expected, "{path}");
    }
    let tags = found["TagList"].to_string();
    for key in ["\"k\"", "\"team\"", "aws:cloudformation:logical-id"] {
        assert!(tags.contains(key), "{tags} lacks {key}");
    }
    assert!(!format!("{:?}", bench.world.rds).contains("a secret"));
    bench.delete(TYPE, "Main").expect("deletion begins");
    assert_eq!(one(&mut bench, 601)["DBInstanceStatus"], "deleting");
    bench.finish_delete(TYPE, "Main");
    bench.refused(
        602,
        "DescribeDBInstances",
        json!({"DBInstanceIdentifier": "main"}),
        "DBInstanceNotFound",
        "DBInstance main not found.",
    );
}

#[test]
fn storage_grows_by_a_tenth_at_least_and_never_shrinks() {
    for (change, refusal) in [
        (
            json!({"AllocatedStorage": "99"}),
            Some("Invalid storage size for engine name postgres and storage type gp3: 99"),
        ),
        (json!({"AllocatedStorage": "100"}), None),
        (
            json!({"AllocatedStorage": "109"}),
            Some("Invalid storage size for engine name postgres and storage type gp3: 109"),
        ),
        (json!({"AllocatedStorage": 110}), None),
        (json!({"AllocatedStorage": "50", "StorageType": "io2"}), Some("storage type io2: 50")),
        (
            json!({"MaxAllocatedStorage": "109"}),
            Some("Invalid max storage size for engine name postgres and storage type gp3: 109"),
        ),
        (json!({"MaxAllocatedStorage": "110"}), None),
        (json!({"AllocatedStorage": "150", "MaxAllocatedStorage": "160"}), Some("Invalid max storage size")),
    ] {
        let mut bench = bench();
        let mut input = change.clone();
        input["DBInstanceIdentifier"] = json!("MAIN");
        input["ApplyImmediately"] = json!("true");
        match refusal {
            Some(words) => {
                bench.refused(600, "ModifyDBInstance", input, "InvalidParameterCombination", words)
            }
            None => drop(bench.ok(600, "ModifyDBInstance", input)),
        }
    }
}

#[test]
fn a_change_takes_its_time_and_the_next_change_of_storage_hours() {
    let mut bench = bench();
    let change =
        |gib: u64| json!({"DBInstanceIdentifier": "main", "AllocatedStorage": gib, "ApplyImmediately": true});
    let answer = bench.ok(600, "ModifyDBInstance", change(120));
    assert_eq!(answer["DBInstance"]["PendingModifiedValues"], json!({"AllocatedStorage": 120}));
    assert_eq!(answer["DBInstance"]["DBInstanceStatus"], "modifying");
    bench.refused(610, "ModifyDBInstance", change(140), "InvalidDBInstanceState", "not in available state");
    let after = |bench: &mut Bench, seconds| {
        let found = one(bench, seconds);
        (found["AllocatedStorage"].clone(), found["DBInstanceStatus"].clone())
    };
    assert_eq!(after(&mut bench, 890), (json!(100), json!("modifying")));
    assert_eq!(after(&mut bench, 910), (json!(120), json!("storage-optimization")));
    bench.refused(920, "ModifyDBInstance", change(140), "InvalidParameterCombination", "being optimized");
    bench.ok(930, "ModifyDBInstance", json!({"DBInstanceIdentifier": "main", "DeletionProtection": "true"}));
    assert_eq!(after(&mut bench, 900 + 3600 + 10), (json!(120), json!("available")));
    bench.refused(6000, "ModifyDBInstance", change(140), "InvalidParameterCombination", "being optimized");
    bench.ok(900 + 6 * 3600 + 10, "ModifyDBInstance", change(140));
}

#[test]
fn what_isn_t_applied_immediately_waits_for_what_is() {
    let mut bench = bench();
    bench.ok(
        600,
        "ModifyDBInstance",
        json!({"DBInstanceIdentifier": "main", "DBInstanceClass": "db.r6g.large"}),
    );
    let waiting = one(&mut bench, 5000);
    assert_eq!(
        (&waiting["DBInstanceClass"], &waiting["PendingModifiedValues"], &waiting["DBInstanceStatus"]),
        (&json!("db.t3.small"), &json!({"DBInstanceClass": "db.r6g.large"}), &json!("available"))
    );
    bench.ok(5000, "ModifyDBInstance", json!({"DBInstanceIdentifier": "main", "ApplyImmediately": "true"}));
    let done = one(&mut bench, 6000);
    assert_eq!(
        (&done["DBInstanceClass"], &done["PendingModifiedValues"]),
        (&json!("db.r6g.large"), &json!({}))
    );
}

#[test]
fn storage_that_grew_by_itself_makes_any_change_of_the_template_fail() {
    let mut bench = bench();
    bench.world.advance(Timestamp(600_000));
    rds::grow(&mut bench.world, "main", 150).expect("grown");
    let grown = one(&mut bench, 601);
    assert_eq!(
        (&grown["AllocatedStorage"], &grown["DBInstanceStatus"]),
        (&json!(150), &json!("storage-optimization"))
    );
    let with = |gib: &str, class: &str| {
        let mut wanted = properties(gib);
        wanted["DBInstanceClass"] = json!(class);
        wanted
    };
    let refused = bench.update(TYPE, "Main", with("100", "db.m6g.large")).expect_err("stale");
    assert_eq!(refused.reason, "Invalid storage size for engine name postgres and storage type gp3: 100");
    assert_eq!(one(&mut bench, 602)["DBInstanceClass"], "db.t3.small", "nothing has changed");
    bench.update(TYPE, "Main", with("150", "db.m6g.large")).expect("reconciled");
    let after = one(&mut bench, 1000);
    assert_eq!(
        (&after["DBInstanceClass"], &after["AllocatedStorage"]),
        (&json!("db.m6g.large"), &json!(150))
    );
}

#[test]
fn a_rollback_keeps_the_larger_storage() {
    // Storage: before, grown to by itself, of the failed template. Words of the update and of its undoing, and what the
    // database has in the end.
    for (before, grown, failed, update_words, undo_words, in_the_end) in [
        (100, None, 120, None, None, 120),
        (100, None, 100, None, None, 100),
        (100, None, 105, Some(": 105"), Some(": 105"), 100),
        (100, None, 50, Some(": 50"), None, 100),
        (100, Some(150), 100, Some(": 100"), Some(": 100"), 150),
        (100, Some(150), 150, None, None, 150),
        (100, Some(150), 160, Some(": 160"), Some(": 160"), 150),
        (100, Some(150), 165, None, None, 165),
    ] {
        let case = format!("{before} GiB, grown to {grown:?}, update to {failed}");
        let mut bench = Bench::new(Service::Rds);
        let of = |gib: u64, class: &str| {
            let mut wanted = properties(&gib.to_string());
            wanted["DBInstanceClass"] = json!(class);
            wanted
        };
        bench.create(TYPE, "Db", of(before, "db.t3.small")).expect("created");
        bench.world.advance(Timestamp(600_000));
        if let Some(gib) = grown {
            rds::grow(&mut bench.world, "main", gib).expect("grown");
        }
        bench.world.advance(Timestamp(30_000_000));
        let check = |outcome: Result<_, crate::resource::ProvisionError>, words: Option<&str>, what: &str| {
            let refusal = outcome.err().map(|error| error.reason);
            match (&refusal, words) {
                (None, None) => {}
                (Some(reason), Some(words)) => {
                    assert!(reason.starts_with("Invalid storage size") && reason.ends_with(words), "{reason}")
                }
                _ => panic!("{case}: {what}: {refusal:?}"),
            }
        };
        check(bench.update(TYPE, "Main", of(failed, "db.m6g.large")), update_words, "update");
        bench.world.advance(Timestamp(31_000_000));
        let undone = bench.undo(TYPE, "Main", of(failed, "db.m6g.large"), of(before, "db.t3.small"));
        check(undone, undo_words, "undoing");
        let found = one(&mut bench, 40_000);
        assert_eq!(found["AllocatedStorage"], in_the_end, "{case}");
        assert_eq!(found["DBInstanceClass"], "db.t3.small", "{case}");
    }
}

#[test]
fn storage_grows_by_itself_only_as_far_as_it_may() {
    for (id, gib, words) in [
        ("main", 100, "can grow up to 200 GiB"),
        ("main", 201, "can grow up to 200 GiB"),
        ("other", 120, "DBInstance other not found."),
        ("fixed", 120, "autoscaling is off"),
    ] {
        let mut bench = bench();
        let mut fixed = properties("100");
        fixed["DBInstanceIdentifier"] = json!("fixed");
        fixed["MaxAllocatedStorage"] = Value::Null;
        bench.create(TYPE, "Fixed", fixed).expect("created");
        bench.world.advance(Timestamp(600_000));
        let refused = rds::grow(&mut bench.world, id, gib).expect_err("refused");
        assert!(refused.message.contains(words), "{refused}");
    }
}

#[test]
fn snapshots_are_complete_after_a_time_and_outlive_their_database() {
    let mut bench = bench();
    let input = json!({"DBInstanceIdentifier": "main", "DBSnapshotIdentifier": "Before-Upgrade", "Tags": [{"Key": "a"}]});
    bench.refused(
        10,
        "CreateDBSnapshot",
        input.clone(),
        "InvalidDBInstanceState",
        "not currently in the available",
    );
    let made = bench.ok(600, "CreateDBSnapshot", input.clone());
    assert_eq!(
        (&made["DBSnapshot"]["Status"], &made["DBSnapshot"]["DBSnapshotIdentifier"]),
        (&json!("creating"), &json!("before-upgrade"))
    );
    bench.refused(601, "CreateDBSnapshot", input, "DBSnapshotAlreadyExists", "before-upgrade already exists");
    bench.refused(
        601,
        "DeleteDBSnapshot",
        json!({"DBSnapshotIdentifier": "before-upgrade"}),
        "InvalidDBSnapshotState",
        "",
    );
    bench.refused(
        601,
        "DeleteDBInstance",
        json!({"DBInstanceIdentifier": "main"}),
        "InvalidParameterCombination",
        "",
    );
    bench.ok(
        602,
        "DeleteDBInstance",
        json!({"DBInstanceIdentifier": "main", "FinalDBSnapshotIdentifier": "final"}),
    );
    let found = |bench: &mut Bench, seconds, input: Value| -> Vec<String> {
        let answer = bench.ok(seconds, "DescribeDBSnapshots", input);
        let snapshots = answer["DBSnapshots"].as_array().into_iter().flatten();
        let shown = snapshots.map(|shown| {
            format!("{} {} {}", shown["DBSnapshotIdentifier"], shown["Status"], shown["AllocatedStorage"])
                .replace('"', "")
        });
        shown.collect()
    };
    assert_eq!(
        found(&mut bench, 779, json!({"DBInstanceIdentifier": "main"})),
        ["before-upgrade creating 100", "final creating 100"]
    );
    assert_eq!(
        found(&mut bench, 5000, json!({"Filters": [{"Name": "db-snapshot-id", "Values": ["final"]}]})),
        ["final available 100"]
    );
    assert_eq!(found(&mut bench, 5000, json!({"SnapshotType": "automated"})), Vec::<String>::new());
    bench.refused(
        5000,
        "DescribeDBInstances",
        json!({"DBInstanceIdentifier": "main"}),
        "DBInstanceNotFound",
        "",
    );
    // A database made from it has its storage.
    let restored = json!({"DBInstanceIdentifier": "main", "DBSnapshotIdentifier": "final", "DBInstanceClass": "db.t3.small"});
    bench.create(TYPE, "Again", restored).expect("restored");
    assert_eq!(one(&mut bench, 9000)["AllocatedStorage"], 100);
}

#[test]
fn an_engine_listens_at_its_own_port() {
    for (engine, port) in
        [("mysql", "3306"), ("postgres", "5432"), ("aurora-postgresql", "5432"), ("sqlserver-ex", "1433")]
    {
        let mut bench = Bench::new(Service::Rds);
        let wanted = json!({"Engine": engine, "AllocatedStorage": "20", "DBInstanceClass": "db.t3.small"});
        let made = bench.create(TYPE, "Db", wanted).expect("created");
        assert_eq!(
            made.attributes.get("Endpoint.Port"),
            Some(&template::Value::String(port.to_owned())),
            "{engine}"
        );
        let found = bench.ok(600, "DescribeDBInstances", json!({}));
        assert_eq!(found["DBInstances"][0]["Endpoint"]["Port"], port, "{engine}");
    }
}

#[test]
fn a_deleted_database_leaves_a_snapshot_when_its_policy_says_so() {
    let mut bench = bench();
    let name = bench.leave_snapshot(TYPE, "Main").expect("one");
    bench.finish_delete(TYPE, "Main");
    let found = bench.ok(600, "DescribeDBSnapshots", json!({"DBSnapshotIdentifier": name}));
    assert_eq!(found["DBSnapshots"][0]["Status"], "available");
    assert!(name.starts_with("stack-snapshot-logical-"), "{name}");
}

#[test]
fn databases_are_found_by_filter_and_page() {
    let mut bench = Bench::new(Service::Rds);
    for number in 0..25 {
        let mut wanted = properties("20");
        wanted["DBInstanceIdentifier"] = json!(format!("db-{number:02}"));
        wanted["Engine"] = json!(if number < 3 { "mysql" } else { "postgres" });
        bench.create(TYPE, "Db", wanted).expect("created");
    }
    let first = bench.ok(0, "DescribeDBInstances", json!({"MaxRecords": "20"}));
    let rest = bench.ok(0, "DescribeDBInstances", json!({"MaxRecords": "20", "Marker": first["Marker"]}));
    let count = |answer: &Value| answer["DBInstances"].as_array().map_or(0, Vec::len);
    assert_eq!((count(&first), count(&rest), &rest["Marker"]), (20, 5, &json!(null)));
    let mysql = json!({"Filters": [{"Name": "engine", "Values": ["mysql"]}]});
    assert_eq!(count(&bench.ok(0, "DescribeDBInstances", mysql)), 3);
    let arn = json!({"DBInstanceIdentifier": "arn:aws:rds:us-east-1:000000000000:db:db-07"});
    assert_eq!(count(&bench.ok(0, "DescribeDBInstances", arn)), 1);
}

#[test]
fn refusals_are_in_rds_s_words() {
    let mut bench = bench();
    bench.ok(600, "ModifyDBInstance", json!({"DBInstanceIdentifier": "main", "DeletionProtection": true}));
    for (operation, input, code, part) in [
        (
            "DeleteDBInstance",
            json!({"DBInstanceIdentifier": "main", "SkipFinalSnapshot": "true"}),
            "InvalidParameterCombination",
            "Cannot delete protected DB Instance, please disable deletion protection and try again.",
        ),
        (
            "ModifyDBInstance",
            json!({"DBInstanceIdentifier": "no"}),
            "DBInstanceNotFound",
            "DBInstance no not found.",
        ),
        ("ModifyDBInstance", json!({}), "InvalidParameterValue", "DBInstanceIdentifier"),
        (
            "ModifyDBInstance",
            json!({"DBInstanceIdentifier": "main", "AllocatedStorage": "many"}),
            "InvalidParameterValue",
            "integer",
        ),
        (
            "CreateDBSnapshot",
            json!({"DBInstanceIdentifier": "main", "DBSnapshotIdentifier": "no--good"}),
            "InvalidParameterValue",
            "not a valid identifier",
        ),
        (
            "DescribeDBSnapshots",
            json!({"DBSnapshotIdentifier": "no"}),
            "DBSnapshotNotFound",
            "DBSnapshot no not found.",
        ),
        ("DescribeDBInstances", json!({"MaxRecords": 19}), "InvalidParameterValue", "between 20 and 100"),
        ("DescribeDBInstances", json!({"Filters": [{"Name": "size"}]}), "InvalidParameterValue", "size"),
        ("CreateDBCluster", json!({}), "InvalidAction", ""),
    ] {
        bench.refused(600, operation, input, code, part);
    }
    let refused = bench.delete(TYPE, "Main").expect_err("protected");
    assert!(refused.reason.starts_with("Cannot delete protected DB Instance"), "{refused}");
    let mut most = properties("200");
    most["DBInstanceIdentifier"] = json!("other");
    let refused = bench.create(TYPE, "Other", most).expect_err("no room to grow");
    assert_eq!(refused.reason, "Max storage size must be greater than storage size");
}

#[test]
fn tags_are_added_and_removed() {
    let mut bench = bench();
    let arn = "arn:aws:rds:us-east-1:000000000000:db:main";
    bench.ok(0, "AddTagsToResource", json!({"ResourceName": arn, "Tags": [{"Key": "x", "Value": "1"}]}));
    bench.ok(0, "RemoveTagsFromResource", json!({"ResourceName": arn, "TagKeys": ["k", "team"]}));
    let tags = bench.ok(0, "ListTagsForResource", json!({"ResourceName": arn}))["TagList"].to_string();
    assert!(tags.contains("\"x\"") && !tags.contains("\"k\"") && !tags.contains("team"), "{tags}");
    bench.refused(0, "ListTagsForResource", json!({"ResourceName": "x"}), "InvalidParameterValue", "");
}
