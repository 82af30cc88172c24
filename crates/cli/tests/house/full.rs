//! The deployment of the full upgrade: a primary stack at work, a backup stack in another account and Region, a deployment
//! role's stack, and a platform with sessions; its plan, and runs that are watched from outside.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use aws::AwsClouds;
use cli::configuration::Configuration;
use cli::planning::{NewRelease, Prepared, UpgradeRequest, prepare};
use cli::ports::Ports;
use cli::seed::{Caller, Seed, plant};
use cli::site::Site;
use conductor::{Clock, ConductError, Conductor, Ended, Holder, JournalStore, SqliteJournal, Watcher};
use localcloud::faults::Faults;
use localcloud::{Config, LocalCloud};
use upgrade::{Acceptance, Outcome, Plan, Profile, Record, Report, UpgradeChoices};

use crate::common::{BEGINNING, approved, local_cloud, sdk};
use crate::material::{Material, PASSWORD, Vendor};
use crate::outside::{Group, Look, Outside, Standing, Way, check_gate};
use crate::stub_platform::{StubPlatform, TOKEN, adapter, platform_of};
use cli::rehearsal::calls::CallLog;

/// The repository's folder.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

pub const BUCKET: &str = "house-templates";

/// Everything of one deployment, at work.
pub struct Full {
    pub material: Material,
    pub local: LocalCloud,
    pub backup: LocalCloud,
    pub caller: Caller,
    pub clock: Clock,
    pub platform: StubPlatform,
    /// What is called of the primary's cloud.
    pub calls: CallLog,
    pub site: Site,
    /// Logical ids of what may be replaced, as its operator accepts.
    pub accepted_replacements: &'static [&'static str],
    /// How it stood when it was at work and nobody had touched it.
    pub before: Standing,
}

/// What differs from the usual between runs.
#[derive(Debug, Clone, Copy)]
pub struct Wishes {
    pub on_unhealthy: &'static str,
    pub notice: &'static str,
    /// CloudFormation works as a role of its own on every stack, which may do everything.
    pub has_roles: bool,
}

impl Default for Wishes {
    fn default() -> Wishes {
        Wishes { on_unhealthy: "ask", notice: "2m", has_roles: false }
    }
}

/// Plant a stack in a cloud, from a template's text.
pub async fn stack(
    caller: &Caller,
    url: &str,
    name: &str,
    parameters: &BTreeMap<String, String>,
    work: &str,
) {
    stack_with(caller, url, name, parameters, work, None).await;
}

/// The same; CloudFormation works on it as this role.
async fn stack_with(
    caller: &Caller,
    url: &str,
    name: &str,
    parameters: &BTreeMap<String, String>,
    work: &str,
    role: Option<&str>,
) {
    let mut text = format!("[[stack]]\nname = \"{name}\"\ntemplate = \"${{release}}\"\n");
    text.extend(role.map(|role| format!("role_arn = \"{role}\"\n")));
    text.push_str("[stack.parameters]\n");
    for (key, value) in parameters {
        text.push_str(&format!("{key} = \"{value}\"\n"));
    }
    text.push_str(work);
    let given = BTreeMap::from([("release".to_owned(), url.to_owned())]);
    let seed = Seed::parse(Path::new("full.toml"), &text, &given).expect("a seed");
    plant(caller, &seed, &mut |_| ()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// A role for CloudFormation, where one is wished for.
async fn role(caller: &Caller, account: &str, wishes: Wishes) -> Option<String> {
    const TRUST: &str = r#"{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "cloudformation.amazonaws.com"}}]}"#;
    const POLICY: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
    if !wishes.has_roles {
        return None;
    }
    let ask = async |operation: &str, fields: [(&str, &str); 2]| {
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        caller.query("iam", operation, &fields).await.expect("a role");
    };
    ask("CreateRole", [("RoleName", "deploy"), ("AssumeRolePolicyDocument", TRUST)]).await;
    ask("AttachRolePolicy", [("RoleName", "deploy"), ("PolicyArn", POLICY)]).await;
    Some(format!("arn:aws:iam::{account}:role/deploy"))
}

/// How the new release stands when it is deployed for itself: what it defines.
pub async fn freshly(vendor: Vendor) -> Option<Standing> {
    Some(freshly_of(&vendor.material()?).await)
}

/// The same of other material.
pub async fn freshly_of(material: &Material) -> Standing {
    let local = local_cloud(Config::default());
    let clock = Clock::starting_at(upgrade::Timestamp(BEGINNING));
    let caller = Caller::in_process(local.clone(), clock);
    let cloud = sdk(&local, clock);
    let url = cloud.upload_template(BUCKET, "to", material.to.as_bytes()).await.expect("uploaded");
    stack(&caller, &url, "platform", &material.parameters, "").await;
    let outside = Outside { local: &local, caller: &caller, platform: None, stack: "platform" };
    outside.standing().await
}

impl Full {
    /// Create it, and put it to work. To be called where tokio's clock is paused.
    pub async fn stand(vendor: Vendor, seed: u64, wishes: Wishes) -> Option<Full> {
        Some(Full::stand_of(vendor, seed, wishes, vendor.material()?).await)
    }

    /// The same of other material.
    pub async fn stand_of(vendor: Vendor, seed: u64, wishes: Wishes, material: Material) -> Full {
        let clock = Clock::starting_at(upgrade::Timestamp(BEGINNING));
        let local = local_cloud(Config { seed, ..Config::default() });
        let elsewhere = Config {
            seed,
            account_id: "111111111111".to_owned(),
            region: "eu-central-1".to_owned(),
            ..Config::default()
        };
        let backup = local_cloud(elsewhere);
        let caller = Caller::in_process(local.clone(), clock);
        let backup_caller = Caller::in_process(backup.clone(), clock);
        let calls = CallLog::default();
        let (cloud, backup_cloud) = (calls.sdk(&local, clock), sdk(&backup, clock));
        let read =
            |name: &str| std::fs::read(Path::new(ROOT).join("deploy/lab").join(name)).expect("the lab's");
        let none = BTreeMap::new();
        let url =
            backup_cloud.upload_template(BUCKET, "b", &read("backup-1.0.0.yaml")).await.expect("uploaded");
        let of_backup = role(&backup_caller, "111111111111", wishes).await;
        stack_with(&backup_caller, &url, "backup", &none, "", of_backup.as_deref()).await;
        let url =
            cloud.upload_template(BUCKET, "r", &read("deployment-role-1.0.0.yaml")).await.expect("uploaded");
        let own = role(&caller, "000000000000", wishes).await;
        stack_with(&caller, &url, "deployment-role", &none, "", own.as_deref()).await;
        let url = cloud.upload_template(BUCKET, "from", material.from.as_bytes()).await.expect("uploaded");
        let (parameters, work) = (&material.parameters, material.workload);
        stack_with(&caller, &url, "platform", parameters, work, own.as_deref()).await;

        let platform = platform_of(&local, "platform", clock);
        let clouds = AwsClouds { primary: cloud.clone(), backup: Some(backup_cloud), role: Some(cloud) };
        let ports = Ports { clouds, platform: adapter(&platform) };
        let Wishes { on_unhealthy, notice, has_roles: _ } = wishes;
        let profile = material.profile;
        let settings = format!(
            r#"
            [deployments.production]
            stack = "platform"
            region = "us-east-1"
            profile = "{profile}"
            template_bucket = "{BUCKET}"
            [deployments.production.backup_stack]
            stack = "backup"
            region = "eu-central-1"
            template = "deploy/lab/backup-1.1.0.yaml"
            template_bucket = "{BUCKET}"
            [deployments.production.role_stack]
            stack = "deployment-role"
            template = "deploy/lab/deployment-role-1.1.0.yaml"
            [deployments.production.platform]
            adapter = "http"
            url = "http://localhost:4000"
            token_env = "HOUSE_PLATFORM_TOKEN"
            [deployments.production.maintenance]
            notice = "{notice}"
            admitted = ["203.0.113.0/24"]
            snapshots = ["databases", "volumes"]
            mute_alarms = true
            [deployments.production.health]
            quiet = "20s"
            deadline = "10m"
            on_failure = "{on_unhealthy}"
            "#
        );
        let settings = Configuration::parse("full.toml", &settings).unwrap_or_else(|error| panic!("{error}"));
        let settings = settings.deployment(None).expect("the only one").clone();
        let mut site = Site::around(settings, Path::new(ROOT), ports, clock).expect("a built-in profile");
        if vendor == Vendor::Sample {
            site.profile = Some(Profile {
                dedicated_machine_tags: vec![("Name".to_owned(), Some("dedicated".to_owned()))],
                ..Profile::generic()
            });
        }
        let outside =
            Outside { local: &local, caller: &caller, platform: Some(&platform), stack: "platform" };
        let before = outside.standing().await;
        Full {
            material,
            local,
            backup,
            caller,
            clock,
            platform,
            calls,
            site,
            accepted_replacements: &[],
            before,
        }
    }

    /// Somebody who looks from outside.
    pub fn outside(&self) -> Outside<'_> {
        Outside {
            local: &self.local,
            caller: &self.caller,
            platform: Some(&self.platform),
            stack: "platform",
        }
    }

    /// What is found out for an upgrade.
    pub async fn prepared(&self, run_id: &str) -> Prepared {
        self.prepared_as(run_id, upgrade::Before::default()).await
    }

    async fn prepared_as(&self, run_id: &str, inherited: upgrade::Before) -> Prepared {
        let request = UpgradeRequest { inherited, ..self.request(run_id) };
        prepare(&self.site, &request).await.expect("everything could be looked at")
    }

    /// What is asked for when an upgrade is prepared.
    pub fn request(&self, run_id: &str) -> UpgradeRequest {
        UpgradeRequest {
            inherited: upgrade::Before::default(),
            release: NewRelease::of("to.yaml", self.material.to.clone().into_bytes(), None)
                .expect("a template"),
            choices: UpgradeChoices { accepted: self.accepted(), ..UpgradeChoices::default() },
            take_fixes: true,
            run_id: run_id.to_owned(),
        }
    }

    /// The plan of the upgrade.
    pub async fn plan(&self) -> Plan {
        self.planned("run-1", upgrade::Before::default()).await
    }

    /// The same for a run of this id, with what an earlier run's journal knows.
    pub async fn planned(&self, run_id: &str, inherited: upgrade::Before) -> Plan {
        let prepared = self.prepared_as(run_id, inherited).await;
        prepared.plan.unwrap_or_else(|no_plan| panic!("{no_plan:?}: {:#?}", prepared.checks))
    }

    /// Every warning is accepted, by somebody, for a reason.
    fn accepted(&self) -> Vec<Acceptance> {
        let more = ["platform-health", "job-queues", "suspended-processes"]
            .iter()
            .chain(self.accepted_replacements)
            .map(|what| Acceptance {
                what: (*what).to_owned(),
                who: "ada".to_owned(),
                why: "it is watched".to_owned(),
                of: Vec::new(),
            });
        cli::accepted().into_iter().chain(more).collect()
    }

    /// Order what is to go wrong in the primary's cloud; `{}` for nothing.
    pub fn set_faults(&self, faults: &serde_json::Value) {
        let faults = Faults::parse(&faults.to_string()).expect("a document of faults");
        self.local.set_faults(&faults).expect("taken");
    }

    /// Let a piece of work go on while somebody looks from outside every so many seconds.
    pub async fn watched<T>(&self, seconds: u64, work: impl Future<Output = T>) -> (T, Vec<Look>) {
        let looks = RefCell::new(Vec::new());
        let outside = self.outside();
        let watching = async {
            loop {
                let look = outside.look(self.clock.now().0).await;
                looks.borrow_mut().push(look);
                self.clock.sleep(Duration::from_secs(seconds)).await;
            }
        };
        let done = tokio::select! {
            done = work => done,
            () = watching => unreachable!("nobody stops to look"),
        };
        (done, looks.into_inner())
    }

    /// Begin the plan's run.
    pub async fn start<J: JournalStore>(
        &self,
        plan: &Plan,
        journal: &J,
        watcher: &mut impl Watcher,
    ) -> Result<Ended, ConductError> {
        let holder = Holder::named("first");
        let conductor = Conductor { cloud: &self.site.ports, journal, clock: &self.clock, holder: &holder };
        conductor.start(&approved(plan, &self.clock), watcher).await
    }

    /// Go on with a run in another process; a claim that is held is waited for.
    pub async fn resume<J: JournalStore>(
        &self,
        run_id: &str,
        journal: &J,
        watcher: &mut impl Watcher,
        holder: &str,
    ) -> Result<Ended, ConductError> {
        let holder = Holder::named(holder);
        let conductor = Conductor { cloud: &self.site.ports, journal, clock: &self.clock, holder: &holder };
        conductor.resume(run_id, watcher).await
    }

    /// The new release stands and everything is as it was, or as that release defines it.
    pub async fn assert_upgraded(&self, fresh: &Standing, what: &str) {
        let after = self.outside().standing().await;
        assert_eq!(after.status, "UPDATE_COMPLETE", "{what}");
        assert_eq!(after.version, fresh.version, "{what}");
        assert_eq!(after.left, Vec::<String>::new(), "{what}: nothing of ours is left");
        assert_eq!(self.platform.wrongs(), Vec::<String>::new(), "{what}");
        assert_eq!(
            after.groups.keys().collect::<Vec<_>>(),
            fresh.groups.keys().collect::<Vec<_>>(),
            "{what}"
        );
        for (name, group) in &after.groups {
            let (new, old) = (&fresh.groups[name], self.before.groups.get(name));
            let as_defined = Group::same(group, new);
            let kept = old.is_some_and(|old| old.name == group.name);
            let as_before = kept && old.is_some_and(|old| Group::same(group, old));
            assert!(
                as_defined || as_before,
                "{what}: {name} is {group:?}, was {old:?}, is defined as {new:?}"
            );
        }
        for (name, (state, _)) in &after.queues {
            assert_eq!(state, &fresh.queues[name].0, "{what}: {name}");
        }
        assert_eq!(after.queues.len(), fresh.queues.len(), "{what}");
        assert_eq!(after.alarms, fresh.alarms, "{what}: alarms act as they did");
        for (local, stack) in [(&self.backup, "backup"), (&self.local, "deployment-role")] {
            let version = local.inspect(|world| {
                let stack = world.cloudformation.find(stack)?;
                Some((stack.status.name(), stack.definition.as_ref()?.template.version_info()?.version))
            });
            let version = version.expect("a sound world").expect("the stack is there");
            assert_eq!(version, ("UPDATE_COMPLETE", "1.1.0".to_owned()), "{what}: {stack}");
        }
    }

    /// The old release stands and everything is as it was.
    pub async fn assert_put_back(&self, what: &str) {
        let after = self.outside().standing().await;
        assert_eq!(after.version, self.before.version, "{what}");
        assert_eq!(after.left, Vec::<String>::new(), "{what}: nothing of ours is left");
        assert_eq!(self.platform.wrongs(), Vec::<String>::new(), "{what}");
        assert_eq!(after.groups, self.before.groups, "{what}");
        assert_eq!(after.queues, self.before.queues, "{what}");
        assert_eq!(after.alarms, self.before.alarms, "{what}");
    }

    /// What a run left behind is what its end says, and no secret is in what it wrote.
    pub async fn assert_end(
        &self,
        plan: &Plan,
        records: &[Record],
        looks: &[Look],
        fresh: &Standing,
        what: &str,
    ) -> Report {
        check_gate(looks, what);
        let report = Report::from_journal(plan, records).expect("the journal fits its plan");
        assert_no_secret(plan, records, &report, what);
        match report.outcome.as_ref().expect("the run has ended") {
            Outcome::Upgraded => self.assert_upgraded(fresh, what).await,
            Outcome::NotUpgraded { .. } | Outcome::WentBack { .. } | Outcome::OutOfMaintenance => {
                self.assert_put_back(what).await;
            }
            Outcome::GateClosed { reason } => {
                let look = self.outside().look(self.clock.now().0).await;
                assert_eq!(look.stranger, Way::MaintenancePage, "{what}: {reason}");
                assert!(!reason.is_empty(), "{what}");
            }
            Outcome::InMaintenance => {}
        }
        report
    }
}

impl Group {
    /// The same settings, whatever the name. A group that maintenance emptied may be on its way to what is wanted of it.
    fn same(one: &Self, other: &Self) -> bool {
        (&one.sizes, &one.protects_new, &one.warm_pool)
            == (&other.sizes, &other.protects_new, &other.warm_pool)
    }
}

/// Neither journal nor plan nor report holds a secret.
pub fn assert_no_secret(plan: &Plan, records: &[Record], report: &Report, what: &str) {
    let journal = serde_json::to_string(records).expect("plain data");
    let written = serde_json::to_string(plan).expect("plain data");
    let told = format!("{report:?} {plan:?}");
    for secret in [PASSWORD, TOKEN, crate::common::SECRET_KEY] {
        for (place, text) in [("journal", &journal), ("plan", &written), ("report", &told)] {
            assert!(!text.contains(secret), "{what}: the {place} holds a secret");
        }
    }
}

/// The records of a journal's run.
pub fn records(journal: &impl JournalStore, run_id: &str) -> Vec<Record> {
    at_once(journal.load(run_id)).expect("the journal can be read").1
}

/// An empty journal.
pub fn journal() -> SqliteJournal {
    SqliteJournal::in_memory().expect("a journal")
}

/// Whether everything is tried, and not a sample of it.
pub fn everything() -> bool {
    std::env::var_os("SLACKWATER_EVERYTHING").is_some_and(|value| value == "1")
}

/// What SQLite answers, who answers at once.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(answer) => answer,
        std::task::Poll::Pending => panic!("it does not answer at once"),
    }
}
