//! A stack's update from its change set to its end, and out of it again.

use std::time::Duration;

use aws::AwsClouds;
use conductor::Cloud;
use localcloud::Faults;
use upgrade::{
    ChangeSetSeen, FleetAct, GroupSize, Observation, ParameterSetting, PortErrorKind, Proposal, StackAct,
    StackEvent, StackQuery, UpdateKind,
};

use crate::common::{Bench, TEMPLATE};

async fn proposal(bench: &Bench, name: &str, template: &str) -> Proposal {
    Proposal {
        change_set_name: name.to_owned(),
        template_url: bench.upload(template).await,
        template_sha256: String::new(),
        parameters: vec![ParameterSetting { key: "Colour".to_owned(), value: Some("blue".to_owned()) }],
        capabilities: vec!["CAPABILITY_NAMED_IAM".to_owned()],
        role_arn: None,
        tags: Some(vec![("team".to_owned(), "a".to_owned())]),
        notification_arns: Some(vec![bench.id("Topic")]),
        rollback_triggers: Some(vec!["arn:aws:cloudwatch:us-east-1:000000000000:alarm:load".to_owned()]),
        monitoring_minutes: None,
    }
}

pub fn change_set(seen: Observation) -> Option<ChangeSetSeen> {
    match seen {
        Observation::ChangeSet(seen) => seen,
        other => panic!("{other:?}"),
    }
}

fn events(seen: &Observation) -> &[StackEvent] {
    match seen {
        Observation::StackEvents { events, .. } => events,
        other => panic!("{other:?}"),
    }
}

pub struct Update<'a> {
    pub bench: &'a Bench,
    pub name: &'static str,
    pub token: &'static str,
}

impl Update<'_> {
    const KIND: UpdateKind = UpdateKind::Primary;

    pub fn query(&self) -> StackQuery {
        StackQuery::ChangeSet {
            update: Self::KIND,
            stack_id: self.bench.stack_id.clone(),
            name: self.name.to_owned(),
        }
    }

    pub fn events(&self, after: Option<String>) -> StackQuery {
        StackQuery::Events {
            update: Self::KIND,
            stack_id: self.bench.stack_id.clone(),
            client_request_token: self.token.to_owned(),
            after_event_id: after,
            worker_groups: Vec::new(),
        }
    }

    /// Ask for its change set.
    pub async fn ask_for(&self, template: &str) -> StackAct {
        let create = StackAct::CreateChangeSet {
            update: Self::KIND,
            stack_id: self.bench.stack_id.clone(),
            proposal: proposal(self.bench, self.name, template).await,
        };
        self.bench.tell(&create).await;
        create
    }

    pub async fn create(&self, template: &str) -> StackAct {
        let create = self.ask_for(template).await;
        let complete = |seen: &Observation| matches!(seen, Observation::ChangeSet(Some(seen)) if seen.status == "CREATE_COMPLETE");
        self.bench.until(self.query(), complete).await;
        create
    }

    pub fn execute(&self) -> StackAct {
        StackAct::ExecuteChangeSet {
            update: Self::KIND,
            stack_id: self.bench.stack_id.clone(),
            change_set_name: self.name.to_owned(),
            client_request_token: self.token.to_owned(),
        }
    }

    fn cancel(&self) -> StackAct {
        StackAct::CancelUpdate {
            update: Self::KIND,
            stack_id: self.bench.stack_id.clone(),
            client_request_token: self.token.to_owned(),
        }
    }

    pub async fn ends_as(&self, status: &str) -> Vec<StackEvent> {
        let ended = |seen: &Observation| {
            events(seen).last().is_some_and(|event| event.is_of_stack("platform") && event.status == status)
        };
        let seen = self.bench.until(self.events(None), ended).await;
        events(&seen).to_vec()
    }
}

/// Update the platform to another template.
pub async fn update_to(bench: &Bench, template: &str) {
    let update = Update { bench, name: "to", token: "run-to" };
    update.create(template).await;
    bench.tell(&update.execute()).await;
    update.ends_as("UPDATE_COMPLETE").await;
}

#[tokio::test(start_paused = true)]
async fn an_update_from_its_change_set_to_its_end() {
    let bench = Bench::with_platform().await;
    let update = Update { bench: &bench, name: "first", token: "run-1" };
    assert_eq!(change_set(bench.ask(update.query()).await), None);
    let create = update.create(TEMPLATE).await;
    bench.tell(&create).await;
    let seen = change_set(bench.ask(update.query()).await).expect("a change set");
    // The topic, and whatever takes the stack's new tags.
    let changed: Vec<&str> = seen.changes.iter().map(|change| change.logical_id.as_str()).collect();
    assert!(changed.contains(&"Topic") && changed.len() > 10, "{changed:?}");
    bench.tell(&update.execute()).await;
    // The same request again is the same request.
    let again = bench.cloud.act(&update.execute().into()).await;
    assert!(again.as_ref().err().is_none_or(|error| error.kind == PortErrorKind::Transient), "{again:?}");
    let all = update.ends_as("UPDATE_COMPLETE").await;
    let first = all.first().expect("a first event");
    let rest = bench.ask(update.events(Some(first.event_id.clone()))).await;
    assert_eq!(events(&rest), &all[1..]);
    let other = Update { token: "another", ..update };
    assert_eq!(events(&bench.ask(other.events(None)).await), &[]);
    // What the proposal set beside the template.
    let gathered = crate::lookups::gather(&bench, &crate::lookups::targets(&bench)).await;
    let stack = gathered.stack;
    assert_eq!(stack.tags.get("team").map(String::as_str), Some("a"));
    assert_eq!(stack.notification_arns, [bench.id("Topic")]);
    // Nothing is left to cancel.
    let error = bench.cloud.act(&other.cancel().into()).await.expect_err("too late");
    assert_eq!(error.kind, PortErrorKind::Refused, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_change_set_is_deleted_once_and_for_all() {
    let bench = Bench::with_platform().await;
    let update = Update { bench: &bench, name: "unused", token: "run-1" };
    update.create(TEMPLATE).await;
    let delete = StackAct::DeleteChangeSet {
        update: UpdateKind::Primary,
        stack_id: bench.stack_id.clone(),
        change_set_name: "unused".to_owned(),
    };
    bench.tell(&delete).await;
    bench.tell(&delete).await;
    assert_eq!(change_set(bench.ask(update.query()).await), None);
}

/// What was changed by hand is seen, by a change set that isn't there afterwards; none is made beside one that waits.
#[tokio::test(start_paused = true)]
async fn drift_is_previewed_and_nothing_is_left_of_it() {
    let bench = Bench::with_platform().await;
    let update = Update { bench: &bench, name: "first", token: "run-1" };
    let proposal = proposal(&bench, "first", TEMPLATE).await;
    let preview = async || bench.cloud.drift_preview(&bench.stack_id, &proposal, &bench.clock).await;
    let waiting = async || bench.cloud.waiting_change_sets(&bench.stack_id).await.expect("listed");
    assert_eq!(preview().await.expect("looked"), Vec::new());
    let less = GroupSize {
        group_name: "workers".to_owned(),
        min_size: 0,
        max_size: 7,
        desired_capacity: 0,
        new_instances_protected: true,
    };
    bench.tell(&FleetAct::ResizeWorkerGroups { sizes: vec![less] }).await;
    let found = preview().await.expect("looked");
    let told: Vec<(&str, Option<&str>, bool)> =
        found.iter().map(|one| (one.logical_id.as_str(), one.path.as_deref(), one.agrees)).collect();
    assert_eq!(told, [("Workers", Some("/Properties/MaxSize"), false)]);
    assert_eq!(waiting().await, Vec::<String>::new());
    // A look that died: nobody else looks as long as it may live, and then it is cleared away.
    let larger = TEMPLATE.replace("db.t4g.medium", "db.t4g.large");
    Update { bench: &bench, name: "slackwater-died-drift", token: "run-1" }.create(&larger).await;
    let refused = preview().await.expect_err("another one waits");
    assert_eq!(refused.message, "change set slackwater-died-drift waits to be executed");
    bench.clock.sleep(Duration::from_secs(601)).await;
    assert_eq!(preview().await.expect("looked"), found);
    assert_eq!(waiting().await, Vec::<String>::new());
    update.create(&larger).await;
    bench.clock.sleep(Duration::from_secs(601)).await;
    let refused = preview().await.expect_err("another one waits");
    assert_eq!(refused.message, "change set first waits to be executed");
    // One whose look was broken off is deleted by its name.
    Update { bench: &bench, name: "first-drift", token: "run-1" }.create(&larger).await;
    bench.cloud.forget_drift_preview(&bench.stack_id, &proposal).await.expect("deleted");
    assert_eq!(waiting().await, ["first"]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_update_rolls_back_and_its_events_are_told() {
    let bench = Bench::with_platform().await;
    let update = Update { bench: &bench, name: "first", token: "run-1" };
    // A database takes minutes: time to change one's mind.
    update.create(&TEMPLATE.replace("db.t4g.medium", "db.t4g.large")).await;
    bench.tell(&update.execute()).await;
    bench.until(update.events(None), |seen| !events(seen).is_empty()).await;
    bench.tell(&update.cancel()).await;
    bench.tell(&update.cancel()).await;
    update.ends_as("UPDATE_ROLLBACK_COMPLETE").await;
    // Also long after.
    bench.tell(&update.cancel()).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_rollback_goes_on_without_what_is_stuck() {
    goes_on_without(&["Database"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_rollback_goes_on_without_whatever_failed() {
    goes_on_without(&[]).await;
}

/// No names: by force.
async fn goes_on_without(names: &[&str]) {
    let bench = Bench::with_platform().await;
    let update = Update { bench: &bench, name: "first", token: "run-1" };
    update.create(&TEMPLATE.replace("db.t4g.medium", "db.t4g.large")).await;
    // The topic changes as well, so that there is something to undo beside the database.
    let faults = r#"{"resources": [
        {"stack": "platform", "logical_id": "Database", "phase": "update", "reason": "no"},
        {"stack": "platform", "logical_id": "Database", "phase": "rollback", "reason": "stuck"}
    ]}"#;
    bench.local.set_faults(&Faults::parse(faults).expect("faults")).expect("set");
    bench.tell(&update.execute()).await;
    update.ends_as("UPDATE_ROLLBACK_FAILED").await;
    let go_on = |token: &str, skip: &[&str]| StackAct::ContinueUpdateRollback {
        update: UpdateKind::Primary,
        stack_id: bench.stack_id.clone(),
        skip: skip.iter().map(|id| (*id).to_owned()).collect(),
        force: skip.is_empty(),
        client_request_token: token.to_owned(),
    };
    let error = bench.cloud.act(&go_on("run-1-a", &["Queue"]).into()).await.expect_err("not stuck");
    assert_eq!(error.kind, PortErrorKind::Refused, "{error}");
    bench.tell(&go_on("run-1-b", names)).await;
    bench.tell(&go_on("run-1-b", names)).await;
    Update { token: "run-1-b", ..update }.ends_as("UPDATE_ROLLBACK_COMPLETE").await;
}

#[tokio::test(start_paused = true)]
async fn each_stack_is_asked_for_in_its_own_account() {
    let bench = Bench::with_platform().await;
    let clouds = AwsClouds { primary: bench.cloud.clone(), backup: None, role: None };
    let query =
        |update| StackQuery::ChangeSet { update, stack_id: bench.stack_id.clone(), name: "x".to_owned() };
    for update in [UpdateKind::Primary, UpdateKind::WayBack] {
        assert_eq!(change_set(clouds.observe(&query(update).into()).await.expect("an answer")), None);
    }
    for update in [UpdateKind::BackupStack, UpdateKind::RoleStack] {
        let error = clouds.observe(&query(update).into()).await.expect_err("no connection");
        assert!(error.message.contains(update.title()), "{error}");
    }
    let elsewhere = Bench::empty(false, aws::Pace::Unlimited);
    let clouds = AwsClouds { backup: Some(elsewhere.cloud), ..clouds };
    // There the stack doesn't exist: it was another cloud that answered.
    let error = clouds.observe(&query(UpdateKind::BackupStack).into()).await.expect_err("no stack");
    assert!(error.message.contains("does not exist"), "{error}");
}
