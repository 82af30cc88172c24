//! What the first version met when others operated it (`field-notes.md`, last section), as scenarios: what happens is judged from outside, and what is told is compared with it.
//!
//! Elsewhere: 5 (no load balancer) is in `vendors`, 6 (keys that end) in `expired_keys`, 9 (32 queues) in `aws/tests/port/rate.rs`,
//! 11 (signals, a full disk), which needs a program of its own, in `tests/operator` (`conducting`, `mistakes`, `journals`), 22 (no
//! version in metadata) beside `cli::init`.

mod alarms;
mod banner;
mod batch;
mod calm;
mod databases;
mod door;
mod evening;
mod health;
mod laptop;
mod machines;
mod maintenance;
mod processes;
mod rollback;
mod stack;
mod states;

use std::collections::BTreeSet;
use std::sync::Mutex;

use cli::LeavingWish;
use conductor::{ConductError, Ended, Objects as _};
use serde_json::{Value, json};
use upgrade::{Outcome, Report};

use crate::common::virtual_time;
use crate::full::{Full, Wishes, freshly_of};
use crate::material::{Material, Vendor};
use crate::outside::{Look, Standing, Way};
use crate::world::{Refused, Waits, World};

/// Name each scenario by the number of its note and its test, and make it a test.
macro_rules! scenarios {
    ($($number:literal $theme:ident::$name:ident;)*) => {
        const SCENARIOS: &[(u32, &str)] = &[$(($number, stringify!($name))),*];

        $(#[test]
        fn $name() {
            virtual_time().block_on(Box::pin($theme::$name()));
            count(stringify!($name));
        })*
    };
}

scenarios! {
    1 maintenance::an_upgrade_uses_the_maintenance_entered_by_hand_and_ends_it;
    1 maintenance::entering_maintenance_twice_changes_nothing_and_says_since_when_and_by_whom;
    1 maintenance::an_upgrade_tried_again_after_staying_closed_succeeds;
    1 maintenance::an_upgrade_that_fails_in_a_maintenance_leaves_it_as_it_was;
    1 maintenance::an_upgrade_that_goes_back_in_a_maintenance_leaves_it_as_it_was;
    2 states::a_second_run_elsewhere_is_refused_by_name_and_touches_nothing;
    2 states::a_plan_that_was_carried_out_elsewhere_does_not_run_again;
    2 states::a_stop_that_is_asked_right_before_the_end_is_taken_up;
    2 states::what_is_asked_on_another_machine_is_done_where_the_run_is;
    3 batch::a_queue_that_was_invalid_beforehand_keeps_nobody_out;
    3 batch::a_queue_that_is_being_changed_is_waited_for_while_users_are_at_work;
    3 batch::a_queue_that_refuses_to_be_disabled_is_told_and_users_keep_what_they_have;
    3 batch::an_invalid_compute_environment_keeps_nobody_out;
    3 batch::a_queue_invalid_on_the_way_out_is_named_and_put_back_when_it_is_valid_again;
    4 door::every_listener_that_users_come_through_is_closed_and_opened;
    4 door::a_gate_that_is_open_in_part_is_told_and_closed_again;
    4 door::a_place_that_was_taken_since_the_plan_is_not_insisted_on;
    7 processes::a_group_that_can_not_shrink_is_named_before_anybody_is_kept_out;
    7 processes::what_a_suspended_group_keeps_has_its_protection_again_and_is_not_told_as_stopped;
    7 processes::a_group_that_can_not_grow_is_told_until_it_has_its_instances;
    8 machines::a_machine_that_may_not_be_terminated_is_named_before_there_is_a_plan;
    8 machines::a_machine_protected_after_the_plan_stops_the_run_before_anybody_is_kept_out;
    8 machines::a_machine_protected_in_mid_drain_is_not_told_as_stopped;
    10 calm::a_group_that_a_schedule_raises_in_mid_maintenance_is_taken_to_zero_again;
    10 calm::a_group_that_a_schedule_raises_behind_a_gate_that_nobody_watches_is_found_by_the_next_run;
    10 calm::a_group_that_a_schedule_raises_in_mid_update_is_taken_to_zero_again;
    10 calm::a_schedule_that_falls_into_the_maintenance_raises_nothing_and_is_resumed;
    10 calm::schedules_are_resumed_by_whoever_leaves_and_only_if_maintenance_suspended_them;
    10 databases::an_engine_below_the_one_that_runs_is_named_before_anybody_is_kept_out;
    10 calm::a_queue_that_an_operator_enables_is_disabled_again_and_its_job_ended;
    12 rollback::a_rollback_continued_in_the_console_is_seen_when_the_run_is_resumed;
    12 rollback::a_rollback_continued_in_the_console_is_followed_when_somebody_says_look_again;
    12 rollback::a_failed_rollback_that_nobody_continued_is_asked_about_again;
    12 rollback::whether_users_are_in_is_seen_whenever_somebody_is_asked;
    12 rollback::what_the_clean_up_could_not_delete_is_named;
    13 alarms::alarms_that_an_interrupted_run_muted_are_no_owners_choice;
    13 alarms::alarms_muted_by_a_run_whose_gate_was_removed_by_hand_act_again;
    14 evening::what_is_so_every_evening_is_accepted_once_and_the_evening_by_itself;
    15 laptop::a_laptop_opened_after_somebody_took_over_never_acts_again;
    16 states::two_states_of_one_deployment_are_told_of_each_other;
    16 states::keys_that_may_not_write_the_state_begin_nothing;
    16 states::a_state_that_is_forbidden_in_mid_run_stops_it_and_nothing_is_lost;
    16 states::a_state_that_is_emptied_in_mid_run_ends_the_conducting_and_can_be_left;
    16 states::maintenance_left_without_state_is_looked_at_once_more;
    17 stack::notes_of_a_stack_that_was_deleted_count_for_nothing;
    17 stack::an_update_that_wipes_tags_wipes_no_memory;
    17 stack::tags_that_a_template_copies_are_no_notes;
    17 stack::an_alarm_that_the_update_unmutes_is_muted_again_and_acts_at_the_end;
    17 stack::a_queue_that_the_update_enables_is_disabled_again_and_right_at_the_end;
    18 door::a_listener_that_the_update_replaces_is_closed_as_soon_as_it_is_seen;
    19 banner::the_administrators_own_banner_comes_back;
    19 banner::the_banner_of_a_maintenance_that_nobody_remembers_is_taken_down;
    20 health::a_target_group_that_had_no_target_before_is_told_and_not_waited_for;
    20 health::a_stop_while_health_is_awaited_leads_to_the_question;
    20 health::maintenance_is_left_although_the_platform_is_sick_and_that_is_on_record;
    21 door::rules_that_leave_no_room_make_room_and_take_their_places_again;
}

/// Scenarios that came to their right end.
static PASSED: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

/// The last scenario to end says how many did as they should.
fn count(name: &'static str) {
    let mut passed = PASSED.lock().expect("nothing panics while it holds this");
    passed.insert(name);
    let notes: BTreeSet<u32> =
        SCENARIOS.iter().filter(|(_, one)| passed.contains(one)).map(|(number, _)| *number).collect();
    println!(
        "{} of {} scenarios of the field notes, of {} notes",
        passed.len(),
        SCENARIOS.len(),
        notes.len()
    );
}

/// A deployment of the sample at work, and how its new release stands when it is deployed for itself.
struct Scene {
    world: World,
    fresh: Standing,
}

impl Scene {
    async fn new() -> Scene {
        Scene::of(|_| ()).await
    }

    /// The same with other releases.
    async fn of(change: impl FnOnce(&mut Material)) -> Scene {
        let mut material = Vendor::Sample.material().expect("the repository's own");
        change(&mut material);
        let fresh = freshly_of(&material).await;
        let wishes = Wishes { notice: "1m", ..Wishes::default() };
        let full = Full::stand_of(Vendor::Sample, 1, wishes, material).await;
        Scene { world: World::around(full), fresh }
    }

    fn full(&self) -> &Full {
        &self.world.full
    }

    async fn look(&self) -> Look {
        self.full().outside().look(self.full().clock.now().0).await
    }

    async fn stands(&self) -> Standing {
        self.full().outside().standing().await
    }

    async fn is_closed(&self) -> bool {
        self.look().await.stranger == Way::MaintenancePage
    }

    async fn sleep(&self, seconds: u64) {
        self.full().clock.sleep(std::time::Duration::from_secs(seconds)).await;
    }

    /// Plan the upgrade and carry it out. Gives its run, how it ended and what its journal tells.
    async fn upgrade(&self) -> (String, Ended, Report) {
        let plan = self.world.upgrading().await.expect("a plan");
        let ended = self.world.carry_on(&plan, &mut Waits).await;
        self.told(&plan.run_id, ended)
    }

    fn told(&self, run_id: &str, ended: Result<Ended, ConductError>) -> (String, Ended, Report) {
        let ended = ended.unwrap_or_else(|error| panic!("{error}"));
        (run_id.to_owned(), ended, self.world.report(run_id))
    }

    /// As `slackwater maintenance disable` does it.
    async fn disable(&self) {
        self.disable_with(LeavingWish::default()).await;
    }

    async fn disable_with(&self, wish: LeavingWish) {
        match self.world.leave(wish).await {
            Ok(()) => {}
            Err(Refused::ByRule(error)) => panic!("{error}"),
            Err(Refused::Otherwise(error)) => panic!("{error}"),
        }
    }

    /// Somebody calls a Query service by hand.
    async fn call(&self, service: &'static str, operation: &str, fields: &[(&str, &str)]) {
        let fields: Vec<(String, String)> =
            fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let answer = self.full().caller.query(service, operation, &fields).await;
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"));
    }

    /// Somebody calls Batch, or the local cloud's control endpoint, by hand.
    async fn post(&self, service: &'static str, path: &str, body: &Value) -> Value {
        for _ in 0..100 {
            match self.full().caller.json(service, path, "POST", path, body).await {
                Ok(answer) => return answer,
                // Batch lets few calls through, and the run makes them too.
                Err(error) if error.to_string().contains("Too Many") => {
                    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                }
                Err(error) => panic!("{path}: {error}"),
            }
        }
        panic!("{path} is throttled for good");
    }

    /// Something makes a queue or a compute environment INVALID, or VALID again.
    async fn set_status(&self, what: &str, name: &str, status: &str, refuses_updates: bool) {
        let order = json!({what: name, "status": status, "refusesUpdates": refuses_updates});
        self.post("slackwater", "/_slackwater/batch", &order).await;
    }

    /// Somebody deletes every object of the bucket.
    async fn empty_bucket(&self) {
        let (bucket, full) = (crate::full::BUCKET, self.full());
        let cloud = crate::common::sdk(&full.local, full.clock);
        let objects = cloud.state_objects(bucket, "", None).await.expect("there");
        for key in objects.list("", "").await.expect("listed") {
            // What S3 answers is no JSON, and empty.
            let path = format!("/{bucket}/{key}");
            let _empty = full.caller.json("s3", "s3:DeleteObject", "DELETE", &path, &Value::Null).await;
        }
        assert_eq!(objects.list("", "").await.expect("listed"), Vec::<String>::new());
    }

    /// A queue's ARN.
    fn queue(&self, logical_id: &str) -> String {
        self.full().before.queues[logical_id].1.clone()
    }

    /// Everything of the deployment is as maintenance leaves it, and nobody is let in.
    async fn assert_in_maintenance(&self, what: &str) {
        assert!(self.is_closed().await, "{what}: users are kept out");
        let stands = self.stands().await;
        assert_eq!(stands.groups["WorkerGroup"].sizes, ["0", "0", "0"].map(str::to_owned), "{what}");
        assert!(stands.queues.values().all(|(state, _)| state == "DISABLED"), "{what}: {:?}", stands.queues);
        assert!(stands.alarms.values().all(|acts| acts == "false"), "{what}: {:?}", stands.alarms);
    }
}

/// A release that touches neither groups nor queues nor alarms: only the health check's path and the version.
fn quiet_release(material: &mut Material) {
    material.to = material.from.replacen("Version: 1.0.0", "Version: 1.1.0", 1).replacen(
        "HealthCheckPath: /health\n",
        "HealthCheckPath: /health/ready\n",
        1,
    );
    assert!(material.to.contains("/health/ready"));
}

/// Put text after a line of a template.
fn after(template: &str, line: &str, text: &str) -> String {
    assert_eq!(template.matches(line).count(), 1, "{line}");
    template.replacen(line, &format!("{line}{text}"), 1)
}

fn has(lines: &[String], words: &str) -> bool {
    lines.iter().any(|line| line.contains(words))
}

/// The run ended without an upgrade; why.
fn not_upgraded(ended: &Ended) -> &str {
    match ended {
        Ended::Run(Outcome::NotUpgraded { reason }) => reason,
        other => panic!("{other:?}"),
    }
}
