//! The least rights that Slackwater needs: with exactly the policy that it prints a principal carries everything through, and
//! without any one action of it something fails, or says what could not be looked at, and names the action.
//!
//! Both on the local cloud, which holds a user to its policies.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::{AwsCloud, AwsClouds, Connection, Transport};
use cli::policy_command::{LeastPolicy, PolicyWish, least_policy, resources_policy};
use cli::ports::Ports;
use cli::seed::Caller;
use cli::{Entering, Journal, Leaving, LeavingWish, entering, leaving};
use conductor::{Clock, Conductor, Ended, Holder, JournalStore as _, read_run};
use localcloud::LocalCloud;
use serde_json::{Value, json};
use template::Template;
use upgrade::rights::{NO_RUN_WAITS_FOR, Purpose};
use upgrade::{Outcome, Plan, Report, UpdateKind};

use crate::common::{Silent, approved, sdk, virtual_time};
use crate::full::{Full, Wishes, everything};
use crate::material::{Vendor, fullest};

const USER: &str = "slackwater";

/// A cloud's user, and what the cloud says of its requests.
struct User {
    caller: Caller,
    cloud: AwsCloud,
    log: Arc<Mutex<Vec<Seen>>>,
}

/// A request as the cloud saw it.
struct Seen {
    /// The IAM actions that it needed.
    actions: Vec<String>,
    is_denied: bool,
    what: String,
}

impl User {
    async fn new(local: &LocalCloud, clock: Clock) -> User {
        let caller = Caller::in_process(local.clone(), clock);
        let named = [("UserName".to_owned(), USER.to_owned())];
        caller.query("iam", "CreateUser", &named).await.expect("a user");
        let keys = caller.query("iam", "CreateAccessKey", &named).await.expect("keys");
        let text = |name: &str| {
            let (_, rest) = keys.split_once(&format!("<{name}>")).expect("there");
            rest.split('<').next().unwrap_or_default().to_owned()
        };
        let log = Arc::<Mutex<Vec<Seen>>>::default();
        let seen = Arc::clone(&log);
        let observed =
            local.clone().observed(Arc::new(move |one| {
                seen.lock().expect("whole").push(Seen {
                    actions: one.needed.iter().map(|(action, _)| action.clone()).collect(),
                    is_denied: one.error_code.as_deref().is_some_and(|code| {
                        code.starts_with("AccessDenied") || code == "UnauthorizedOperation"
                    }) || one.status == Some(403),
                    what: format!("{one} {:?}", one.needed),
                });
            }));
        let cloud = AwsCloud::new(&Connection {
            region: local.region().to_owned(),
            endpoint_url: "http://localhost".to_owned(),
            access_key_id: text("AccessKeyId"),
            secret_access_key: text("SecretAccessKey"),
            transport: Transport::InProcess(Arc::new(move |request| observed.call(request))),
            now: Arc::new(move || clock.system_time()),
        });
        User { caller, cloud, log }
    }

    /// It may do just this.
    async fn hold_to(&self, document: &Value) {
        self.put_policy("least", document).await;
    }

    async fn put_policy(&self, name: &str, document: &Value) {
        let fields = [("UserName", USER), ("PolicyName", name), ("PolicyDocument", &document.to_string())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.caller.query("iam", "PutUserPolicy", &fields).await.expect("a policy");
    }

    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.log.lock().expect("whole"))
    }
}

/// A deployment that is reached as users with the least policies.
struct Held {
    full: Full,
    primary: User,
    backup: User,
    of_primary: LeastPolicy,
    of_backup: LeastPolicy,
}

impl Held {
    async fn new(vendor: Vendor, purpose: Purpose) -> Option<Held> {
        Held::over(vendor, purpose, true).await
    }

    /// The same; `has_roles`: CloudFormation works as roles of its own.
    async fn over(vendor: Vendor, purpose: Purpose, has_roles: bool) -> Option<Held> {
        let wishes = Wishes { has_roles, ..Wishes::default() };
        let mut full = Full::stand_of(vendor, 7, wishes, fullest(vendor)?).await;
        let primary = User::new(&full.local, full.clock).await;
        let backup = User::new(&full.backup, full.clock).await;
        let arn = |account: &str| Some(format!("arn:aws:iam::{account}:user/{USER}"));
        let policy = async |kind: UpdateKind, account: &str| {
            let wish = PolicyWish { principal: arn(account), role_arn: None };
            least_policy(&full.site, purpose, kind, &wish).await.expect("it can be looked at")
        };
        let of_primary = policy(UpdateKind::Primary, "000000000000").await;
        let of_backup = policy(UpdateKind::BackupStack, "111111111111").await;
        primary.hold_to(&of_primary.document()).await;
        backup.hold_to(&of_backup.document()).await;
        let clouds = AwsClouds {
            primary: primary.cloud.clone(),
            backup: Some(backup.cloud.clone()),
            role: Some(primary.cloud.clone()),
        };
        full.site.ports = Ports { clouds, platform: crate::stub_platform::adapter(&full.platform) };
        Some(Held { full, primary, backup, of_primary, of_backup })
    }

    /// Every action of the policies, each with whose it is.
    fn actions(&self) -> Vec<(bool, &'static str)> {
        let of = |policy: &LeastPolicy| -> BTreeSet<&'static str> {
            policy.statements.iter().flat_map(|statement| statement.actions.clone()).collect()
        };
        let primary = of(&self.of_primary).into_iter().map(|action| (true, action));
        primary.chain(of(&self.of_backup).into_iter().map(|action| (false, action))).collect()
    }

    /// What was asked for since this was last asked, by whom. Nothing of it was denied.
    fn asked(&self) -> BTreeSet<(bool, String)> {
        let of = |is_primary: bool, user: &User| {
            let actions = check_denials(user).into_iter().flat_map(|seen| seen.actions);
            actions.map(|action| (is_primary, action)).collect::<Vec<_>>()
        };
        of(true, &self.primary).into_iter().chain(of(false, &self.backup)).collect()
    }

    /// Take one action from one of them.
    async fn hold_without(&self, is_primary: bool, action: &str) {
        let (user, policy) = match is_primary {
            true => (&self.primary, &self.of_primary),
            false => (&self.backup, &self.of_backup),
        };
        user.hold_to(&without(policy, action)).await;
    }

    /// The state, with the user's rights.
    async fn journal(&self) -> Result<Journal, String> {
        let state = self.full.site.settings.state.as_ref().expect("a bucket");
        let journal = Journal::shared(&self.primary.cloud, state, "platform", self.full.clock).await;
        journal.map_err(|error| told(&error))
    }

    /// Carry a plan out; a question that nobody answers ends it.
    async fn carry_out(&self, plan: &Plan, wanted: &Outcome) -> Walked {
        let journal = match self.journal().await {
            Ok(journal) => journal,
            Err(said) => return Walked { well: false, said },
        };
        let (clock, holder) = (&self.full.clock, Holder::named("first"));
        let conductor = Conductor { cloud: &self.full.site.ports, journal: &journal, clock, holder: &holder };
        let ended = conductor.start(&approved(plan, clock), &mut Silent).await;
        let well = ended.as_ref().is_ok_and(|ended| *ended == Ended::Run(wanted.clone()));
        let mut said = match ended {
            Ok(ended) => format!("{ended:?}"),
            Err(error) => told(&error),
        };
        // What it wrote is read by somebody who may.
        let state = self.full.site.settings.state.as_ref().expect("a bucket");
        let reader = sdk(&self.full.local, self.full.clock);
        let reader = Journal::shared(&reader, state, "platform", self.full.clock).await.expect("a state");
        if let Ok((plan, records, _)) = read_run(&reader, &plan.run_id).await {
            let report = Report::from_journal(&plan, &records).expect("it fits");
            said.push_str(&format!("{records:?} {report:?}"));
        }
        Walked { well, said }
    }

    async fn hold_to_all(&self) {
        self.primary.hold_to(&self.of_primary.document()).await;
        self.backup.hold_to(&self.of_backup.document()).await;
    }
}

/// A policy's document without an action.
fn without(policy: &LeastPolicy, action: &str) -> Value {
    let mut document = policy.document();
    let statements = document["Statement"].as_array_mut().expect("statements");
    for statement in statements.iter_mut() {
        statement["Action"].as_array_mut().expect("a list").retain(|one| one != action);
    }
    statements.retain(|statement| statement["Action"] != json!([]));
    document
}

/// What a walk through something came to: whether it ended well, and all that it said.
struct Walked {
    well: bool,
    said: String,
}

/// The local cloud answers these services as unknown, whoever asks.
const NOT_ON_THIS_CLOUD: [&str; 3] =
    ["logs:DescribeLogGroups", "servicequotas:GetServiceQuota", "sqs:GetQueueUrl"];

/// What a database's maintenance would do is told only where its window falls into the evening, as the sample's does.
const WAITS_FOR_ITS_WINDOW: &str = "rds:DescribePendingMaintenanceActions";

impl Walked {
    /// Whether it names the action, as a refusal, or more often than with the whole policy (which may name it when it was asked
    /// for too often).
    fn names(&self, action: &str, whole: &Walked) -> bool {
        if self.said.contains(&format!("not authorized to perform: {action} ")) {
            return true;
        }
        let named = |said: &str| said.matches(action).count();
        named(&self.said) > named(&whole.said)
    }
}

/// `check` and `plan`, which read the runs so far.
async fn planning(held: &Held) -> Walked {
    let request = held.full.request("run-1");
    let runs = async {
        let journal = held.journal().await?;
        let runs = journal.runs().await.map_err(|error| told(&error))?;
        journal.load("run-0").await.map_or_else(|error| Ok(told(&error)), |_| Ok(format!("{runs:?}")))
    };
    let runs = match runs.await {
        Ok(runs) => runs,
        Err(said) => return Walked { well: false, said },
    };
    match cli::planning::prepare(&held.full.site, &request).await {
        Ok(prepared) => {
            // The plan itself lists what its update needs.
            let said = format!("{runs} {:#?} {:?}", prepared.checks, prepared.plan.as_ref().err());
            Walked { well: prepared.plan.is_ok(), said }
        }
        Err(error) => Walked { well: false, said: runs + &told(&error) },
    }
}

/// What the panel shows of a deployment, and of its runs.
async fn looking(held: &Held) -> Walked {
    let mut walked = match cli::look_for_panel(&held.full.site).await {
        Ok(look) => Walked { well: true, said: format!("{look:#?}") },
        Err(error) => Walked { well: false, said: error.to_string() },
    };
    match cli::standing(&held.full.site).await {
        Ok(standing) => walked.said.push_str(&standing.to_string()),
        Err(error) => walked = Walked { well: false, said: walked.said + &error.to_string() },
    }
    let runs = async {
        let journal = held.journal().await?;
        let runs = journal.runs().await.map_err(|error| told(&error))?;
        let records = journal.load("run-0").await.map_err(|error| told(&error));
        Ok::<_, String>(format!("{runs:?} {records:?}"))
    };
    match runs.await {
        Ok(said) => walked.said.push_str(&said),
        Err(said) => walked = Walked { well: false, said: walked.said + &said },
    }
    walked
}

/// Into maintenance and out of it.
async fn maintaining(held: &Held) -> Walked {
    let inside = async {
        let journal = held.journal().await?;
        match entering(&held.full.site, Some(&journal), "run-1", &[], None).await {
            Ok(Entering::By(plan)) => Ok(*plan),
            Ok(Entering::Already(found)) => Err(format!("{found:?}")),
            Err(error) => Err(told(&error)),
        }
    };
    let plan = match inside.await {
        Ok(plan) => plan,
        Err(said) => return Walked { well: false, said },
    };
    let entered = held.carry_out(&plan, &Outcome::InMaintenance).await;
    let outside = async {
        let journal = held.journal().await?;
        match leaving(&held.full.site, &journal, LeavingWish::default()).await {
            Ok(Leaving::By(plan)) => Ok(*plan),
            Ok(Leaving::From { run_id, .. }) => Err(format!("{run_id} has not ended")),
            Err(error) => Err(told(&error)),
        }
    };
    let plan = match outside.await {
        Ok(plan) => plan,
        Err(said) => return Walked { well: false, said: entered.said + &said },
    };
    let left = held.carry_out(&plan, &Outcome::OutOfMaintenance).await;
    let status = match cli::standing(&held.full.site).await {
        Ok(standing) => standing.to_string(),
        Err(error) => told(&error),
    };
    Walked { well: entered.well && left.well, said: entered.said + &left.said + &status }
}

/// An error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// What came of taking each action in its turn.
#[derive(Default)]
struct Counted {
    failed: usize,
    named: usize,
    silent: Vec<String>,
}

impl Counted {
    fn count(&mut self, action: &str, less: &Walked, whole: &Walked) {
        if !less.names(action, whole) {
            self.silent.push(format!("{action} ({})", if less.well { "goes on" } else { "fails" }));
        } else if less.well {
            self.named += 1;
        } else {
            self.failed += 1;
        }
    }

    fn told(&self, vendor: Vendor, held: &Held, tried: usize, unasked: &[&str]) {
        let Counted { failed, named, silent } = self;
        let (purpose, good) = (held.of_primary.purpose.word(), failed + named);
        let (statements, size) = (held.of_primary.statements.len(), held.of_primary.size());
        println!(
            "{vendor:?}, {purpose}: {good} of {tried}: without any one action something fails ({failed}) or is said not to have been \
             looked at ({named}), and names it; {statements} statements, {size} characters; not asked for here: {unasked:?}"
        );
        assert_eq!(*silent, Vec::<String>::new(), "{vendor:?}, {purpose}: nothing is said");
    }
}

/// What is not asked for in a walk that asks for these.
fn unasked(held: &Held, asked: &BTreeSet<(bool, String)>) -> Vec<&'static str> {
    let allowed = held.actions().into_iter();
    let unasked =
        allowed.filter(|(is_primary, action)| !asked.contains(&(*is_primary, (*action).to_owned())));
    unasked.map(|(_, action)| action).collect()
}

/// What changes nothing is walked again and again in one deployment: once with all of the policy, and once without each action
/// that it then asked for. Gives what it didn't ask for.
async fn check_looks(
    vendor: Vendor,
    purpose: Purpose,
    every: usize,
    walk: impl AsyncFn(&Held) -> Walked,
) -> Option<Vec<&'static str>> {
    let held = Held::new(vendor, purpose).await?;
    let _before = (held.primary.take(), held.backup.take());
    // The second time what was written the first time is there.
    let whole = (walk(&held).await, walk(&held).await).1;
    assert!(whole.well, "{}", whole.said);
    let asked = held.asked();
    let mut counted = Counted::default();
    let is_told = |(_, action): &&(bool, String)| {
        !NOT_ON_THIS_CLOUD.contains(&action.as_str())
            && (action != WAITS_FOR_ITS_WINDOW || vendor == Vendor::Sample)
    };
    let tried: Vec<_> = asked.iter().filter(is_told).collect();
    let tried: Vec<_> = tried.into_iter().step_by(every).collect();
    for (is_primary, action) in &tried {
        held.hold_without(*is_primary, action).await;
        counted.count(action, &walk(&held).await, &whole);
        held.hold_to_all().await;
        // What was asked so far counts against nobody's rate.
        held.full.clock.sleep(Duration::from_secs(60)).await;
    }
    let unasked = unasked(&held, &asked);
    counted.told(vendor, &held, tried.len(), &unasked);
    Some(unasked)
}

/// What changes something is walked in a deployment of its own: once with all of the policy, and once without each action that it
/// then asked for. `ready` is what comes before, with all of the policy. Gives what it didn't ask for.
async fn check_acts<T>(
    vendor: Vendor,
    purpose: Purpose,
    every: usize,
    ready: impl AsyncFn(&Held) -> T,
    walk: impl AsyncFn(&Held, T) -> Walked,
) -> Option<Vec<&'static str>> {
    let held = Held::new(vendor, purpose).await?;
    let before = ready(&held).await;
    let _before = (held.primary.take(), held.backup.take());
    let whole = walk(&held, before).await;
    assert!(whole.well, "{}", whole.said);
    let asked = held.asked();
    let mut counted = Counted::default();
    let tried: Vec<_> = asked.iter().step_by(every).collect();
    for (is_primary, action) in &tried {
        let held = Held::new(vendor, purpose).await?;
        let before = ready(&held).await;
        held.hold_without(*is_primary, action).await;
        counted.count(action, &walk(&held, before).await, &whole);
    }
    let unasked = unasked(&held, &asked);
    counted.told(vendor, &held, tried.len(), &unasked);
    Some(unasked)
}

/// With the whole policy nothing is denied but HeadBucket, which needs no right for what it is asked: where the bucket is.
fn check_denials(user: &User) -> Vec<Seen> {
    let seen = user.take();
    let denied: Vec<String> = seen
        .iter()
        .filter(|seen| seen.is_denied && !seen.what.contains(" HeadBucket "))
        .map(|seen| format!("{:?} {}", seen.actions, seen.what))
        .collect();
    assert!(denied.is_empty(), "{denied:#?}");
    seen.into_iter().filter(|seen| !seen.is_denied).collect()
}

/// Every how manyeth action is tried of what takes long, where not everything is.
fn sampled(every: usize) -> usize {
    if everything() { 1 } else { every }
}

#[test]
fn a_plan_needs_each_of_its_rights() {
    virtual_time().block_on(async {
        let unasked =
            check_looks(Vendor::Sample, Purpose::Plan, 1, planning).await.expect("the repository's own");
        let here: Vec<_> = unasked.iter().filter(|one| !NOT_ON_THIS_CLOUD.contains(one)).collect();
        assert_eq!(here, Vec::<&&str>::new(), "nothing is allowed that no plan asks for");
        check_looks(Vendor::Lab, Purpose::Plan, sampled(4), planning).await.expect("the repository's own");
        check_looks(Vendor::CodeOcean, Purpose::Plan, sampled(6), planning).await;
    });
}

#[test]
fn the_panel_needs_each_of_its_rights() {
    virtual_time().block_on(async {
        for vendor in [Vendor::Sample, Vendor::Lab, Vendor::CodeOcean] {
            let unasked = check_looks(vendor, Purpose::Panel, 1, looking).await;
            assert!(
                unasked.is_none_or(|unasked| unasked.is_empty()),
                "nothing is allowed that isn't asked for"
            );
        }
    });
}

#[test]
fn maintenance_needs_each_of_its_rights() {
    let walk = async |held: &Held, ()| maintaining(held).await;
    virtual_time().block_on(async {
        check_acts(Vendor::Sample, Purpose::Maintenance, sampled(3), async |_| (), walk).await;
    });
}

#[test]
fn a_plan_names_each_right_that_its_upgrade_lacks() {
    virtual_time().block_on(async {
        let held = Held::new(Vendor::Sample, Purpose::Upgrade).await.expect("the repository's own");
        let whole = (planning(&held).await, planning(&held).await).1;
        assert!(whole.well, "{}", whole.said);
        check_denials(&held.primary);
        let beside = NO_RUN_WAITS_FOR;
        let actions: Vec<(bool, &str)> = held
            .actions()
            .into_iter()
            .filter(|(_, one)| !NOT_ON_THIS_CLOUD.contains(one) && !beside.contains(one))
            .collect();
        let mut counted = Counted::default();
        for (is_primary, action) in &actions {
            held.hold_without(*is_primary, action).await;
            counted.count(action, &planning(&held).await, &whole);
            held.hold_to_all().await;
            held.full.clock.sleep(Duration::from_secs(60)).await;
        }
        counted.told(Vendor::Sample, &held, actions.len(), beside);
        // Who may look and change nothing plans for others.
        let planner = Held::new(Vendor::Sample, Purpose::Plan).await.expect("the repository's own");
        let planned = planning(&planner).await;
        assert!(
            planned.well && planned.said.contains("may look and plan, and change nothing"),
            "{}",
            planned.said
        );
    });
}

#[test]
fn an_upgrade_needs_each_of_its_rights() {
    let ready = async |held: &Held| held.full.plan().await;
    let walk = async |held: &Held, plan: Plan| held.carry_out(&plan, &Outcome::Upgraded).await;
    virtual_time().block_on(async {
        check_acts(Vendor::Sample, Purpose::Upgrade, sampled(4), ready, walk).await;
        // That they are carried through by just these rights; each action in its turn where everything is tried.
        for vendor in [Vendor::Lab, Vendor::CodeOcean] {
            if everything() {
                check_acts(vendor, Purpose::Upgrade, 1, ready, walk).await;
                continue;
            }
            let Some(held) = Held::new(vendor, Purpose::Upgrade).await else { continue };
            let plan = held.full.plan().await;
            let walked = held.carry_out(&plan, &Outcome::Upgraded).await;
            assert!(walked.well, "{}", walked.said);
            println!("{vendor:?}, upgrade: {} actions were asked for, none was denied", held.asked().len());
        }
    });
}

/// What is asked only where a hook of the account looks: each right is enough, and is named where it is missing, and nothing
/// fails for want of it.
#[test]
fn what_is_read_of_hooks_needs_its_rights_and_names_them() {
    let looks = |target: &str, fails: bool| {
        json!({"hooks": [{
            "type": "Acme::Guard::Hook", "stack": "platform", "target": target, "fails": fails, "reason": "no", "advice": "yes",
        }]})
    };
    let not_upgraded = |walked: &Walked| walked.said.contains("NotUpgraded");
    virtual_time().block_on(async {
        for (action, faults) in [
            ("cloudformation:DescribeChangeSetHooks", looks("RESOURCE", false)),
            ("cloudformation:GetHookResult", looks("RESOURCE", true)),
            ("cloudformation:ListHookResults", looks("CHANGE_SET", true)),
        ] {
            let walk = async |lacks: bool| {
                let held = Held::new(Vendor::Sample, Purpose::Upgrade).await.expect("the repository's own");
                let plan = held.full.plan().await;
                held.full.set_faults(&faults);
                let _before = held.primary.take();
                if lacks {
                    held.hold_without(true, action).await;
                }
                let walked = held.carry_out(&plan, &Outcome::Upgraded).await;
                (walked, held)
            };
            let (whole, held) = walk(false).await;
            assert!(held.asked().contains(&(true, action.to_owned())), "{action} is asked for");
            let (less, _) = walk(true).await;
            assert!(less.names(action, &whole), "{action}: {}", less.said);
            assert_eq!((less.well, not_upgraded(&less)), (whole.well, not_upgraded(&whole)), "{action}");
        }
    });
}

#[test]
fn where_a_stack_has_no_role_the_caller_needs_what_its_resources_need() {
    virtual_time().block_on(async {
        let held = Held::over(Vendor::Sample, Purpose::Upgrade, false).await.expect("the repository's own");
        assert!(held.of_primary.stacks.iter().all(|stack| stack.role_arn.is_none()));
        let alone = planning(&held).await;
        let denied = "the caller is denied ";
        assert!(!alone.well && alone.said.contains(denied) && alone.said.contains("ec2:"), "{}", alone.said);
        // What `slackwater template RELEASE --output policy` prints, of both releases.
        for (name, text) in [("from", &held.full.material.from), ("to", &held.full.material.to)] {
            let template = Template::parse(name, text.as_bytes()).expect("a release");
            held.primary.put_policy(name, &resources_policy(&template)).await;
        }
        // The linked stacks are updated in the callers' name as well.
        for (name, user) in [("backup-1.1.0", &held.backup), ("deployment-role-1.1.0", &held.primary)] {
            let path = format!("{}/../../deploy/lab/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read(path).expect("the lab's");
            let template = Template::parse(name, &text).expect("a release");
            user.put_policy(name, &resources_policy(&template)).await;
        }
        let plan = held.full.plan().await;
        let walked = held.carry_out(&plan, &Outcome::Upgraded).await;
        assert!(walked.well, "{}", walked.said);
        check_denials(&held.primary);
    });
}
