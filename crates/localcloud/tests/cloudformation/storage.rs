//! A database whose storage and template have come apart: what an update, its rollback and the way out make of it.

use localcloud::services::rds;
use serde_json::{Value, json};

use crate::support::{Cloud, lines, parameter};

fn platform(gib: u64, class: &str, word: &str) -> Value {
    json!({"Resources": {
        "Db": {"Type": "AWS::RDS::DBInstance", "Properties": {
            "DBInstanceIdentifier": "main", "Engine": "postgres", "StorageType": "gp3", "DBInstanceClass": class,
            "AllocatedStorage": gib.to_string(), "MaxAllocatedStorage": "200",
        }},
        "After": {"Type": "AWS::SSM::Parameter", "DependsOn": "Db", "Properties": parameter(word)["Properties"]},
    }})
}

fn allocated(cloud: &mut Cloud) -> Value {
    let answer = cloud.world.handle(
        cloud.now,
        localcloud::wire::Service::Rds,
        "DescribeDBInstances",
        localcloud::Input(&json!({})),
    );
    answer.expect("databases")["DBInstances"][0]["AllocatedStorage"].clone()
}

/// What happens to a stack of 20 GiB.
struct Case {
    grown_to: Option<u64>,
    update_to: u64,
    /// Whether what comes after the database fails.
    something_else_fails: bool,
    status: &'static str,
    allocated: u64,
    words: Option<&'static str>,
}

#[test]
fn an_update_of_a_database_whose_storage_grew() {
    const STALE: &str = "Invalid storage size for engine name postgres and storage type gp3: 20";
    for case in [
        Case {
            grown_to: None,
            update_to: 40,
            something_else_fails: true,
            status: "UPDATE_ROLLBACK_COMPLETE",
            allocated: 40,
            words: None,
        },
        Case {
            grown_to: Some(37),
            update_to: 20,
            something_else_fails: false,
            status: "UPDATE_ROLLBACK_FAILED",
            allocated: 37,
            words: Some(STALE),
        },
        Case {
            grown_to: None,
            update_to: 21,
            something_else_fails: false,
            status: "UPDATE_ROLLBACK_FAILED",
            allocated: 20,
            words: Some("Invalid storage size for engine name postgres and storage type gp3: 21"),
        },
        Case {
            grown_to: Some(37),
            update_to: 37,
            something_else_fails: false,
            status: "UPDATE_COMPLETE",
            allocated: 37,
            words: None,
        },
        Case {
            grown_to: Some(37),
            update_to: 37,
            something_else_fails: true,
            status: "UPDATE_ROLLBACK_COMPLETE",
            allocated: 37,
            words: None,
        },
    ] {
        let name = format!("grown to {:?}, update to {}", case.grown_to, case.update_to);
        let mut cloud = Cloud::new();
        cloud.create("s", &platform(20, "db.t3.small", "one"));
        if let Some(gib) = case.grown_to {
            rds::grow(&mut cloud.world, "main", gib).expect("grown");
            cloud.settle();
        }
        if case.something_else_fails {
            let faults = &mut cloud.world.faults;
            faults.fail("s", "After", localcloud::faults::FaultPhase::Update, "on purpose");
        }
        let before = cloud.events("s").len();
        let template = platform(case.update_to, "db.m6g.large", "two").to_string();
        cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": template}));
        cloud.settle();
        let told = lines(&mut cloud, "s", before);
        assert_eq!(cloud.status("s"), case.status, "{name}: {told:#?}");
        assert_eq!(allocated(&mut cloud), case.allocated, "{name}");
        let refusals = told
            .iter()
            .filter(|line| line.starts_with("Db UPDATE_FAILED") && line.contains("Invalid storage"));
        match case.words {
            // Once by the update, once by its rollback.
            Some(words) => assert_eq!(refusals.filter(|line| line.contains(words)).count(), 2, "{told:#?}"),
            None => assert_eq!(refusals.count(), 0, "{told:#?}"),
        }
        if case.status != "UPDATE_ROLLBACK_FAILED" {
            continue;
        }
        cloud.get("ContinueUpdateRollback", json!({"StackName": "s", "ResourcesToSkip": ["Db"]}));
        cloud.settle();
        assert_eq!(cloud.status("s"), "UPDATE_ROLLBACK_COMPLETE", "{name}");
        let reconciled = platform(case.allocated, "db.m6g.large", "two").to_string();
        cloud.get("UpdateStack", json!({"StackName": "s", "TemplateBody": reconciled}));
        cloud.settle();
        assert_eq!(cloud.status("s"), "UPDATE_COMPLETE", "{name}: the storage is reconciled");
    }
}
