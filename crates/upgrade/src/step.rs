//! The steps of a run: their list, in the order of an upgrade, and what is fixed about each.
//!
//! A new step is a file in `steps/` with its rules, its `mod` there, and its line in the list here.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::facts::FactsBefore;
use crate::observation::Observation;
use crate::plan::{Plan, PlannedStep, UpdateKind};
use crate::policy::{DrainPolicy, MaintenancePolicy};
use crate::state::State;
use crate::steps::*;
use crate::transition::IllegalTransition;

/// Makes [`Step`], its sections and the way to each step's rules from one list.
macro_rules! steps {
    (
        stack updates { $($(#[$of_doc:meta])* $of:ident($part:ident: $part_type:ty) => $of_rules:expr,)* }
        $($(#[$section_doc:meta])* $section:ident { $($(#[$doc:meta])* $step:ident => $rules:expr,)* })*
    ) => {
        /// A step. Which ones a run has, and in which order, stands in its plan.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum Step {
            $($(#[$of_doc])* $of($part_type),)*
            $($($(#[$doc])* $step,)*)*
        }

        impl Step {
            $($(#[$section_doc])* pub const $section: &[Step] = &[$(Step::$step,)*];)*

            pub(crate) fn rules(self) -> StepRules {
                match self {
                    $(Step::$of($part) => $of_rules,)*
                    $($(Step::$step => $rules,)*)*
                }
            }

            #[must_use]
            pub fn all() -> Vec<Step> {
                let mut all = Vec::new();
                $(all.extend(<$part_type>::ALL.map(Step::$of));)*
                $(all.extend(Step::$section);)*
                all
            }
        }
    };
}

steps! {
    stack updates {
        /// CloudFormation makes a change set, which must be the approved one.
        CreateChangeSet(kind: UpdateKind) => change_set::create_change_set(kind),
        /// What the plan stands on is looked at again.
        ConfirmFacts(before: FactsBefore) => footing::confirm_facts(before),
        /// What a change set would execute is compared with what was approved.
        ConfirmContents(kind: UpdateKind) => footing::confirm_contents(kind),
        /// CloudFormation begins an update.
        ExecuteChangeSet(kind: UpdateKind) => update::execute_change_set(kind),
        /// CloudFormation carries it out.
        FollowUpdate(kind: UpdateKind) => update::follow_update(kind),
    }
    /// Before the linked stacks are updated.
    ANNOUNCING {
        /// Users are told.
        Announce => announcement::announce(),
    }
    /// Before the primary stack's change set is made.
    AWAITING {
        /// Until the announced time has come.
        AwaitWindow => announcement::await_window(),
    }
    /// The last look before maintenance, and its beginning.
    CLOSING {
        /// What the drain can't end is looked for once more.
        ConfirmDrainable => obstacles::confirm_drainable(),
        /// Everybody gets the maintenance page.
        CloseGate => gate::close_gate(),
        /// Where there is no gate: whether work is stopped already.
        FindMaintenance => gate::find_maintenance(),
    }
    /// The way into maintenance, in order, after the gate's closing.
    DRAINING {
        /// Sessions are saved, and stopped when their save is confirmed.
        SaveSessions => sessions::save_sessions(),
        /// Computations end.
        StopComputations => computations::stop_computations(),
        /// The stack's alarms are muted.
        MuteAlarms => alarms::mute_alarms(),
        /// No new jobs are placed.
        DisableJobQueues => job_queues::disable_job_queues(),
        /// Unfinished jobs end.
        TerminateJobs => job_queues::terminate_jobs(),
        /// Amazon ECS services go to no tasks.
        StopServices => services::stop_services(),
        /// Worker groups and warm pools go to zero.
        TerminateWorkers => workers::terminate_workers(),
        /// Machines outside of every group end.
        TerminateDedicatedMachines => machines::terminate_dedicated_machines(),
        /// All of it is looked at once more.
        ConfirmQuiet => quiet::confirm_quiet(),
    }
    /// Before the update, while nothing writes.
    SAVING {
        /// Databases and volumes are copied.
        TakeSnapshots => snapshots::take_snapshots(),
    }
    /// The way out of maintenance, in order. Each does nothing where nothing was done; [`Step::LookOnceMore`] is passed over
    /// where no call can arrive late.
    LEAVING {
        /// Find listener, queues and groups as the stack has them now. A plan without steps begins, and ends, in it.
        #[default]
        LocateTargets => targets::locate_targets(),
        /// The platform proves itself healthy.
        CheckHealth => health::check_health(),
        /// Sizes are put back.
        RestoreWorkers => workers::restore_workers(),
        /// ECS services have their tasks again.
        RestoreServices => services::restore_services(),
        /// Queues take jobs again.
        RestoreJobQueues => job_queues::restore_job_queues(),
        /// Alarms act again.
        UnmuteAlarms => alarms::unmute_alarms(),
        /// Users are let in.
        OpenGate => gate::open_gate(),
        /// The banner is taken down.
        ClearBanner => announcement::clear_banner(),
        /// A change set that was made and not executed is deleted.
        DiscardChangeSet => change_set::discard_change_set(),
        /// When no call of another conducting can arrive any more: what was done is looked at once more.
        LookOnceMore => second_look::look_once_more(),
        /// Everything is looked at that the end is told from.
        TakeStock => stock::take_stock(),
    }
}

type Inquire = Box<dyn Fn(&Plan, &State, Timestamp) -> Inquiry>;
type Decide = Box<dyn Fn(&Plan, &mut State, &Observation, Timestamp) -> Option<Decision>>;

/// All that a step is, whatever the run's state.
pub(crate) struct StepRules {
    /// For a person.
    pub title: &'static str,
    pub ends: Ends,
    /// Between looks while it waits.
    pub poll_milliseconds: u64,
    /// Whether a plan has it: what the platform can't do, or doesn't have, is planned away. What has nothing to do ends at
    /// once, so most are in every plan.
    pub is_needed: fn(&Plan) -> bool,
    pub on_failure: OnFailure,
    pub on_stop: OnStop,
    /// It is gone through again by a run that ends in the maintenance which it found, after it has touched the stack: what the
    /// update brought is made calm.
    pub calms_again: bool,
    /// What it asks, or what is known without asking.
    pub inquire: Inquire,
    /// What it makes of the answer; `None`: that is none to what it asked.
    pub decide: Decide,
}

impl StepRules {
    /// On the way in.
    pub(crate) fn new(
        title: &'static str,
        inquire: impl Fn(&Plan, &State, Timestamp) -> Inquiry + 'static,
        decide: impl Fn(&Plan, &mut State, &Observation, Timestamp) -> Option<Decision> + 'static,
    ) -> StepRules {
        StepRules {
            title,
            ends: Ends::After(120),
            poll_milliseconds: 1000,
            is_needed: |_| true,
            on_failure: OnFailure::PutBack,
            on_stop: OnStop::Leave,
            calms_again: false,
            inquire: Box::new(inquire),
            decide: Box::new(decide),
        }
    }

    /// Of one stack's update.
    pub(crate) fn updating(self, kind: UpdateKind) -> StepRules {
        match kind {
            UpdateKind::BackupStack | UpdateKind::RoleStack | UpdateKind::Primary => self,
            UpdateKind::WayBack => {
                StepRules { on_failure: OnFailure::AskAboutRelease, on_stop: OnStop::Ask, ..self }
            }
        }
    }

    /// On the way out, before users are let in.
    pub(crate) fn letting_in(self) -> StepRules {
        StepRules { on_failure: OnFailure::AskAndTryOn, on_stop: OnStop::Ask, ..self }
    }

    /// On the way out: puts something back.
    pub(crate) fn restoring(self) -> StepRules {
        let (ends, on_failure, on_stop) = (Ends::After(600), OnFailure::LeaveOnList, OnStop::Ask);
        StepRules { ends, on_failure, on_stop, ..self }
    }

    /// On the way out: tidies up when users are in, or nothing is under way.
    pub(crate) fn tidying(self) -> StepRules {
        StepRules { on_failure: OnFailure::Remark, on_stop: OnStop::Nothing, ..self }
    }
}

/// What ends a step that doesn't reach its end. Limits suit AWS.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ends {
    /// It has failed after so many seconds.
    After(u64),
    /// Nothing: CloudFormation takes what it takes.
    ByItself,
    /// The announced time comes.
    AtWindow,
    /// The maintenance policy's deadline, and what it escalates to.
    Drain(fn(&MaintenancePolicy) -> DrainPolicy),
    /// The same for people's work, which the platform's own API ends: these steps have one deadline together.
    DrainOfWork(fn(&MaintenancePolicy) -> DrainPolicy),
    /// The health policy's deadline.
    AtHealthDeadline,
    /// Until no call can arrive late any more.
    WhenSettled,
}

/// What a step's failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFailure {
    /// Whatever this run took away is put back, and users are let in; or they stay in the maintenance that was found.
    PutBack,
    /// Noise or tidiness, and no reason to keep anybody out: the report says it.
    Remark,
    /// It is named, left on the list of what is still to be put back, and keeps nobody out.
    LeaveOnList,
    /// Users are out, and what would let them in doesn't come about: a person is asked, and it is tried on.
    AskAndTryOn,
    /// The new release stands and isn't healthy, and the way back is barred: a person is asked.
    AskAboutRelease,
}

/// What a stop does in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnStop {
    /// Nothing was updated yet: as after a failure.
    Leave,
    /// Once the update has begun it is cancelled; before, as after a failure.
    Cancel,
    /// A person decides: open, go back, wait on.
    Ask,
    /// Users are in, or nothing is under way: there is nothing to stop any more.
    Nothing,
    /// Where maintenance has been entered, as after a failure; else nothing.
    LeaveIfOut,
}

impl Step {
    /// What it asks, or what is known without asking.
    pub(crate) fn inquiry(self, plan: &Plan, state: &State, at: Timestamp) -> Inquiry {
        (self.rules().inquire)(plan, state, at)
    }

    /// What it makes of the answer.
    pub(crate) fn decide(
        self,
        plan: &Plan,
        state: &mut State,
        seen: &Observation,
        at: Timestamp,
    ) -> Result<Decision, IllegalTransition> {
        let wrong = IllegalTransition::WrongAnswer { step: self, answer: seen.kind() };
        (self.rules().decide)(plan, state, seen, at).ok_or(wrong)
    }

    /// For a person.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.rules().title
    }

    /// Whether it has anything to do in this plan.
    pub(crate) fn is_needed(self, plan: &Plan) -> bool {
        (self.rules().is_needed)(plan)
    }

    /// Whether work ends in it.
    pub(crate) fn is_drain(self) -> bool {
        matches!(self.rules().ends, Ends::Drain(_) | Ends::DrainOfWork(_))
    }

    /// From here on maintenance is being left.
    #[must_use]
    pub fn is_leaving(self) -> bool {
        Step::LEAVING.contains(&self)
    }

    /// The way of a run that ends in the maintenance which it found, after it has touched the stack. Each does nothing where
    /// nothing is to be done.
    pub(crate) fn staying() -> impl Iterator<Item = Step> {
        let calms_again = Step::DRAINING.iter().copied().filter(|step| step.rules().calms_again);
        [Step::LocateTargets].into_iter().chain(calms_again).chain([Step::DiscardChangeSet, Step::TakeStock])
    }

    /// The steps of one stack update.
    #[must_use]
    pub fn of_update(kind: UpdateKind) -> [Step; 4] {
        [
            Step::CreateChangeSet(kind),
            Step::ConfirmContents(kind),
            Step::ExecuteChangeSet(kind),
            Step::FollowUpdate(kind),
        ]
    }

    /// The step with its usual limits.
    #[must_use]
    pub fn usual(self) -> PlannedStep {
        let StepRules { ends, poll_milliseconds, .. } = self.rules();
        let deadline_seconds = match ends {
            Ends::After(seconds) => Some(seconds),
            Ends::ByItself
            | Ends::AtWindow
            | Ends::Drain(_)
            | Ends::DrainOfWork(_)
            | Ends::AtHealthDeadline
            | Ends::WhenSettled => None,
        };
        PlannedStep { step: self, deadline_seconds, poll_milliseconds }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{OnFailure, OnStop, Step};
    use crate::plan::UpdateKind;

    /// As a plan and a journal spell a step.
    fn spelling(step: Step) -> String {
        serde_json::to_string(&step).expect("a step is a word")
    }

    #[test]
    fn every_step_has_a_title_and_a_spelling_of_its_own() {
        let all = Step::all();
        let titles: BTreeSet<&str> = all.iter().map(|step| step.title()).collect();
        let spellings: BTreeSet<String> = all.iter().map(|step| spelling(*step)).collect();
        assert_eq!((titles.len(), spellings.len()), (all.len(), all.len()));
        for step in all {
            let letters = |one: char| one.is_ascii_lowercase() || "-\"{}:".contains(one);
            assert!(spelling(step).chars().all(letters), "{}", spelling(step));
            assert_eq!(serde_json::from_str::<Step>(&spelling(step)).expect("it is read again"), step);
            assert!(step.title().starts_with(char::is_uppercase), "{}", step.title());
            assert!(step.usual().poll_milliseconds >= 1000, "{step:?}");
        }
    }

    #[test]
    fn a_step_before_the_way_out_never_ends_on_the_list_and_one_of_it_never_puts_back() {
        let of_way_back = Step::of_update(UpdateKind::WayBack);
        for step in Step::all().into_iter().filter(|step| !of_way_back.contains(step)) {
            let rules = step.rules();
            match step.is_leaving() {
                true => assert!(rules.on_failure != OnFailure::PutBack && rules.on_stop != OnStop::Leave),
                false => assert!(matches!(rules.on_failure, OnFailure::PutBack | OnFailure::Remark)),
            }
            assert!(!rules.calms_again || Step::DRAINING.contains(&step), "{step:?}");
        }
    }
}
