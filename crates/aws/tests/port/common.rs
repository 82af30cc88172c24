//! A local cloud in this process with a platform in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws::{AwsCloud, Connection, NewStack, Pace, Transport};
use conductor::{Clock, Cloud};
use localcloud::{AccessKeys, Config, LocalCloud};
use upgrade::{Act, LogicalResource, Observation, Query};

/// When every test begins: 2026-01-01T00:00:00Z.
const BEGINNING: u64 = 1_767_225_600_000;

pub const TEMPLATE: &str = include_str!("platform.yaml");

/// A cloud and the port to it.
pub struct Bench {
    pub local: LocalCloud,
    pub cloud: AwsCloud,
    pub clock: Clock,
    /// The stack's id, once it is created.
    pub stack_id: String,
    /// Its resources, by logical id.
    pub physical: BTreeMap<String, String>,
}

pub fn connection(local: &LocalCloud, keys: &AccessKeys, clock: Clock) -> Connection {
    let callee = local.clone();
    Connection {
        region: "us-east-1".to_owned(),
        endpoint_url: "http://localhost".to_owned(),
        access_key_id: keys.access_key_id.clone(),
        secret_access_key: keys.secret_access_key.clone(),
        transport: Transport::InProcess(Arc::new(move |request| {
            crate::operations::check(&request);
            callee.call(request)
        })),
        now: Arc::new(move || clock.system_time()),
    }
}

impl Bench {
    /// An empty cloud. To be called where tokio's clock is paused.
    pub fn empty(throttling: bool, pace: Pace) -> Bench {
        let keys = AccessKeys::new("AKIATEST", "nobody else reaches this cloud");
        let beginning = localcloud::Clock::starting_at(localcloud::Timestamp(BEGINNING));
        let config = Config { throttling, ..Config::default() };
        let local = LocalCloud::in_memory(config, beginning, keys.clone());
        let clock = Clock::starting_at(upgrade::Timestamp(BEGINNING));
        let cloud = AwsCloud::paced(&connection(&local, &keys, clock), pace);
        Bench { local, cloud, clock, stack_id: String::new(), physical: BTreeMap::new() }
    }

    /// A cloud with the platform.
    pub async fn with_platform() -> Bench {
        let mut bench = Bench::empty(false, Pace::Unlimited);
        bench.create(TEMPLATE).await;
        bench
    }

    pub async fn create(&mut self, template: &str) {
        let url = self.upload(template).await;
        let stack = NewStack {
            stack_name: "platform",
            template_url: &url,
            parameters: &BTreeMap::new(),
            capabilities: &["CAPABILITY_NAMED_IAM".to_owned()],
        };
        self.stack_id = self.cloud.create_stack(&stack).await.expect("created");
        self.cloud.wait_until_created(&self.stack_id, &self.clock).await.expect("complete");
        self.locate().await;
    }

    pub async fn upload(&self, template: &str) -> String {
        let key = format!("{}.yaml", template.len());
        self.cloud.upload_template("templates", &key, template.as_bytes()).await.expect("uploaded")
    }

    async fn locate(&mut self) {
        let deployment = self.cloud.deployment("platform").await.expect("a deployment");
        self.physical =
            deployment.resources.into_iter().map(|found| (found.logical_id, found.physical_id)).collect();
    }

    /// A resource's physical id.
    pub fn id(&self, logical_id: &str) -> String {
        self.physical.get(logical_id).unwrap_or_else(|| panic!("{logical_id} is in the stack")).clone()
    }

    pub fn resource(&self, logical_id: &str) -> LogicalResource {
        LogicalResource { logical_id: logical_id.to_owned(), physical_id: self.id(logical_id) }
    }

    pub async fn ask(&self, query: impl Into<Query>) -> Observation {
        let query = query.into();
        self.cloud.observe(&query).await.unwrap_or_else(|error| panic!("{query:?}: {error}"))
    }

    pub async fn tell(&self, act: &(impl Into<Act> + Clone)) {
        let act: Act = act.clone().into();
        self.cloud.act(&act).await.unwrap_or_else(|error| panic!("{act:?}: {error}"));
    }

    /// Ask until the answer is the wanted one, for at most an hour of virtual time.
    pub async fn until(&self, query: impl Into<Query>, wanted: impl Fn(&Observation) -> bool) -> Observation {
        let query = query.into();
        for _ in 0..720 {
            let seen = self.ask(query.clone()).await;
            if wanted(&seen) {
                return seen;
            }
            self.clock.sleep(std::time::Duration::from_secs(5)).await;
        }
        panic!("{query:?} never came to it: {:?}", self.ask(query.clone()).await)
    }
}
