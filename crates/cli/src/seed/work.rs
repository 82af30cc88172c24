//! Setting a stack to work: what its users and the years have made of it. Everything is waited for.

use serde_json::{Value, json};
use toml::Spanned;

use super::answer::{records, texts};
use super::{
    Caller, Jobs, ListenerRule, RecoveryPoints, Seed, SeedError, StackSeen, Storage, Workers, Workload,
};
use crate::words::counted;

/// A rehearsal doesn't wait longer for jobs and instances to be at work: twenty minutes.
const MOST_LOOKS: u32 = 1200;
const QUEUE: &str = "AWS::Batch::JobQueue";

/// What is at work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtWork {
    /// Jobs that run.
    pub jobs: usize,
    /// Instances in service, dedicated ones too.
    pub instances: usize,
}

/// Let a workload begin in a stack, and wait until it is under way.
///
/// # Errors
/// When the seed names what the stack hasn't, the cloud refuses something, or what should be at work never is.
pub async fn set_to_work(
    caller: &Caller,
    seed: &Seed,
    stack: &StackSeen,
    workload: &Workload,
    tell: &mut impl FnMut(String),
) -> Result<AtWork, SeedError> {
    let at = Site { caller, seed, stack };
    for rule in &workload.listener_rules {
        at.add_rule(rule).await?;
    }
    for storage in &workload.storage {
        at.grow(storage).await?;
    }
    for workers in &workload.workers {
        at.scale(workers).await?;
    }
    let mut dedicated = 0;
    for machines in &workload.dedicated {
        let mut fields = fields(&[
            ("ImageId", &machines.image),
            ("InstanceType", &machines.instance_type),
            ("MinCount", &machines.count.to_string()),
            ("MaxCount", &machines.count.to_string()),
            ("TagSpecification.1.ResourceType", "instance"),
        ]);
        for ((key, value), place) in machines.tags.iter().zip(1..) {
            fields.push((format!("TagSpecification.1.Tag.{place}.Key"), key.clone()));
            fields.push((format!("TagSpecification.1.Tag.{place}.Value"), value.clone()));
        }
        if machines.count > 0 {
            caller.query("ec2", "RunInstances", &fields).await?;
        }
        dedicated += machines.count;
    }
    let mut jobs = Vec::new();
    for wanted in &workload.jobs {
        jobs.extend(at.submit(wanted).await?);
    }
    for points in &workload.recovery_points {
        at.save(points).await?;
    }
    let instances = dedicated + at.wait_for_workers(&workload.workers).await?;
    at.wait_for_jobs(&jobs, workload).await?;
    let working = AtWork { jobs: jobs.len(), instances };
    tell(format!(
        "  {} and {} at work",
        counted(working.jobs, "job"),
        counted(working.instances, "instance")
    ));
    Ok(working)
}

struct Site<'a> {
    caller: &'a Caller,
    seed: &'a Seed,
    stack: &'a StackSeen,
}

impl Site<'_> {
    /// The physical id of a resource that the seed names.
    fn physical_id(&self, part: &Spanned<String>, types: &[&str]) -> Result<&str, SeedError> {
        let name = part.get_ref();
        match self.stack.resources.get(name) {
            Some((type_name, id)) if types.contains(&type_name.as_str()) => Ok(id),
            Some((type_name, _)) => Err(self
                .seed
                .wrong(part, format!("{name} is an {type_name}; name an {}", types.join(" or an ")))),
            None => {
                let of_type = |(name, (type_name, _)): (&String, &(String, String))| {
                    types.contains(&type_name.as_str()).then(|| name.clone())
                };
                let there: Vec<String> = self.stack.resources.iter().filter_map(of_type).collect();
                let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
                Err(self.seed.wrong(
                    part,
                    format!("the stack has no {name}; it has of {}: {there}", types.join(" and ")),
                ))
            }
        }
    }

    async fn ask(
        &self,
        part: &Spanned<String>,
        service: &'static str,
        operation: &str,
        asked: &[(&str, &str)],
    ) -> Result<String, SeedError> {
        let answer = self.caller.query(service, operation, &fields(asked)).await;
        answer.map_err(|error| self.seed.blamed(part, error))
    }

    async fn add_rule(&self, rule: &ListenerRule) -> Result<(), SeedError> {
        let listener =
            self.physical_id(&rule.listener, &["AWS::ElasticLoadBalancingV2::Listener"])?.to_owned();
        let mut asked = fields(&[("ListenerArn", &listener), ("Priority", &rule.priority.to_string())]);
        let conditions = [
            ("path-pattern", "PathPatternConfig", &rule.paths),
            ("host-header", "HostHeaderConfig", &rule.hosts),
        ];
        for ((field, config, values), place) in
            conditions.into_iter().filter(|(_, _, values)| !values.is_empty()).zip(1..)
        {
            let condition = format!("Conditions.member.{place}");
            asked.push((format!("{condition}.Field"), field.to_owned()));
            for (value, number) in values.iter().zip(1..) {
                asked.push((format!("{condition}.{config}.Values.member.{number}"), value.clone()));
            }
        }
        match &rule.forward_to {
            Some(group) => {
                let group = self.physical_id(group, &["AWS::ElasticLoadBalancingV2::TargetGroup"])?;
                asked.extend(fields(&[
                    ("Actions.member.1.Type", "forward"),
                    ("Actions.member.1.TargetGroupArn", group),
                ]));
            }
            None => {
                let config = "Actions.member.1.FixedResponseConfig";
                asked.extend(fields(&[
                    ("Actions.member.1.Type", "fixed-response"),
                    (&format!("{config}.StatusCode"), &rule.status.unwrap_or(404).to_string()),
                    (&format!("{config}.ContentType"), "text/plain"),
                    (&format!("{config}.MessageBody"), rule.body.as_deref().unwrap_or_default()),
                ]));
            }
        }
        let made = self.caller.query("elasticloadbalancing", "CreateRule", &asked).await;
        made.map(drop).map_err(|error| self.seed.blamed(&rule.listener, error))
    }

    /// The control endpoint lets storage grow by itself, once the database is there. What has the size already hasn't grown.
    async fn grow(&self, storage: &Storage) -> Result<(), SeedError> {
        let id = self.physical_id(&storage.database, &["AWS::RDS::DBInstance"])?.to_owned();
        for _ in 0..MOST_LOOKS {
            let xml = self
                .ask(&storage.database, "rds", "DescribeDBInstances", &[("DBInstanceIdentifier", &id)])
                .await?;
            let status = texts(&xml, "DBInstanceStatus").into_iter().next().unwrap_or_default();
            if matches!(status.as_str(), "available" | "storage-optimization") {
                let allocated = texts(&xml, "AllocatedStorage").into_iter().next();
                if allocated.is_some_and(|allocated| allocated == storage.gib.to_string()) {
                    return Ok(());
                }
                break;
            }
            self.caller.rest().await;
        }
        let asked = [("DBInstanceIdentifier", id.as_str())];
        let xml = self.ask(&storage.database, "rds", "DescribeDBInstances", &asked).await?;
        let now =
            texts(&xml, "AllocatedStorage").into_iter().next().and_then(|text| text.parse::<u64>().ok());
        if now == Some(storage.gib) {
            return Ok(());
        }
        let body = json!({"DBInstanceIdentifier": id, "AllocatedStorage": storage.gib});
        let grown = self
            .caller
            .json("slackwater", "storage autoscaling", "POST", "/_slackwater/storage", &body)
            .await;
        match grown {
            Ok(_) => Ok(()),
            Err(SeedError::Caller(error)) => Err(self.seed.blamed(&storage.database, error)),
            Err(other) => Err(other),
        }
    }

    fn group(&self, workers: &Workers) -> Result<&str, SeedError> {
        self.physical_id(&workers.group, &["AWS::AutoScaling::AutoScalingGroup"])
    }

    async fn scale(&self, workers: &Workers) -> Result<(), SeedError> {
        let group = self.group(workers)?;
        let named = ("AutoScalingGroupName", group);
        if let Some(protected) = workers.protected {
            let asked =
                [named, ("NewInstancesProtectedFromScaleIn", if protected { "true" } else { "false" })];
            self.ask(&workers.group, "autoscaling", "UpdateAutoScalingGroup", &asked).await?;
        }
        if let Some(size) = workers.warm_pool {
            let asked = [named, ("MinSize", &*size.to_string())];
            self.ask(&workers.group, "autoscaling", "PutWarmPool", &asked).await?;
        }
        let asked = [named, ("DesiredCapacity", &*workers.desired.to_string())];
        self.ask(&workers.group, "autoscaling", "SetDesiredCapacity", &asked).await.map(drop)
    }

    /// Wait until every group has what it should; protect what was there before its new instances were. Gives how many
    /// are in service.
    async fn wait_for_workers(&self, all: &[Workers]) -> Result<usize, SeedError> {
        let mut total = 0;
        for workers in all {
            let group = self.group(workers)?;
            let found = self.wait_for_group(workers, group).await?;
            if let Some(protected) = workers.protected {
                // The most that a call takes (API reference, SetInstanceProtection).
                for some in found.chunks(50) {
                    let mut asked = fields(&[
                        ("AutoScalingGroupName", group),
                        ("ProtectedFromScaleIn", if protected { "true" } else { "false" }),
                    ]);
                    asked.extend(
                        some.iter()
                            .zip(1..)
                            .map(|(id, place)| (format!("InstanceIds.member.{place}"), id.clone())),
                    );
                    let set = self.caller.query("autoscaling", "SetInstanceProtection", &asked).await;
                    set.map_err(|error| self.seed.blamed(&workers.group, error))?;
                }
            }
            total += found.len();
        }
        Ok(total)
    }

    async fn wait_for_group(&self, workers: &Workers, group: &str) -> Result<Vec<String>, SeedError> {
        let named = [("AutoScalingGroupNames.member.1", group)];
        let pool = [("AutoScalingGroupName", group)];
        let mut standing = String::new();
        for _ in 0..MOST_LOOKS {
            let xml = self.ask(&workers.group, "autoscaling", "DescribeAutoScalingGroups", &named).await?;
            let in_service: Vec<String> = records(&xml, "Instances")
                .into_iter()
                .filter(|one| one.get("LifecycleState").is_some_and(|state| state == "InService"))
                .filter_map(|mut one| one.remove("InstanceId"))
                .collect();
            let mut warm = 0;
            if workers.warm_pool.is_some() {
                let xml = self.ask(&workers.group, "autoscaling", "DescribeWarmPool", &pool).await?;
                let ready = ["Warmed:Stopped", "Warmed:Running", "Warmed:Hibernated"];
                let states = texts(&xml, "LifecycleState");
                warm = states.iter().filter(|state| ready.contains(&state.as_str())).count();
            }
            if in_service.len() >= workers.desired && warm >= workers.warm_pool.unwrap_or(0) {
                return Ok(in_service);
            }
            standing = format!("{} in service and {warm} in the warm pool", in_service.len());
            self.caller.rest().await;
        }
        Err(self.seed.wrong(&workers.group, format!("the group never came to its size: {standing}")))
    }

    async fn submit(&self, jobs: &Jobs) -> Result<Vec<String>, SeedError> {
        let queues: Vec<(&str, &str)> = match jobs.queue.get_ref().as_str() {
            "*" => {
                let all = self.stack.resources.iter().filter(|(_, (type_name, _))| type_name == QUEUE);
                all.map(|(name, (_, id))| (name.as_str(), id.as_str())).collect()
            }
            name => vec![(name, self.physical_id(&jobs.queue, &[QUEUE])?)],
        };
        let definition = self
            .batch(
                "RegisterJobDefinition",
                json!({
                    "jobDefinitionName": "slackwater-seed", "type": "container",
                    "parameters": {"runSeconds": "60", "owner": ""},
                    "containerProperties": {
                        "image": "public.ecr.aws/docker/library/busybox:latest",
                        "command": ["sleep", "Ref::runSeconds"],
                        "resourceRequirements":
                            [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
                    },
                }),
                &jobs.queue,
            )
            .await?;
        let mut ids = Vec::new();
        for (queue_name, queue) in queues {
            for number in 0..jobs.count {
                let turn = |of: &[String]| of.get(number.checked_rem(of.len()).unwrap_or(0)).cloned();
                let name = turn(&jobs.names).unwrap_or_else(|| format!("{queue_name}-{}", number + 1));
                let owner = turn(&jobs.owners);
                let mut parameters = json!({"runSeconds": jobs.seconds.to_string()});
                let mut tags = json!({});
                if let Some(owner) = owner {
                    parameters["owner"] = json!(owner);
                    tags["owner"] = json!(owner);
                }
                let job = json!({
                    "jobName": name, "jobQueue": queue, "jobDefinition": definition["jobDefinitionArn"],
                    "parameters": parameters, "tags": tags,
                });
                let answer = self.batch("SubmitJob", job, &jobs.queue).await?;
                ids.push(answer["jobId"].as_str().unwrap_or_default().to_owned());
            }
        }
        Ok(ids)
    }

    async fn batch(&self, operation: &str, body: Value, part: &Spanned<String>) -> Result<Value, SeedError> {
        let path = format!("/v1/{}", operation.to_lowercase());
        match self.caller.json("batch", operation, "POST", &path, &body).await {
            Err(SeedError::Caller(error)) => Err(self.seed.blamed(part, error)),
            other => other,
        }
    }

    /// Wait until every job runs. One that was over before it was seen running has run.
    async fn wait_for_jobs(&self, ids: &[String], workload: &Workload) -> Result<(), SeedError> {
        let Some(first) = workload.jobs.first() else { return Ok(()) };
        let mut waiting = ids.to_vec();
        for _ in 0..MOST_LOOKS {
            let mut still = Vec::new();
            for some in waiting.chunks(100) {
                let answer = self.batch("DescribeJobs", json!({"jobs": some}), &first.queue).await?;
                let jobs = answer["jobs"].as_array().cloned().unwrap_or_default();
                let waits = jobs.into_iter().filter(|job| {
                    !["RUNNING", "SUCCEEDED", "FAILED"].iter().any(|status| job["status"] == *status)
                });
                still.extend(waits.filter_map(|job| job["jobId"].as_str().map(str::to_owned)));
            }
            if still.is_empty() {
                return Ok(());
            }
            waiting = still;
            self.caller.rest().await;
        }
        let left = counted(waiting.len(), "job");
        Err(self.seed.wrong(&first.queue, format!("{left} never came to run: is the queue enabled?")))
    }

    async fn save(&self, points: &RecoveryPoints) -> Result<(), SeedError> {
        const SAVED: [&str; 3] = ["AWS::RDS::DBInstance", "AWS::EC2::Volume", "AWS::EC2::Instance"];
        let id = self.physical_id(&points.resource, &SAVED)?;
        let type_name = self.stack.resources.get(points.resource.get_ref()).map(|(type_name, _)| type_name);
        let mut parts = self.stack.id.split(':');
        let (partition, region, account) = (
            parts.nth(1).unwrap_or("aws"),
            parts.nth(1).unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let (service, kind) = match type_name.map(String::as_str) {
            Some("AWS::RDS::DBInstance") => ("rds", "db:"),
            Some("AWS::EC2::Volume") => ("ec2", "volume/"),
            _ => ("ec2", "instance/"),
        };
        let id = if service == "rds" { id.to_lowercase() } else { id.to_owned() };
        let vault = match self.stack.resources.get(points.vault.get_ref()) {
            Some(_) => self.physical_id(&points.vault, &["AWS::Backup::BackupVault"])?,
            None => points.vault.get_ref(),
        };
        let body = json!({
            "BackupVaultName": vault,
            "ResourceArn": format!("arn:{partition}:{service}:{region}:{account}:{kind}{id}"),
            "IamRoleArn": format!("arn:{partition}:iam::{account}:role/service-role/AWSBackupDefaultServiceRole"),
        });
        for _ in 0..points.count {
            let started = self.backup("StartBackupJob", "PUT", "/backup-jobs", &body, &points.vault).await?;
            let path = format!("/backup-jobs/{}", started["BackupJobId"].as_str().unwrap_or_default());
            let mut state = String::new();
            for _ in 0..MOST_LOOKS {
                let job = self.backup("DescribeBackupJob", "GET", &path, &Value::Null, &points.vault).await?;
                state = job["State"].as_str().unwrap_or_default().to_owned();
                if !matches!(state.as_str(), "CREATED" | "PENDING" | "RUNNING") {
                    break;
                }
                self.caller.rest().await;
            }
            if state != "COMPLETED" {
                return Err(self.seed.wrong(&points.resource, format!("its backup is {state}")));
            }
        }
        Ok(())
    }

    async fn backup(
        &self,
        operation: &str,
        method: &str,
        path: &str,
        body: &Value,
        part: &Spanned<String>,
    ) -> Result<Value, SeedError> {
        match self.caller.json("backup", operation, method, path, body).await {
            Err(SeedError::Caller(error)) => Err(self.seed.blamed(part, error)),
            other => other,
        }
    }
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
