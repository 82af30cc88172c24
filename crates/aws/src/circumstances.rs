//! Everything that is looked at before a plan is made. What can't be looked at, since it is denied, absent or too slow,
//! carries the reason and spoils nothing else.

use std::time::Duration;

use conductor::Clock;
use futures_util::future::join;
use upgrade::rights::Asked;
use upgrade::{
    Circumstances, DeniedAction, Job, LogicalResource, Looked, ObstacleParts, PlatformCapabilities,
    PortError, StackSettings, Targets,
};

use crate::cloud::AwsCloud;
use crate::obstacles::Unseen;
use crate::taken_names::CustomName;
use crate::{backup, batch, cloudformation, cloudwatch, ec2, identity, quotas, rds, taken_names};

/// What is to be looked at.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    pub stack_id: &'a str,
    pub targets: &'a Targets,
    /// Every resource of the stack, for recovery points.
    pub resources: &'a [LogicalResource],
    /// What the plan asks of the caller itself.
    pub asked_of_caller: &'a [Asked],
    /// What it asks of the role that CloudFormation works as; where there is none, of the caller as well.
    pub asked_of_role: &'a Asked,
    /// The role that CloudFormation is to assume; `None`: the one that the stack has.
    pub role_arn: Option<&'a str>,
    /// Logical ids of the resources that the update touches, for drift.
    pub drift_of: &'a [String],
    /// How long drift may take to be detected.
    pub drift_wait: Duration,
    /// Types of the resources that the update adds, for quotas.
    pub added_types: &'a [String],
    /// Custom names that the update would take.
    pub names: &'a [CustomName],
    /// There is no update: what only an update meets isn't looked at.
    pub without_update: bool,
    pub obstacles: &'a ObstacleParts,
}

impl AwsCloud {
    /// Look at everything around a deployment. The linked stacks and the platform are left for whoever can ask them.
    ///
    /// # Errors
    /// When there is no such stack, or it can't be described: nothing else makes sense then.
    pub async fn circumstances(
        &self,
        lookup: &Lookup<'_>,
        clock: &Clock,
    ) -> Result<Circumstances, PortError> {
        let mut stack = self.stack_settings(lookup.stack_id).await?;
        let drift = cloudformation::drift::drift(
            &self.wire,
            lookup.stack_id,
            lookup.drift_of,
            lookup.drift_wait,
            clock,
        );
        // The one that waits, beside all others, which take a moment together.
        let role_arn = lookup.role_arn.or(stack.role_arn.as_deref());
        let (drift, mut around) = join(drift, self.all_but_drift(lookup, role_arn)).await;
        around.drift = self.looked(drift);
        let policy = cloudformation::stack::stack_policy(&self.wire, lookup.stack_id);
        match self.looked_if(!lookup.without_update, policy).await {
            Ok(policy) => stack.stack_policy = policy,
            Err(reason) => stack.stack_policy_unknown = Some(reason),
        }
        around.stack = stack;
        Ok(around)
    }

    /// A stack's settings as they are, but for its policy.
    ///
    /// # Errors
    /// There is no such stack, or it can't be described.
    pub async fn stack_settings(&self, stack: &str) -> Result<StackSettings, PortError> {
        cloudformation::stack::settings(&self.wire, stack)
            .await
            .map_err(|error| self.origin.explain(error))?
            .ok_or_else(|| ec2::incomplete("cloudformation:DescribeStacks", "stack"))
    }

    /// The ARN of whoever signs the requests.
    pub async fn caller_arn(&self) -> Result<String, PortError> {
        identity::caller_arn(&self.wire).await.map_err(|error| self.origin.explain(error))
    }

    /// Of what is asked, what the policies of whoever signs the requests deny.
    pub async fn denied_to_caller(&self, asked: &[Asked]) -> Looked<Vec<DeniedAction>> {
        let denied = async {
            let arn = identity::caller_arn(&self.wire).await?;
            identity::denied_actions(&self.wire, &arn, asked).await
        };
        self.looked(denied.await)
    }

    async fn all_but_drift(&self, lookup: &Lookup<'_>, role_arn: Option<&str>) -> Circumstances {
        let Lookup { targets, .. } = lookup;
        let wire = &self.wire;
        let caller_arn = identity::caller_arn(wire).await;
        let is_updated = !lookup.without_update;
        let mut asked = lookup.asked_of_caller.to_vec();
        asked.extend(role_arn.is_none().then(|| lookup.asked_of_role.clone()));
        let denied_to_caller = match &caller_arn {
            Ok(_) if lookup.without_update => Ok(Vec::new()),
            Ok(arn) => identity::denied_actions(wire, arn, &asked).await,
            Err(error) => Err(error.clone()),
        };
        let denied_to_role = match role_arn {
            Some(arn) => {
                let asked = std::slice::from_ref(lookup.asked_of_role);
                Some(self.looked(identity::denied_actions(wire, arn, asked).await))
            }
            None => None,
        };
        let physical_ids: Vec<String> =
            lookup.resources.iter().map(|resource| resource.physical_id.clone()).collect();
        let (quotas, unknown_quotas) = quotas::quotas(self, lookup.added_types).await;
        let (taken_names, unknown_names) = taken_names::taken(self, lookup.names).await;
        let obstacles = self.obstacles(lookup.obstacles, Unseen::IsSaid).await.unwrap_or_default();
        Circumstances {
            caller_arn: self.looked(caller_arn),
            denied_to_caller: self.looked(denied_to_caller),
            denied_to_role,
            denied_to_linked: Vec::new(),
            // Whoever has the settings knows where the state is.
            state: upgrade::SharedState::default(),
            elsewhere: Err("it was not looked at".to_owned()),
            stack: upgrade::StackSettings::default(),
            drift: Ok(Vec::new()),
            backup: None,
            newest_recovery_point: self
                .looked_if(is_updated, backup::newest_recovery_point(wire, &physical_ids))
                .await,
            role_stack: None,
            databases: self.looked_if(is_updated, rds::databases(wire, &targets.databases)).await,
            pending_maintenance: self
                .looked_if(is_updated, rds::pending_maintenance(wire, &targets.databases))
                .await,
            alarms: self.looked_if(is_updated, cloudwatch::stack_alarms(wire, &targets.alarms)).await,
            // Whoever has the settings has looked at them already.
            listeners: Err("they were not looked at".to_owned()),
            nested_work: Err("they were not looked at".to_owned()),
            quotas,
            unknown_quotas,
            taken_names,
            unknown_names,
            jobs: self.looked(self.jobs_with_owners(&ids(&targets.job_queues)).await),
            worker_groups: obstacles.groups.clone(),
            dedicated_machines: self.looked(ec2::machines(wire, &targets.dedicated_machine_tags).await),
            obstacles,
            platform: PlatformCapabilities::NONE,
            platform_status: None,
            health: Vec::new(),
            health_unknown: None,
            sessions: None,
            computations: None,
        }
    }

    /// Unfinished jobs of queues, each with its owner where a tag says so.
    pub async fn jobs_with_owners(&self, queue_arns: &[String]) -> Result<Vec<Job>, PortError> {
        let mut jobs = batch::unfinished_jobs(&self.wire, queue_arns).await?;
        batch::name_owners(&self.wire, &mut jobs).await?;
        Ok(jobs)
    }

    /// The same of what is only looked at where it is wanted.
    async fn looked_if<T>(
        &self,
        is_wanted: bool,
        look: impl Future<Output = Result<T, PortError>>,
    ) -> Looked<T> {
        if is_wanted { self.looked(look.await) } else { Err("it was not looked at".to_owned()) }
    }

    /// The reason instead of the error.
    pub(crate) fn looked<T>(&self, found: Result<T, PortError>) -> Looked<T> {
        found.map_err(|error| self.origin.explain(error).to_string())
    }
}

fn ids(resources: &[LogicalResource]) -> Vec<String> {
    resources.iter().map(|resource| resource.physical_id.clone()).collect()
}
