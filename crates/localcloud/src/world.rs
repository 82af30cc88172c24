//! The whole state of the local cloud, and how time passes in it.

use serde_json::Value;

use crate::clock::Timestamp;
use crate::cloudformation::CloudFormation;
use crate::error::AwsError;
use crate::faults::Faults;
use crate::identity::Identities;
use crate::input::Input;
use crate::machine_room::Room;
use crate::services::{
    auto_scaling::AutoScaling, backup::Backup, batch::Batch, cloudwatch::CloudWatch, ec2::Ec2, ecs::Ecs,
    iam::Iam, load_balancing::LoadBalancing, notification::Notification, object_storage::ObjectStorage,
    parameter_store::ParameterStore, rds::Rds, secrets_manager::SecretsManager,
    security_token::SecurityToken,
};
use crate::timers::{Timer, Timers};
use crate::wire::Service;

/// How quickly simulated operations go.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Speed {
    /// Durations divided by this (1: as AWS; 60: an hour takes a minute).
    Times(f64),
    /// Durations are zero.
    Instant,
}

/// What a world is made with.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Config {
    /// Twelve digits.
    pub account_id: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// Where identifiers and jitter come from.
    pub seed: u64,
    /// How quickly simulated operations go.
    pub speed: Speed,
    /// Whether calls are throttled as AWS documents it. A data file of before there was throttling counts as one with it.
    #[serde(default = "throttled")]
    pub throttling: bool,
}

fn throttled() -> bool {
    true
}

impl Default for Config {
    fn default() -> Config {
        Config {
            account_id: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            partition: "aws".to_owned(),
            seed: 1,
            speed: Speed::Times(1.0),
            throttling: true,
        }
    }
}

/// The state of everything. Only [`World::handle`] changes it.
#[derive(Debug)]
pub struct World {
    /// What it was made with.
    pub config: Config,
    /// The time it has come to.
    pub now: Timestamp,
    /// What is going to happen.
    pub timers: Timers,
    /// Where identifiers come from.
    pub identities: Identities,
    /// Stacks and change sets.
    pub cloudformation: CloudFormation,
    /// Groups, instances, warm pools.
    pub auto_scaling: AutoScaling,
    /// Queues, compute environments, jobs.
    pub batch: Batch,
    /// Load balancers, listeners, rules, target groups.
    pub load_balancing: LoadBalancing,
    /// Buckets and objects.
    pub object_storage: ObjectStorage,
    /// Instances, volumes, snapshots, launch templates, networks.
    pub ec2: Ec2,
    /// Clusters, task definitions, services, tasks.
    pub ecs: Ecs,
    /// Databases and their snapshots.
    pub rds: Rds,
    /// Alarms.
    pub cloudwatch: CloudWatch,
    /// Temporary credentials.
    pub security_token: SecurityToken,
    /// Roles, users, policies.
    pub iam: Iam,
    /// Secrets.
    pub secrets_manager: SecretsManager,
    /// Parameters.
    pub parameter_store: ParameterStore,
    /// Topics and what was published to them.
    pub notification: Notification,
    /// Vaults, plans, recovery points.
    pub backup: Backup,
    /// What is to go wrong.
    pub faults: Faults,
    /// What the world knows of the real machines beside it.
    pub machine_room: Room,
}

impl World {
    /// An empty cloud.
    #[must_use]
    pub fn new(config: Config, now: Timestamp) -> World {
        World {
            identities: Identities::new(config.seed),
            config,
            now,
            timers: Timers::default(),
            cloudformation: CloudFormation::default(),
            auto_scaling: AutoScaling::default(),
            batch: Batch::default(),
            load_balancing: LoadBalancing::default(),
            object_storage: ObjectStorage::default(),
            ec2: Ec2::default(),
            ecs: Ecs::default(),
            rds: Rds::default(),
            cloudwatch: CloudWatch::default(),
            security_token: SecurityToken::default(),
            iam: Iam::default(),
            secrets_manager: SecretsManager::default(),
            parameter_store: ParameterStore::default(),
            notification: Notification::default(),
            backup: Backup::default(),
            faults: Faults::default(),
            machine_room: Room::default(),
        }
    }

    /// Let everything happen that is due by `to`, each at its own time.
    pub fn advance(&mut self, to: Timestamp) {
        while let Some((at, timer)) = self.timers.pop_due(to) {
            self.now = self.now.max(at);
            match timer {
                Timer::CloudFormation(timer) => crate::cloudformation::happen(self, timer),
                Timer::AutoScaling(timer) => crate::services::auto_scaling::happen(self, timer),
                Timer::Batch(timer) => crate::services::batch::happen(self, timer),
                Timer::Ec2(timer) => crate::services::ec2::happen(self, timer),
                Timer::Ecs(timer) => crate::services::ecs::happen(self, timer),
                Timer::Rds(timer) => crate::services::rds::happen(self, timer),
                Timer::Backup(timer) => crate::services::backup::happen(self, timer),
            }
        }
        self.now = self.now.max(to);
    }

    /// Answer one request made at `at`. A request that is refused has changed nothing, but where AWS says otherwise (EC2's
    /// `TerminateInstances` of instances of which some are protected).
    pub fn handle(
        &mut self,
        at: Timestamp,
        service: Service,
        operation: &str,
        input: Input<'_>,
    ) -> Result<Value, AwsError> {
        self.advance(at);
        match service {
            Service::CloudFormation => crate::cloudformation::handle(self, operation, input),
            Service::AutoScaling => crate::services::auto_scaling::handle(self, operation, input),
            Service::Batch => crate::services::batch::handle(self, operation, input),
            Service::LoadBalancing => crate::services::load_balancing::handle(self, operation, input),
            Service::SecurityToken => crate::services::security_token::handle(self, operation, input),
            Service::ObjectStorage => crate::services::object_storage::handle(self, operation, input),
            Service::Ec2 => crate::services::ec2::handle(self, operation, input),
            Service::Ecs => crate::services::ecs::handle(self, operation, input),
            Service::Rds => crate::services::rds::handle(self, operation, input),
            Service::CloudWatch => crate::services::cloudwatch::handle(self, operation, input),
            Service::Iam => crate::services::iam::handle(self, operation, input),
            Service::SecretsManager => crate::services::secrets_manager::handle(self, operation, input),
            Service::ParameterStore => crate::services::parameter_store::handle(self, operation, input),
            Service::Notification => crate::services::notification::handle(self, operation, input),
            Service::Backup => crate::services::backup::handle(self, operation, input),
            Service::Control if crate::machine_room::answers(operation) => {
                crate::machine_room::handle(self, operation, input)
            }
            Service::Control => crate::control::handle(self, operation, input),
        }
    }

    /// How long something takes here that takes `usual` on AWS.
    #[must_use]
    pub fn scaled(&self, usual: std::time::Duration) -> std::time::Duration {
        match self.config.speed {
            Speed::Instant => std::time::Duration::ZERO,
            // What is too long to be said lasts as long as can be said.
            Speed::Times(factor) if factor > 0.0 => {
                std::time::Duration::try_from_secs_f64(usual.as_secs_f64() / factor)
                    .unwrap_or(std::time::Duration::MAX)
            }
            Speed::Times(_) => usual,
        }
    }

    /// Let `timer` happen after what takes `usual` on AWS.
    pub fn schedule(&mut self, usual: std::time::Duration, timer: Timer) {
        let at = self.now.after(self.scaled(usual));
        self.timers.schedule(at, timer);
    }

    /// `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Config { partition, region, account_id, .. } = &self.config;
        format!("arn:{partition}:{service}:{region}:{account_id}:{resource}")
    }
}
