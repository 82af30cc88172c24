//! Backup jobs: CREATED, RUNNING, COMPLETED; then there is a recovery point.

use serde_json::{Map, Value, json};

use super::vaults::RecoveryPoint;
use super::{Timer, durations, invalid, listed, not_found, required, seconds};
use crate::services::Service;
use crate::{AwsError, Input, Timestamp, World};

/// A job.
#[derive(Debug, Clone)]
pub(super) struct Job {
    id: String,
    vault: String,
    vault_arn: String,
    /// What it makes.
    point: RecoveryPoint,
    state: JobState,
    /// The client's, so that asking again doesn't start another.
    token: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JobState {
    Created,
    Running,
    Completed,
    Aborted,
    Failed,
}

impl JobState {
    fn name(self) -> &'static str {
        match self {
            JobState::Created => "CREATED",
            JobState::Running => "RUNNING",
            JobState::Completed => "COMPLETED",
            JobState::Aborted => "ABORTED",
            JobState::Failed => "FAILED",
        }
    }
}

pub(super) fn start(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let vault = required(input, "BackupVaultName")?;
    let resource_arn = required(input, "ResourceArn")?;
    let role_arn = required(input, "IamRoleArn")?;
    let token = input.string("IdempotencyToken").map(str::to_owned);
    if let Some(job) = world.backup.jobs.values().find(|job| token.is_some() && job.token == token) {
        return Ok(started(job));
    }
    let found = world.backup.vaults.get(vault);
    // Assumption: AWS documents the code for this operation, not the words.
    let vault_arn = found
        .map(|vault| vault.arn.clone())
        .ok_or_else(|| not_found(format!("Backup vault {vault} does not exist.")))?;
    if !role_arn.starts_with("arn:") || !role_arn.contains(":role/") {
        return Err(invalid(format!("Invalid IAM role ARN: {role_arn}")));
    }
    let resource_type = resource_type(resource_arn)
        .ok_or_else(|| invalid(format!("Unsupported resource type or invalid ARN: {resource_arn}")))?;
    check_exists(world, resource_arn)?;
    let id = world.identities.uuid(&format!("backup job {resource_arn}")).to_uppercase();
    let point = RecoveryPoint {
        arn: point_arn(world, resource_arn, resource_type, &id),
        resource_arn: resource_arn.to_owned(),
        resource_type,
        role_arn: role_arn.to_owned(),
        created: world.now,
        completed: world.now,
        lifecycle: input.0.get("Lifecycle").cloned(),
    };
    let vault = vault.to_owned();
    let job = Job { id: id.clone(), vault, vault_arn, point, state: JobState::Created, token };
    let answer = started(&job);
    world.backup.jobs.insert(id.clone(), job);
    world.schedule(durations::BEGIN, crate::timers::Timer::Backup(Timer::Job { job: id }));
    Ok(answer)
}

fn started(job: &Job) -> Value {
    json!({
        "BackupJobId": job.id,
        "RecoveryPointArn": job.point.arn,
        "CreationDate": seconds(job.point.created),
        "IsParent": false,
    })
}

/// A job's state has lasted its time.
pub(super) fn step_is_over(world: &mut World, id: &str) {
    let now = world.now;
    let Some(job) = world.backup.jobs.get_mut(id) else { return };
    match job.state {
        JobState::Created => {
            job.state = JobState::Running;
            let timer = Timer::Job { job: id.to_owned() };
            world.schedule(durations::RUN, crate::timers::Timer::Backup(timer));
        }
        JobState::Running => {
            job.point.completed = now;
            match world.backup.vaults.get_mut(&job.vault) {
                Some(vault) => {
                    vault.points.insert(job.point.arn.clone(), job.point.clone());
                    job.state = JobState::Completed;
                }
                None => job.state = JobState::Failed,
            }
        }
        JobState::Completed | JobState::Aborted | JobState::Failed => {}
    }
}

fn no_job(id: &str) -> AwsError {
    let shown: String = id.chars().take(100).collect();
    not_found(format!("Backup job {shown} does not exist."))
}

pub(super) fn stop(world: &mut World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = required(input, "BackupJobId")?;
    let now = world.now;
    let job = world.backup.jobs.get_mut(id).ok_or_else(|| no_job(id))?;
    match job.state {
        JobState::Created | JobState::Running => {
            job.state = JobState::Aborted;
            job.point.completed = now;
            Ok(json!({}))
        }
        JobState::Completed | JobState::Aborted | JobState::Failed => Err(AwsError::new(
            400,
            "InvalidRequestException",
            format!("Backup job is {} and cannot be stopped.", job.state.name()),
        )),
    }
}

pub(super) fn describe(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let id = required(input, "BackupJobId")?;
    world.backup.jobs.get(id).map(|job| to_api(world, job)).ok_or_else(|| no_job(id))
}

pub(super) fn list(world: &World, input: Input<'_>) -> Result<Value, AwsError> {
    let is = |name: &str, value: &str| input.string(name).is_none_or(|wanted| wanted == value);
    let jobs = world.backup.jobs.values().filter(|job| {
        is("state", job.state.name())
            && is("backupVaultName", &job.vault)
            && is("resourceArn", &job.point.resource_arn)
            && is("resourceType", job.point.resource_type)
    });
    listed(input, "BackupJobs", jobs.map(|job| (job.id.clone(), to_api(world, job))))
}

fn to_api(world: &World, job: &Job) -> Value {
    let point = &job.point;
    let mut fields = Map::new();
    for (name, value) in [
        ("BackupJobId", job.id.as_str()),
        ("AccountId", &world.config.account_id),
        ("BackupVaultName", &job.vault),
        ("BackupVaultArn", &job.vault_arn),
        ("ResourceArn", &point.resource_arn),
        ("ResourceType", point.resource_type),
        ("IamRoleArn", &point.role_arn),
        ("RecoveryPointArn", &point.arn),
        ("State", job.state.name()),
        ("PercentDone", if job.state == JobState::Completed { "100.0" } else { "0.0" }),
    ] {
        fields.insert(name.to_owned(), json!(value));
    }
    fields.insert("CreationDate".to_owned(), json!(seconds(point.created)));
    fields.insert(
        "StartBy".to_owned(),
        json!(seconds(Timestamp(point.created.0.saturating_add(8 * 3_600_000)))),
    );
    if matches!(job.state, JobState::Completed | JobState::Aborted | JobState::Failed) {
        fields.insert("CompletionDate".to_owned(), json!(seconds(point.completed)));
    }
    if job.state == JobState::Failed {
        fields.insert("StatusMessage".to_owned(), json!("The backup vault no longer exists."));
    }
    Value::Object(fields)
}

/// The resource type that an ARN names, as AWS Backup calls it.
fn resource_type(arn: &str) -> Option<&'static str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, service, _, _, resource] = parts.as_slice() else { return None };
    Some(match *service {
        "rds" if resource.starts_with("cluster:") => "Aurora",
        "rds" if resource.starts_with("db:") => "RDS",
        "ec2" if resource.starts_with("volume/") => "EBS",
        "ec2" if resource.starts_with("instance/") => "EC2",
        "elasticfilesystem" => "EFS",
        "dynamodb" => "DynamoDB",
        "s3" => "S3",
        _ => return None,
    })
}

/// The services that keep their resources in earnest are asked; every other resource counts as there.
fn check_exists(world: &mut World, arn: &str) -> Result<(), AwsError> {
    let missing = || not_found(format!("Resource does not exist: {arn}"));
    if let Some((_, id)) = arn.split_once(":db:") {
        let input = json!({"DBInstanceIdentifier": id});
        Service::Rds.call(world, "DescribeDBInstances", Input(&input)).map_err(|_| missing())?;
    } else if let Some((_, id)) = arn.split_once(":volume/") {
        let input = json!({"VolumeId": [id]});
        Service::Ec2.call(world, "DescribeVolumes", Input(&input)).map_err(|_| missing())?;
    } else if let Some((_, id)) = arn.split_once(":instance/") {
        let input = json!({"InstanceId": [id]});
        Service::Ec2.call(world, "DescribeInstances", Input(&input)).map_err(|_| missing())?;
    }
    Ok(())
}

/// A snapshot's ARN where the service makes one, else one of AWS Backup's own.
/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/recovery-points.html>
fn point_arn(world: &mut World, resource_arn: &str, resource_type: &str, id: &str) -> String {
    let (partition, region) = (world.config.partition.clone(), world.config.region.clone());
    match resource_type {
        "RDS" => world.arn("rds", &format!("snapshot:awsbackup:job-{}", id.to_lowercase())),
        "Aurora" => world.arn("rds", &format!("cluster-snapshot:awsbackup:job-{}", id.to_lowercase())),
        "EBS" => {
            let suffix = world.identities.hex(&format!("backup {resource_arn}"), 17);
            format!("arn:{partition}:ec2:{region}::snapshot/snap-{suffix}")
        }
        "EC2" => {
            let suffix = world.identities.hex(&format!("backup {resource_arn}"), 17);
            format!("arn:{partition}:ec2:{region}::image/ami-{suffix}")
        }
        _ => world.arn("backup", &format!("recovery-point:{id}")),
    }
}
