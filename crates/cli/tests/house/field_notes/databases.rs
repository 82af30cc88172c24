//! 10b: a database's engine was upgraded by itself, and the release sets a lower one.

use cli::planning::NoPlan;
use serde_json::json;
use upgrade::Verdict;

use super::{Scene, has};
use crate::outside::Tree;

/// The version of both releases of the sample.
const SET: &str = "EngineVersion: \"17.6\"";

pub async fn an_engine_below_the_one_that_runs_is_named_before_anybody_is_kept_out() {
    for (sets, verdict, told) in [
        ("17.7", Verdict::Failed, "runs 17.9, and the update sends 17.7"),
        // As the deployed release did, and the update changes the database.
        ("17.6", Verdict::Warning, "RDS has upgraded it by itself"),
        ("17.9", Verdict::Passed, "runs 17.9, as the update sends"),
    ] {
        let scene = Scene::of(|material| {
            assert!(material.to.contains(SET), "the sample sets a version");
            let sent = format!("EngineVersion: \"{sets}\"\n      BackupRetentionPeriod: 7");
            material.to = material.to.replace(SET, &sent);
        })
        .await;
        let answer = scene.full().caller.query("rds", "DescribeDBInstances", &[]).await.expect("databases");
        let databases = Tree::read(&answer).list("DBInstances");
        let database = databases.first().expect("one").text("DBInstanceIdentifier");
        let upgraded = json!({"DBInstanceIdentifier": database, "EngineVersion": "17.9"});
        scene.post("slackwater", "/_slackwater/engine", &upgraded).await;
        let prepared = scene.full().prepared("run-1").await;
        let check = prepared.checks.iter().find(|check| check.id == "database-engine").expect("made");
        assert_eq!(check.verdict, verdict, "{sets}: {check:?}");
        assert!(has(&check.evidence, told), "{sets}: {check:?}");
        let ids: &[String] = match &prepared.plan {
            Ok(_) => &[],
            Err(NoPlan::Blocked(ids)) => ids,
            Err(other) => panic!("{other:?}"),
        };
        let is_named = ids.iter().any(|id| id == "database-engine");
        assert_eq!(is_named, verdict != Verdict::Passed, "{sets}: {ids:?}");
    }
}
