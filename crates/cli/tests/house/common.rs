//! What the tests of the whole house share: the vendor's templates, and a rehearsal in virtual time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws::{AwsCloud, Connection, Transport};
use cli::{PlanRequest, Scenario};
use conductor::{Clock, JournalStore, SqliteJournal, Watcher};
use localcloud::{AccessKeys, Config, LocalCloud};
use upgrade::{Outcome, Plan, Record, State};

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

/// A cloud in this process, and the SDK that calls it without a socket.
pub struct Rehearsal {
    pub local: LocalCloud,
    pub cloud: AwsCloud,
    pub clock: Clock,
}

impl Rehearsal {
    /// An empty cloud. To be called where tokio's clock is paused.
    pub fn new(seed: u64) -> Rehearsal {
        let keys = AccessKeys::new("AKIAREHEARSAL", "not a secret: nobody else can reach this cloud");
        let config = Config { seed, ..Config::default() };
        let beginning = localcloud::Clock::starting_at(localcloud::Timestamp(BEGINNING));
        let local = LocalCloud::in_memory(config, beginning, keys.clone());
        let clock = Clock::starting_at(upgrade::Timestamp(BEGINNING));
        let callee = local.clone();
        let cloud = AwsCloud::new(&Connection {
            region: "us-east-1".to_owned(),
            endpoint_url: "http://localhost".to_owned(),
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            transport: Transport::InProcess(Arc::new(move |request| callee.call(request))),
            now: Arc::new(move || clock.system_time()),
        });
        Rehearsal { local, cloud, clock }
    }

    /// Create the platform, put it to work, and plan its upgrade.
    pub async fn prepare(&self, releases: &Releases) -> Plan {
        let scenario = Scenario {
            stack_name: "platform",
            from: ("from.yaml", &releases.from),
            parameters: &releases.parameters,
        };
        let caller = cli::seed::Caller::in_process(self.local.clone(), self.clock);
        cli::populate(&self.cloud, &caller, &scenario, &mut |_| ()).await.expect("the platform is created");
        let template_url =
            self.cloud.upload_template("releases", "to.yaml", &releases.to).await.expect("uploaded");
        let request = PlanRequest {
            stack_name: "platform",
            template_name: "to.yaml",
            template: &releases.to,
            template_url: &template_url,
            given: &releases.parameters,
            run_id: "rehearsal",
        };
        cli::plan(&self.cloud, &request).await.expect("a plan")
    }

    /// Carry the plan out.
    pub async fn upgrade(&self, plan: &Plan) -> (Outcome, Vec<Record>) {
        let mut journal = SqliteJournal::in_memory().expect("a journal");
        let outcome = conductor::start(plan, &self.cloud, &mut journal, &self.clock, &mut Silent)
            .await
            .expect("the run comes to its end");
        let (_, records) = journal.load(&plan.run_id).expect("the journal can be read");
        (outcome, records)
    }
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
