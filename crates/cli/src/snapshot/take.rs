//! Taking a snapshot of a deployment within reach: what planning looks at, and each stack's history.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use template::Template;
use upgrade::{
    Circumstances, Deployment, Job, LogicalResource, Looked, Machine, Session, StackEvent, Targets, Unsaved,
    UpdateKind, WorkerGroup,
};

use super::{
    DatabaseSnapshot, EventSnapshot, GroupSnapshot, MachineSnapshot, Part, QueueSnapshot, ResourceSnapshot,
    SNAPSHOT_FORMAT, SettingsSnapshot, Snapshot, StackSnapshot, WorkSnapshot,
};
use crate::configuration::LinkedStackSettings;
use crate::error::CliError;
use crate::files::{self, FileError};
use crate::planning::{NewRelease, Surroundings, surroundings};
use crate::site::Site;
use crate::words::already;

/// Events of a stack, the latest: a large platform's last ten updates.
const MOST_EVENTS: usize = 5_000;

/// The tables and words of a deployment's settings that say how a run goes about its work, and not where anything is.
const KEPT: [&str; 6] = ["profile", "gate", "doors", "maintenance", "health", "accept"];

/// The settings of a deployment, as its file has them.
///
/// # Errors
/// The file can't be read any more, or is no TOML.
pub(crate) fn settings(site: &Site, file: &std::path::Path) -> Result<SettingsSnapshot, CliError> {
    let text = files::read_text(file)?;
    let malformed = |reason: String| FileError::malformed(file, reason);
    let document: Value = toml::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    let own = document.get("deployments").and_then(|all| all.get(&site.settings.name));
    let mut table: Map<String, Value> = own.and_then(Value::as_object).cloned().unwrap_or_default();
    table.retain(|key, _| KEPT.contains(&key.as_str()));
    // Checks over HTTP ask what is out there.
    if let Some(health) = table.get_mut("health").and_then(Value::as_object_mut) {
        health.remove("http");
    }
    let named = site.settings.profile.as_ref().map(|word| word.text.as_str());
    let profile_text = match named {
        Some(word) if upgrade::Profile::built_in(word).is_none() => {
            table.remove("profile");
            Some(files::read_text(&site.path(word))?)
        }
        Some(_) | None => None,
    };
    let adapter = site.settings.platform.adapter.word.to_owned();
    Ok(SettingsSnapshot { table, profile_text, adapter })
}

/// Look at everything that a rehearsal starts from.
///
/// # Errors
/// The primary stack can't be described; what else can't be looked at is named in the snapshot.
pub(crate) async fn take(site: &Site, settings: SettingsSnapshot) -> Result<Snapshot, CliError> {
    let Surroundings { deployment, targets, around, found } = surroundings(site).await?;
    let mut unread = Vec::new();
    if let Some(found) = &found {
        unread.push(format!(
            "{} A rehearsal begins with users let in, and with the work and the sizes that maintenance has left.",
            already(found)
        ));
    }
    if deployment.status.ends_with("_IN_PROGRESS") || deployment.status.ends_with("_FAILED") {
        unread.push(format!(
            "The stack is {}: a rehearsal begins with one that stands, by the template it has now.",
            deployment.status
        ));
    }
    let mut primary = stack(site, Part::Primary, UpdateKind::Primary, &deployment, &mut unread).await?;
    at_work(&mut primary, &targets, &around, &mut unread);
    let mut stacks = vec![primary];
    for (part, kind, linked) in [
        (Part::Backup, UpdateKind::BackupStack, site.settings.backup_stack.as_ref()),
        (Part::Role, UpdateKind::RoleStack, site.settings.role_stack.as_ref()),
    ] {
        let Some(linked) = linked else { continue };
        match linked_stack(site, part, kind, linked, &mut unread).await {
            Ok(stack) => stacks.push(stack),
            Err(error) => unread.push(format!("The {} {}: {error}", kind.title(), linked.stack)),
        }
    }
    if !site.settings.health.http.is_empty() {
        unread.push("The owner's HTTP checks ask what is out there: a rehearsal leaves them out.".to_owned());
    }
    let mut sessions = Vec::new();
    if let Some(found) = &around.sessions {
        sessions = looked(found, "sessions", &mut unread).iter().map(session).collect();
    }
    let mut computations = Vec::new();
    if let Some(found) = &around.computations {
        let work = |one: &upgrade::Computation| WorkSnapshot {
            name: one.name.clone(),
            owner: Some(one.owner.clone()),
            unsaved: None,
        };
        computations = looked(found, "computations", &mut unread).iter().map(work).collect();
    }
    Ok(Snapshot {
        format: SNAPSHOT_FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        deployment: site.settings.name.clone(),
        taken_at: Some(site.clock.now()),
        masked: false,
        settings,
        stacks,
        sessions,
        computations,
        unread,
    })
}

fn session(session: &Session) -> WorkSnapshot {
    let unsaved = match session.unsaved {
        Unsaved::No => Some(0),
        Unsaved::Yes { items } => Some(items.max(1)),
        Unsaved::Unknown => None,
    };
    WorkSnapshot { name: session.name.clone(), owner: Some(session.owner.clone()), unsaved }
}

/// What was seen; where nothing could be, that is noted.
fn looked<'a, T>(found: &'a Looked<Vec<T>>, what: &str, unread: &mut Vec<String>) -> &'a [T] {
    match found {
        Ok(all) => all,
        Err(error) => {
            unread.push(format!("The {what} could not be looked at: {error}"));
            &[]
        }
    }
}

async fn linked_stack(
    site: &Site,
    part: Part,
    kind: UpdateKind,
    linked: &LinkedStackSettings,
    unread: &mut Vec<String>,
) -> Result<StackSnapshot, CliError> {
    let cloud = site.ports.clouds.cloud_for(kind)?;
    let deployment = cloud.deployment(&linked.stack).await?;
    let mut stack = stack(site, part, kind, &deployment, unread).await?;
    if let Some(named) = &linked.template {
        match NewRelease::read(site, cloud, named).await {
            Ok(release) => {
                stack.next_template = Some(String::from_utf8_lossy(&release.bytes).into_owned());
            }
            Err(error) => {
                unread.push(format!("The {}'s next template could not be read: {error}", kind.title()));
            }
        }
    }
    Ok(stack)
}

async fn stack(
    site: &Site,
    part: Part,
    kind: UpdateKind,
    deployment: &Deployment,
    unread: &mut Vec<String>,
) -> Result<StackSnapshot, CliError> {
    let cloud = site.ports.clouds.cloud_for(kind)?;
    let events = match cloud.stack_history(&deployment.stack_id, MOST_EVENTS).await {
        Ok(events) => events,
        Err(error) => {
            unread.push(format!(
                "The events of {} could not be read, so times are not this stack's own: {error}",
                deployment.stack_name
            ));
            Vec::new()
        }
    };
    let template = Template::parse(&deployment.stack_name, deployment.template.as_bytes())?;
    let is_secret = |key: &String| template.parameters.get(key).is_some_and(|one| one.no_echo);
    let (secret, open): (BTreeMap<_, _>, BTreeMap<_, _>) =
        deployment.parameters.clone().into_iter().partition(|(key, _)| is_secret(key));
    Ok(StackSnapshot {
        part,
        name: deployment.stack_name.clone(),
        account_id: deployment.account_id.clone(),
        region: deployment.region.clone(),
        template: deployment.template.clone(),
        next_template: None,
        parameters: open,
        secret_parameters: secret.into_keys().collect(),
        tags: deployment.tags.clone(),
        has_role: cloud.stack_role(&deployment.stack_id).await.is_ok_and(|role| role.is_some()),
        resources: deployment
            .resources
            .iter()
            .map(|one| ResourceSnapshot {
                logical_id: one.logical_id.clone(),
                physical_id: one.physical_id.clone(),
            })
            .collect(),
        events: events.into_iter().map(event).collect(),
        groups: Vec::new(),
        queues: Vec::new(),
        databases: Vec::new(),
        machines: Vec::new(),
    })
}

fn event(event: StackEvent) -> EventSnapshot {
    EventSnapshot {
        at: event.timestamp,
        logical_id: event.logical_id,
        resource_type: event.resource_type,
        status: event.status,
    }
}

/// Who and what is at work in the primary stack.
fn at_work(stack: &mut StackSnapshot, targets: &Targets, around: &Circumstances, unread: &mut Vec<String>) {
    let groups: &[WorkerGroup] = looked(&around.worker_groups, "worker groups", unread);
    for LogicalResource { logical_id, physical_id } in &targets.worker_groups {
        let Some(group) = groups.iter().find(|group| group.name == *physical_id) else { continue };
        let size = |size: i32| usize::try_from(size).unwrap_or_default();
        stack.groups.push(GroupSnapshot {
            logical_id: logical_id.clone(),
            desired: size(group.desired_capacity),
            protected: group.new_instances_protected,
            warm_pool: group.warm_pool.as_ref().map(|pool| size(pool.min_size)),
            suspended: group.suspended.clone(),
        });
    }
    let jobs: &[Job] = looked(&around.jobs, "jobs", unread);
    for LogicalResource { logical_id, physical_id } in &targets.job_queues {
        let of_queue = jobs.iter().filter(|job| job.queue_arn == *physical_id);
        let work =
            |job: &Job| WorkSnapshot { name: job.name.clone(), owner: job.owner.clone(), unsaved: None };
        let jobs = of_queue.map(work).collect();
        stack.queues.push(QueueSnapshot { logical_id: logical_id.clone(), jobs });
    }
    for database in looked(&around.databases, "databases", unread) {
        stack.databases.push(DatabaseSnapshot {
            logical_id: database.logical_id.clone(),
            allocated: u64::from(database.allocated_storage),
            engine_version: Some(database.engine_version.clone()).filter(|version| !version.is_empty()),
        });
    }
    let machines: &[Machine] = looked(&around.dedicated_machines, "dedicated machines", unread);
    for machine in machines {
        let name = machine.name.clone().unwrap_or_default();
        let mut tags: BTreeMap<String, String> = BTreeMap::from([("Name".to_owned(), name)]);
        for (key, value) in &targets.dedicated_machine_tags {
            tags.insert(key.clone(), value.clone().unwrap_or_else(|| stack.name.clone()));
        }
        tags.extend(machine.owner.clone().map(|owner| ("owner".to_owned(), owner)));
        stack.machines.push(MachineSnapshot { tags });
    }
}
