//! What a drain can't end, and what keeps from coming what is put back: each part looked at by itself.

use upgrade::{
    Instance, Looked, Machine, ObstacleParts, ObstaclesSeen, PortError, PortErrorKind, ProtectedInstance,
    WorkerGroup,
};

use crate::cloud::AwsCloud;
use crate::concurrency::all;
use crate::{auto_scaling, batch, ec2, ecs};

/// What becomes of a part that can't be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// It carries the reason, whatever that is: who draws up a plan doesn't wait.
    IsSaid,
    /// What may pass fails the whole look, which is tried again; what is refused carries the reason.
    IsTriedAgain,
}

impl AwsCloud {
    /// What a drain may meet.
    ///
    /// # Errors
    /// A part can't be looked at, for a reason that may pass, and is to be tried again.
    pub(crate) async fn obstacles(
        &self,
        parts: &ObstacleParts,
        unseen: Unseen,
    ) -> Result<ObstaclesSeen, PortError> {
        let ObstacleParts { machine_tags, group_names, queue_arns, service_arns, instances_as_well } = parts;
        let groups = auto_scaling::worker_groups(&self.wire, group_names).await;
        let protected =
            self.protected(machine_tags, groups.as_ref().ok().filter(|_| *instances_as_well)).await;
        let schedules = auto_scaling::scheduled_actions(&self.wire, group_names).await;
        let refreshes = auto_scaling::instance_refreshes(&self.wire, group_names).await;
        let (queues, environments) = match batch::queues_with_environments(&self.wire, queue_arns).await {
            Ok((queues, arns)) => (Ok(queues), batch::environments(&self.wire, &arns).await),
            Err(error) => (Err(error.clone()), Err(error)),
        };
        let services = ecs::services(&self.wire, service_arns).await;
        Ok(ObstaclesSeen {
            protected: self.part(protected, unseen)?,
            groups: self.part(groups, unseen)?,
            queues: self.part(queues, unseen)?,
            services: self.part(services, unseen)?,
            environments: self.part(environments, unseen)?,
            schedules: self.part(schedules, unseen)?,
            refreshes: self.part(refreshes, unseen)?,
        })
    }

    fn part<T>(&self, found: Result<T, PortError>, unseen: Unseen) -> Result<Looked<T>, PortError> {
        match (found, unseen) {
            (Err(error), Unseen::IsTriedAgain) if error.kind != PortErrorKind::Refused => Err(error),
            (found, Unseen::IsSaid | Unseen::IsTriedAgain) => Ok(self.looked(found)),
        }
    }

    /// Machines with these tags, and instances of groups, that EC2's API may not terminate.
    async fn protected(
        &self,
        machine_tags: &[(String, Option<String>)],
        groups: Option<&Vec<WorkerGroup>>,
    ) -> Result<Vec<ProtectedInstance>, PortError> {
        let machines = ec2::machines(&self.wire, machine_tags).await?;
        let is_there = |machine: &&Machine| machine.state != "shutting-down";
        let mut found = all(machines.iter().filter(is_there), async |machine| {
            let by = ec2::api_protection(&self.wire, &machine.instance_id).await?;
            let Machine { instance_id, name, owner, state: _ } = machine;
            Ok(by.map(|by| ProtectedInstance {
                instance_id: instance_id.clone(),
                group_name: None,
                name: name.clone(),
                owner: owner.clone(),
                by,
            }))
        })
        .await?;
        let instances = groups
            .into_iter()
            .flatten()
            .flat_map(|group| group.instances.iter().map(move |instance| (group, instance)));
        let is_there =
            |(_, instance): &(&WorkerGroup, &Instance)| !instance.lifecycle_state.contains("Terminat");
        found.extend(
            all(instances.filter(is_there), async |(group, instance)| {
                let by = ec2::api_protection(&self.wire, &instance.id).await?;
                Ok(by.map(|by| ProtectedInstance {
                    instance_id: instance.id.clone(),
                    group_name: Some(group.name.clone()),
                    name: None,
                    owner: None,
                    by,
                }))
            })
            .await?,
        );
        Ok(found.into_iter().flatten().collect())
    }
}
