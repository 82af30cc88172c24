//! The whole state of the local cloud, and how time passes in it.

use std::sync::Arc;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::cloudformation::CloudFormation;
use crate::cloudformation::durations::Pace;
use crate::error::AwsError;
use crate::faults::Faults;
use crate::generic::GenericResources;
use crate::identity::Identities;
use crate::input::Input;
use crate::machine_room::Room;
use crate::services::{self, Service, for_each_service};
use crate::timers::{Timer, Timers};

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

/// More is as good as never, and can't be added to a time.
const LARGEST_TIMES: f64 = 1e6;

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

macro_rules! world {
    ($($module:ident: $State:ident $([$Timer:ident])?,)*) => {
        /// The state of everything. Only [`World::handle`] changes it.
        #[derive(Debug, Clone)]
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
            /// Resources without a service of their own.
            pub generic: GenericResources,
            $(
                #[doc = concat!("[`services::", stringify!($module), "`].")]
                pub $module: services::$module::$State,
            )*
            /// What is to go wrong.
            pub faults: Faults,
            /// What the world knows of the real machines beside it.
            pub machine_room: Room,
            /// How long things take in a rehearsal; `None`: as usual. No request sets it, and no log knows it.
            pub pace: Option<Arc<dyn Pace>>,
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
                    generic: GenericResources::default(),
                    $($module: services::$module::$State::default(),)*
                    faults: Faults::default(),
                    machine_room: Room::default(),
                    pace: None,
                }
            }
        }
    };
}
for_each_service!(world);

impl World {
    /// Let everything happen that is due by `to`, each at its own time.
    pub fn advance(&mut self, to: Timestamp) {
        while let Some((at, timer)) = self.timers.pop_due(to) {
            self.now = self.now.max(at);
            timer.happen(self);
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
        service.call(self, operation, input)
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
        let usual = match (&self.pace, timer.service()) {
            (Some(pace), Some(service)) => {
                let times = pace.service(service.descriptor().signing_name).clamp(0.0, LARGEST_TIMES);
                usual.mul_f64(times)
            }
            (Some(_) | None, _) => usual,
        };
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
