//! What the tests of the whole house share: the vendor's templates, and a rehearsal in virtual time. The deployment of
//! the full upgrade is in `full`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws::{AwsCloud, AwsClouds, Connection, Transport};
use cli::configuration::DeploymentSettings;
use cli::planning::{NewRelease, UpgradeRequest, prepare};
use cli::ports::Ports;
use cli::site::Site;
use cli::{Scenario, accepted, demo_settings};
use conductor::{Clock, Conductor, Ended, Holder, JournalStore, SqliteJournal, Watcher};
use localcloud::{AccessKeys, Config, LocalCloud};
use platform::{Adapter, PlatformConfig, Secret};
use upgrade::{ApprovedPlan, Outcome, Plan, Record, State, UpgradeChoices};

/// The folder of vendors' releases and recordings beside the checkout; `None`, said loudly, where it is absent.
pub fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    if path.is_dir() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "../shared must be beside the checkout in CI");
    println!("SKIPPED: ../shared is not beside the checkout, so no vendor's release is at hand");
    None
}

/// An upgrade from one release to the next.
pub struct Releases {
    pub from: Vec<u8>,
    pub to: Vec<u8>,
    pub parameters: BTreeMap<String, String>,
}

/// Code Ocean VPC v3.7.0 to v3.8.2.
pub fn code_ocean() -> Option<Releases> {
    let folder = shared()?.join("templates/code-ocean");
    let read = |name: &str| std::fs::read(folder.join(name)).expect("a vendor's release");
    let parameters = serde_json::from_slice(&read("parameters.json")).expect("a map of texts");
    Some(Releases { from: read("v3.7.0.yaml"), to: read("v3.8.2.yaml"), parameters })
}

/// The repository's own sample platform.
pub fn sample() -> Releases {
    Releases {
        from: include_bytes!("../../../../deploy/sample/1.0.0.yaml").to_vec(),
        to: include_bytes!("../../../../deploy/sample/1.1.0.yaml").to_vec(),
        parameters: BTreeMap::new(),
    }
}

/// When every rehearsal begins: 2026-01-01T00:00:00Z.
pub const BEGINNING: u64 = 1_767_225_600_000;

/// The key that signs; nobody else can reach these clouds, but it must not show all the same.
pub const SECRET_KEY: &str = "sk-Z3-SECRET-ACCESS-KEY-hunter2";

/// A cloud in this process, and the SDK that calls it without a socket.
pub struct Rehearsal {
    pub local: LocalCloud,
    pub cloud: AwsCloud,
    pub clock: Clock,
}

impl Rehearsal {
    /// An empty cloud. To be called where tokio's clock is paused.
    pub fn new(seed: u64) -> Rehearsal {
        Rehearsal::on(Config { seed, ..Config::default() })
    }

    /// The same on a cloud of another kind.
    pub fn on(config: Config) -> Rehearsal {
        let clock = Clock::starting_at(upgrade::Timestamp(BEGINNING));
        let local = local_cloud(config);
        let cloud = sdk(&local, clock);
        Rehearsal { local, cloud, clock }
    }

    /// Create the platform, put it to work, and plan its upgrade.
    pub async fn prepare(&self, releases: &Releases) -> (Site, Plan) {
        let scenario = Scenario {
            stack_name: "platform",
            from: ("from.yaml", &releases.from),
            parameters: &releases.parameters,
        };
        let caller = cli::seed::Caller::in_process(self.local.clone(), self.clock);
        cli::populate(&self.cloud, &caller, &scenario, &mut |_| ()).await.expect("the platform is created");
        let settings = demo_settings("platform").expect("the demo's settings are sound");
        let site = self.site(settings);
        let plan = self.plan(&site, &releases.to).await;
        (site, plan)
    }

    /// The deployment within reach.
    pub fn site(&self, settings: DeploymentSettings) -> Site {
        let nobody = PlatformConfig {
            adapter: &platform::NONE,
            url: String::new(),
            token: Secret::new(String::new()),
            ca_file: None,
            timeout: std::time::Duration::from_secs(30),
        };
        let ports = Ports {
            clouds: AwsClouds::one(self.cloud.clone()),
            platform: Adapter::new(nobody).expect("no platform needs nothing"),
        };
        Site::around(settings, Path::new(""), ports, self.clock).expect("a built-in profile")
    }

    /// Plan the upgrade to a release.
    pub async fn plan(&self, site: &Site, to: &[u8]) -> Plan {
        let request = UpgradeRequest {
            inherited: upgrade::Before::default(),
            release: NewRelease::of("to.yaml", to.to_vec(), None).expect("a template"),
            choices: UpgradeChoices { accepted: accepted(), ..UpgradeChoices::default() },
            take_fixes: true,
            run_id: "rehearsal".to_owned(),
        };
        let prepared = prepare(site, &request).await.expect("everything could be looked at");
        prepared.plan.unwrap_or_else(|no_plan| panic!("{no_plan:?}: {:#?}", prepared.checks))
    }

    /// Carry the plan out.
    pub async fn upgrade(&self, site: &Site, plan: &Plan) -> (Outcome, Vec<Record>) {
        let journal = SqliteJournal::in_memory().expect("a journal");
        let holder = Holder::named("a rehearsal");
        let conductor =
            Conductor { cloud: &site.ports, journal: &journal, clock: &self.clock, holder: &holder };
        let ended = conductor
            .start(&approved(plan, &self.clock), &mut Silent)
            .await
            .expect("the run comes to its end");
        let (_, records) = journal.load(&plan.run_id).await.expect("the journal can be read");
        match ended {
            Ended::Run(outcome) => (outcome, records),
            Ended::NeedsAnswer(question, _) => panic!("nobody is here to answer {question:?}"),
        }
    }
}

/// A plan that somebody has read and approved.
pub fn approved(plan: &Plan, clock: &Clock) -> ApprovedPlan {
    ApprovedPlan::new(plan.clone(), &plan.sha256(), "ada", clock.now()).expect("its own hash")
}

/// An empty cloud in this process, at the beginning of time.
pub fn local_cloud(config: Config) -> LocalCloud {
    let keys = AccessKeys::new("AKIAREHEARSAL", SECRET_KEY);
    let beginning = localcloud::Clock::starting_at(localcloud::Timestamp(BEGINNING));
    LocalCloud::in_memory(config, beginning, keys)
}

/// The SDK that calls a cloud in this process.
pub fn sdk(local: &LocalCloud, clock: Clock) -> AwsCloud {
    let (callee, keys) = (local.clone(), local.keys().clone());
    AwsCloud::new(&Connection {
        region: local.region().to_owned(),
        endpoint_url: "http://localhost".to_owned(),
        access_key_id: keys.access_key_id,
        secret_access_key: keys.secret_access_key,
        transport: Transport::InProcess(Arc::new(move |request| callee.call(request))),
        now: Arc::new(move || clock.system_time()),
    })
}

/// Watches and says nothing.
pub struct Silent;

impl Watcher for Silent {
    fn recorded(&mut self, _plan: &Plan, _record: &Record, _state: &State) {}
}

/// A runtime whose clock is paused: waiting costs nothing.
pub fn virtual_time() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}
