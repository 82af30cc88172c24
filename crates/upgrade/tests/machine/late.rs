//! Calls of an overtaken conducting: the platform takes them when they arrive, whoever carries the run out by then.

use upgrade::*;

use crate::plans::stack_name;
use crate::platform::Platform;

impl Platform {
    /// How whoever goes on comes by the run. The last act that was begun is sent once more, and arrives later: whether it had
    /// arrived before or not.
    pub fn take_over(&mut self, plan: &Plan, journal: &[Record]) -> Handover {
        let Some(later) = self.fate.overtaken else { return Handover::GivenBack };
        let acts = || {
            journal.iter().filter_map(|record| match record {
                Record::Intended { act, .. } => Some(act),
                Record::Happened(_) => None,
            })
        };
        let arrives_at = self.now + later;
        let most = if self.fate.everything_late { usize::MAX } else { 1 };
        self.late.extend(acts().rev().take(most).map(|act| (arrives_at, act.clone())));
        let relies_on_gate = fold(plan, journal).expect("the journal folds").taken.begun;
        if self.fate.everything_late && relies_on_gate {
            let rule_arns = self.gate_rules.iter().map(|rule| rule.rule_arn.clone()).collect();
            self.late.push((arrives_at, FleetAct::OpenGate { rule_arns }.into()));
        }
        self.revoked_names = acts()
            .filter_map(|act| match act {
                Act::Stack(StackAct::CreateChangeSet { proposal, .. }) => Some(&proposal.change_set_name),
                Act::Stack(StackAct::ExecuteChangeSet { change_set_name, .. }) => Some(change_set_name),
                _ => None,
            })
            .cloned()
            .collect();
        Handover::Overtaken { holder: "the one before".to_owned() }
    }

    /// Whatever is due arrives.
    pub fn let_arrive(&mut self) {
        let due = |(at, _): &(u64, Act)| *at <= self.now;
        let (arrived, late) = std::mem::take(&mut self.late).into_iter().partition(due);
        self.late = late;
        for (_, act) in arrived {
            if let Some(act) = self.takeable(act) {
                // Nobody is there to be told how it ended.
                let _: Result<(), PortError> = self.carry_out(&act);
            }
        }
    }

    /// An act as far as AWS takes it, at whatever time.
    fn takeable(&self, act: Act) -> Option<Act> {
        let status = |update: UpdateKind| {
            let last = self.events.get(stack_name(update)).and_then(|events| events.last());
            last.map(|(_, event)| event.status.as_str())
        };
        let there = |resource: &NotedResource| match resource {
            NotedResource::Instance(id) => self.group.instances.iter().any(|one| one.id == *id),
            _ => true,
        };
        match act {
            Act::Fleet(FleetAct::Remember { mut memories }) => {
                memories.retain(|memory| there(&memory.resource));
                Some(FleetAct::Remember { memories }.into())
            }
            Act::Fleet(FleetAct::Forget { mut resources }) => {
                resources.retain(there);
                Some(FleetAct::Forget { resources }.into())
            }
            // There are copies of these names already, or nobody wants them any more.
            Act::Fleet(FleetAct::CreateSnapshots { .. }) => None,
            Act::Stack(StackAct::CancelUpdate { update, .. })
                if status(update) != Some("UPDATE_IN_PROGRESS") =>
            {
                None
            }
            Act::Stack(StackAct::ContinueUpdateRollback { update, .. })
                if status(update) != Some("UPDATE_ROLLBACK_FAILED") =>
            {
                None
            }
            act => Some(act),
        }
    }
}
