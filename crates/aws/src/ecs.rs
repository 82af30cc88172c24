//! Amazon ECS: services, their tasks and their notes.

use serde_json::{Value, json};
use upgrade::{EcsService, EcsTask, HealthFinding, PortError, ServiceCount};

use crate::concurrency::{all, each};
use crate::endpoints::ECS;
use crate::errors::{CallError, OrAbsent};
use crate::tags::MEMORY_TAG;
use crate::wire::Wire;

/// DescribeServices takes at most 10 services of one cluster (Amazon ECS API reference).
const SERVICES_A_CALL: usize = 10;

/// DescribeTasks takes at most 100 tasks of one cluster.
const TASKS_A_CALL: usize = 100;

/// The cluster of a service or a task, for which every call asks: `arn:PARTITION:ecs:REGION:ACCOUNT:service/CLUSTER/NAME`. An
/// ARN of the old format doesn't name it; such a service is taken to be in the cluster that ECS takes where none is named.
fn cluster_name(arn: &str) -> &str {
    let mut parts = arn.split('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some(cluster), Some(_)) => cluster,
        _ => "default",
    }
}

/// Items of one cluster each, at most `most`.
fn by_cluster(arns: &[String], most: usize) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for arn in arns {
        let cluster = cluster_name(arn);
        match groups.iter_mut().find(|(name, some)| *name == cluster && some.len() < most) {
            Some((_, some)) => some.push(arn),
            None => groups.push((cluster, vec![arn])),
        }
    }
    groups
}

/// Services by ARN, without their tasks; those that are gone are left out.
async fn describe_services(wire: &Wire, arns: &[String]) -> Result<Vec<EcsService>, PortError> {
    let answers = all(by_cluster(arns, SERVICES_A_CALL), async |(cluster, some)| {
        let asked = json!({"cluster": cluster, "services": some, "include": ["TAGS"]});
        let answer = wire.target_json::<Value>(&ECS, "DescribeServices", &asked).await;
        // With its cluster a service is gone.
        answer.or_absent(|error| error.code().ends_with("ClusterNotFoundException"))
    })
    .await?;
    let services = answers.iter().flatten().flat_map(|answer| list(answer, "services"));
    Ok(services.filter_map(service).collect())
}

/// Services with their tasks that have not stopped; those that are gone are left out.
pub(crate) async fn services(wire: &Wire, arns: &[String]) -> Result<Vec<EcsService>, PortError> {
    let described = describe_services(wire, arns).await?;
    all(described, async |mut service| {
        service.tasks = tasks(wire, &service.arn).await?;
        Ok(service)
    })
    .await
}

fn service(found: &Value) -> Option<EcsService> {
    let text = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let count = |name: &str| {
        found.get(name).and_then(Value::as_i64).and_then(|count| i32::try_from(count).ok()).unwrap_or(0)
    };
    // A deleted service goes on being described for a while.
    let status = text("status");
    if status == "INACTIVE" {
        return None;
    }
    let tags = list(found, "tags");
    let ours = tags.iter().find(|tag| tag.get("key").and_then(Value::as_str) == Some(MEMORY_TAG));
    let remembered = ours.and_then(|tag| Some(tag.get("value")?.as_str()?.to_owned()));
    // The newest is the first.
    let last_event =
        list(found, "events").first().and_then(|event| Some(event.get("message")?.as_str()?.to_owned()));
    Some(EcsService {
        arn: text("serviceArn"),
        desired_count: count("desiredCount"),
        running_count: count("runningCount"),
        status,
        is_steady: list(found, "deployments").len() <= 1,
        last_event,
        tasks: Vec::new(),
        remembered,
    })
}

/// The tasks of a service that have not stopped: those that are to run, and those that are on their way out.
async fn tasks(wire: &Wire, service_arn: &str) -> Result<Vec<EcsTask>, PortError> {
    let mut arns = Vec::new();
    for desired in ["RUNNING", "STOPPED"] {
        arns.extend(task_arns(wire, service_arn, desired).await?);
    }
    let answers = all(by_cluster(&arns, TASKS_A_CALL), async |(cluster, some)| {
        let asked = json!({"cluster": cluster, "tasks": some});
        Ok(wire.target_json::<Value>(&ECS, "DescribeTasks", &asked).await?)
    })
    .await?;
    let tasks = answers.iter().flat_map(|answer| list(answer, "tasks")).filter_map(|task| {
        let text = |name: &str| Some(task.get(name)?.as_str()?.to_owned());
        let (arn, status) = (text("taskArn")?, text("lastStatus")?);
        // One that has stopped goes on being listed for an hour.
        (status != "STOPPED").then(|| EcsTask { arn, service_arn: service_arn.to_owned(), status })
    });
    let mut tasks: Vec<EcsTask> = tasks.collect();
    // One that began to stop between the two lists is in both.
    tasks.sort_by(|one, other| one.arn.cmp(&other.arn));
    tasks.dedup_by(|one, other| one.arn == other.arn);
    Ok(tasks)
}

async fn task_arns(wire: &Wire, service_arn: &str, desired: &str) -> Result<Vec<String>, PortError> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut asked = json!({
            "cluster": cluster_name(service_arn), "serviceName": service_arn, "desiredStatus": desired,
        });
        if let (Some(token), Some(asked)) = (&token, asked.as_object_mut()) {
            asked.insert("nextToken".to_owned(), json!(token));
        }
        let page = wire.target_json::<Value>(&ECS, "ListTasks", &asked).await.or_absent(is_gone)?;
        let Some(page) = page else { return Ok(found) };
        found.extend(list(&page, "taskArns").iter().filter_map(|arn| Some(arn.as_str()?.to_owned())));
        token = page.get("nextToken").and_then(Value::as_str).filter(|it| !it.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Whether services have as many tasks as they want, all of the newest definition.
pub(crate) async fn health(wire: &Wire, arns: &[String]) -> Result<Vec<HealthFinding>, PortError> {
    let described = describe_services(wire, arns).await?;
    let of = |arn: &String| {
        let what = format!("ECS service {}", arn.rsplit('/').next().unwrap_or(arn));
        let Some(service) = described.iter().find(|service| service.arn == *arn) else {
            return HealthFinding { what, healthy: false, detail: "it does not exist".to_owned() };
        };
        let EcsService { desired_count, running_count, is_steady, last_event, .. } = service;
        let healthy = *is_steady && running_count >= desired_count;
        let mut detail = format!("{running_count} of {desired_count} tasks run");
        if !is_steady {
            detail.push_str(", a deployment is under way");
        }
        if let Some(event) = last_event.as_deref().filter(|_| !healthy) {
            detail.push_str(&format!(" ({event})"));
        }
        HealthFinding { what, healthy, detail }
    };
    Ok(arns.iter().map(of).collect())
}

pub(crate) async fn set_desired_counts(wire: &Wire, counts: &[ServiceCount]) -> Result<(), PortError> {
    each(counts, async |count| {
        let ServiceCount { service_arn, desired_count } = count;
        let asked =
            json!({"cluster": cluster_name(service_arn), "service": service_arn, "desiredCount": desired_count});
        Ok(wire.target_json(&ECS, "UpdateService", &asked).await.map(|_: Value| ())?)
    })
    .await
}

pub(crate) async fn stop_tasks(wire: &Wire, task_arns: &[String], reason: &str) -> Result<(), PortError> {
    each(task_arns, async |task| {
        let asked = json!({"cluster": cluster_name(task), "task": task, "reason": reason});
        Ok(wire.target_json(&ECS, "StopTask", &asked).await.map(|_: Value| ())?)
    })
    .await
}

/// Write a note on a service.
pub(crate) async fn remember(wire: &Wire, arn: &str, text: &str) -> Result<(), PortError> {
    let asked = json!({"resourceArn": arn, "tags": [{"key": MEMORY_TAG, "value": text}]});
    Ok(wire.target_json(&ECS, "TagResource", &asked).await.map(|_: Value| ())?)
}

/// Take the note off again. A service that is gone has none.
pub(crate) async fn forget(wire: &Wire, arn: &str) -> Result<(), PortError> {
    let asked = json!({"resourceArn": arn, "tagKeys": [MEMORY_TAG]});
    wire.target_json(&ECS, "UntagResource", &asked).await.or_absent(is_gone).map(|_: Option<Value>| ())
}

/// `ServiceNotFoundException`, `ServiceNotActiveException`, `ClusterNotFoundException`, `ResourceNotFoundException`.
fn is_gone(error: &CallError) -> bool {
    let code = error.code();
    code.ends_with("NotFoundException") || code.ends_with("ServiceNotActiveException")
}

fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
