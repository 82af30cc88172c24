//! AWS Backup through [`World::handle`](crate::World::handle) and provisioning.

use serde_json::{Value, json};

use crate::services::testing::Bench;
use crate::wire::Service;

const VAULT: &str = "AWS::Backup::BackupVault";
const ROLE: &str = "arn:aws:iam::000000000000:role/backup";
const FILES: &str = "arn:aws:elasticfilesystem:us-east-1:000000000000:file-system/fs-1";

fn bench() -> Bench {
    let mut bench = Bench::new(Service::Backup);
    let properties =
        json!({"BackupVaultName": "vault", "EncryptionKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"});
    assert_eq!(bench.create(VAULT, "Vault", properties).expect("vault").physical_id, "vault");
    bench
}

fn start(bench: &mut Bench, seconds: u64, resource: &str) -> Value {
    let input = json!({"BackupVaultName": "vault", "ResourceArn": resource, "IamRoleArn": ROLE});
    bench.ok(seconds, "StartBackupJob", input)
}

fn points(bench: &mut Bench, seconds: u64) -> Vec<Value> {
    let answer = bench.ok(seconds, "ListRecoveryPointsByBackupVault", json!({"backupVaultName": "vault"}));
    answer["RecoveryPoints"].as_array().expect("points").clone()
}

#[test]
fn a_job_makes_a_recovery_point_in_time() {
    let mut bench = bench();
    let job = start(&mut bench, 0, FILES);
    let state = |bench: &mut Bench, seconds: u64| {
        bench.ok(seconds, "DescribeBackupJob", json!({"backupJobId": job["BackupJobId"]}))["State"].clone()
    };
    for (seconds, expected, count) in [
        (0, "CREATED", 0),
        (29, "CREATED", 0),
        (30, "RUNNING", 0),
        (329, "RUNNING", 0),
        (330, "COMPLETED", 1),
    ] {
        assert_eq!(state(&mut bench, seconds), expected, "at {seconds} s");
        assert_eq!(points(&mut bench, seconds).len(), count, "at {seconds} s");
    }
    let point = points(&mut bench, 330)[0].clone();
    assert_eq!(point["RecoveryPointArn"], job["RecoveryPointArn"]);
    assert_eq!((&point["ResourceType"], &point["Status"]), (&json!("EFS"), &json!("COMPLETED")));
    assert_eq!((&point["CreationDate"], &point["CompletionDate"]), (&json!(0.0), &json!(330.0)));
    let vault = bench.ok(330, "DescribeBackupVault", json!({"backupVaultName": "vault"}));
    assert_eq!(vault["NumberOfRecoveryPoints"], 1);
    let error = bench.delete(VAULT, "vault").expect_err("not empty");
    assert_eq!(error.reason, "Backup vault cannot be deleted because it contains recovery points.");
    let named = json!({"backupVaultName": "vault", "recoveryPointArn": point["RecoveryPointArn"]});
    bench.ok(330, "DescribeRecoveryPoint", named.clone());
    bench.ok(330, "DeleteRecoveryPoint", named);
    bench.delete(VAULT, "vault").expect("empty");
    bench.finish_delete(VAULT, "vault");
    assert_eq!(bench.ok(330, "ListBackupVaults", json!({}))["BackupVaultList"], json!([]));
}

#[test]
fn a_stopped_job_makes_none_and_a_repeated_one_no_other() {
    let mut bench = bench();
    let job = start(&mut bench, 0, FILES);
    let named = json!({"backupJobId": job["BackupJobId"]});
    bench.ok(40, "StopBackupJob", named.clone());
    bench.refused(41, "StopBackupJob", named, "InvalidRequestException", "ABORTED");
    assert_eq!(points(&mut bench, 1000).len(), 0);
    let input = json!({"BackupVaultName": "vault", "ResourceArn": FILES, "IamRoleArn": ROLE, "IdempotencyToken": "t"});
    let first = bench.ok(1000, "StartBackupJob", input.clone());
    assert_eq!(bench.ok(1001, "StartBackupJob", input), first);
    assert_eq!(points(&mut bench, 2000).len(), 1);
    let running = bench.ok(2000, "ListBackupJobs", json!({"state": "COMPLETED"}));
    assert_eq!(running["BackupJobs"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_template_s_plan_is_shown_in_the_api_s_form() {
    let mut bench = bench();
    let rule = json!({"RuleName": "daily", "TargetBackupVault": "vault", "StartWindowMinutes": "60",
        "Lifecycle": {"DeleteAfterDays": "7"}});
    let properties = json!({"BackupPlan": {"BackupPlanName": "plan", "BackupPlanRule": [rule]}});
    let plan = bench.create("AWS::Backup::BackupPlan", "Plan", properties).expect("plan").physical_id;
    let selection = json!({"SelectionName": "all", "IamRoleArn": ROLE, "Resources": ["*"]});
    let properties = json!({"BackupPlanId": plan, "BackupSelection": selection});
    let made =
        bench.create("AWS::Backup::BackupSelection", "Selection", properties).expect("selection").physical_id;
    let shown = bench.ok(0, "GetBackupPlan", json!({"backupPlanId": plan}));
    let rule = json!({"RuleName": "daily", "TargetBackupVaultName": "vault", "StartWindowMinutes": 60,
        "Lifecycle": {"DeleteAfterDays": 7}});
    assert_eq!(shown["BackupPlan"], json!({"BackupPlanName": "plan", "Rules": [rule]}));
    assert_eq!(bench.ok(0, "ListBackupPlans", json!({}))["BackupPlansList"][0]["BackupPlanName"], "plan");
    let listed =
        bench.ok(0, "ListBackupSelections", json!({"backupPlanId": plan}))["BackupSelectionsList"].clone();
    assert_eq!(listed[0]["SelectionName"], "all");
    let named = json!({"backupPlanId": plan, "selectionId": listed[0]["SelectionId"]});
    assert_eq!(bench.ok(0, "GetBackupSelection", named)["BackupSelection"], selection);
    bench.finish_delete("AWS::Backup::BackupSelection", &made);
    assert_eq!(
        bench.ok(0, "ListBackupSelections", json!({"backupPlanId": plan}))["BackupSelectionsList"],
        json!([])
    );
    bench.finish_delete("AWS::Backup::BackupPlan", &plan);
    bench.refused(
        0,
        "GetBackupPlan",
        json!({"backupPlanId": plan}),
        "ResourceNotFoundException",
        "does not exist",
    );
}

#[test]
fn refusals_are_in_its_words() {
    let mut bench = bench();
    let job = |vault: &str, resource: &str, role: &str| json!({"BackupVaultName": vault, "ResourceArn": resource, "IamRoleArn": role});
    let denied = "Insufficient privileges to perform this action.";
    for (operation, input, code, part) in [
        ("DescribeBackupVault", json!({"backupVaultName": "no"}), "AccessDeniedException", denied),
        (
            "ListRecoveryPointsByBackupVault",
            json!({"backupVaultName": "no"}),
            "AccessDeniedException",
            denied,
        ),
        ("CreateBackupVault", json!({"backupVaultName": "vault"}), "AlreadyExistsException", "vault"),
        ("CreateBackupVault", json!({"backupVaultName": "a b"}), "InvalidParameterValueException", "name"),
        ("StartBackupJob", job("no", FILES, ROLE), "ResourceNotFoundException", "no does not exist"),
        ("StartBackupJob", job("vault", "arn:aws:sqs:x:y:z", ROLE), "InvalidParameterValueException", "sqs"),
        ("StartBackupJob", job("vault", FILES, "role"), "InvalidParameterValueException", "role"),
        (
            "StartBackupJob",
            job("vault", "arn:aws:rds:us-east-1:000000000000:db:none", ROLE),
            "ResourceNotFoundException",
            "db:none",
        ),
        ("StartBackupJob", json!({}), "MissingParameterValueException", "BackupVaultName"),
        ("DescribeBackupJob", json!({"backupJobId": "j"}), "ResourceNotFoundException", "j does not exist"),
        ("GetBackupPlan", json!({"backupPlanId": "p"}), "ResourceNotFoundException", "plan"),
        ("ListBackupVaults", json!({"maxResults": "0"}), "InvalidParameterValueException", "maxResults"),
        ("GET /other", json!({}), "UnknownOperationException", ""),
    ] {
        bench.refused(0, operation, input, code, part);
    }
}
