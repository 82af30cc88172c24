//! Which records of a run somebody is told of: its beginning, each question once, its end; and since when users are out.

use upgrade::{Outcome, Plan, Question, Record, RunKind, Seen, State, Step, Timestamp, Users, What};

use super::message::Notice;

/// What of a run was told already.
#[derive(Debug, Default)]
pub(super) struct Noticing {
    asked: bool,
    /// Whether a question stood after the last record, whoever was told of it.
    stood: bool,
    /// The step after the last record.
    step: Option<Step>,
    is_out: bool,
}

/// What a record says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Noticed {
    pub notices: Vec<Notice>,
    /// Users are out from this record on.
    pub out: bool,
    /// They are in again, or the run has ended.
    pub back: bool,
}

/// How a run stands after a record, as far as somebody is told of it.
#[derive(Debug, Clone, Copy)]
struct Standing<'a> {
    step: Step,
    asks: bool,
    outcome: Option<&'a Outcome>,
    seen: Option<&'a Seen>,
    /// The gate was seen open on the way out.
    is_open: bool,
    /// The step after which users are out; `None`: whoever began the run wants them where they are.
    closing: Option<Step>,
}

impl Noticing {
    /// Of a run that is gone on with: users are out already, or aren't.
    pub(super) fn resumed(is_out: bool, state: &State) -> Noticing {
        Noticing { asked: false, stood: state.question.is_some(), step: Some(state.step), is_out }
    }

    /// What a record says, and how the run stands after it.
    pub(super) fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) -> Noticed {
        let standing = Standing {
            step: state.step,
            asks: state.question.is_some(),
            outcome: state.outcome.as_ref(),
            seen: state.seen.as_ref(),
            is_open: state.opened_at.is_some(),
            closing: (plan.kind == RunKind::Upgrade).then(|| closing(plan)),
        };
        self.noticed(record, standing)
    }

    fn noticed(&mut self, record: &Record, standing: Standing<'_>) -> Noticed {
        let mut noticed = Noticed::default();
        let what = match record {
            Record::Happened(event) => Some(&event.what),
            Record::Intended { .. } => None,
        };
        if matches!(what, Some(What::Started { .. })) {
            noticed.notices.push(Notice::Began);
        }
        let Standing { step, asks, outcome, seen, is_open, closing } = standing;
        let stood = std::mem::replace(&mut self.stood, asks);
        let goes_on = !asks && (stood || matches!(what, Some(What::Resumed { .. })));
        self.asked &= asks;
        match outcome {
            Some(outcome) => noticed.notices.push(Notice::Ended(outcome.clone(), seen.cloned())),
            None if goes_on => noticed.notices.push(Notice::GoesOn),
            None => {}
        }
        let before = self.step.replace(step);
        if self.is_out {
            noticed.back = is_open || outcome.is_some();
            self.is_out = !noticed.back;
        } else if before.is_some() && before == closing && before != Some(step) && !step.is_leaving() {
            (noticed.out, self.is_out) = (true, true);
        }
        noticed
    }

    /// Of a question once, with what was seen of the gate.
    pub(super) fn asked(&mut self, question: &Question, users: Option<&Users>) -> Option<Notice> {
        let is_new = !std::mem::replace(&mut self.asked, true);
        is_new.then(|| Notice::Asks(question.clone(), users.cloned()))
    }
}

/// The step after which users are out.
pub(super) fn closing(plan: &Plan) -> Step {
    if plan.gateless { Step::FindMaintenance } else { Step::CloseGate }
}

/// Since when users of an upgrade are out, as its journal tells; `None`: they are in.
pub(super) fn out_since(plan: &Plan, report: &upgrade::Report) -> Option<Timestamp> {
    let is_out = plan.kind == RunKind::Upgrade && matches!(report.gate_closed, Some((_, None)));
    let closed = report.steps.iter().rev().find(|step| step.step == closing(plan))?;
    closed.ended_at.filter(|_| is_out)
}

#[cfg(test)]
mod tests {
    use upgrade::{Approval, Event, Handover};

    use super::*;

    fn record(what: What) -> Record {
        Record::Happened(Event { at: Timestamp(1), what })
    }

    fn standing(step: Step) -> Standing<'static> {
        let closing = Some(Step::CloseGate);
        Standing { step, asks: false, outcome: None, seen: None, is_open: false, closing }
    }

    #[test]
    fn a_beginning_each_question_and_an_end_are_told_once() {
        let question = Question::Unhealthy { findings: vec!["503".to_owned()], can_go_back: false };
        let asks = || Notice::Asks(question.clone(), Some(Users::In));
        let approval = Approval { by: "ada".to_owned(), at: Timestamp(1), plan_sha256: String::new() };
        let mut noticing = Noticing::default();
        for (what, outcome, is_asked, told) in [
            (What::Started { approval }, None, false, vec![Notice::Began]),
            (What::Waited, None, false, vec![]),
            (What::Waited, None, true, vec![asks()]),
            (What::Waited, None, true, vec![]),
            (What::Waited, None, false, vec![Notice::GoesOn]),
            (What::Waited, None, true, vec![asks()]),
            (What::Waited, Some(&Outcome::Upgraded), false, vec![Notice::Ended(Outcome::Upgraded, None)]),
        ] {
            let standing = Standing { asks: is_asked, outcome, ..standing(Step::CloseGate) };
            let mut notices = noticing.noticed(&record(what.clone()), standing).notices;
            if is_asked {
                notices.extend(noticing.asked(&question, Some(&Users::In)));
            }
            assert_eq!(notices, told, "{what:?}");
        }
    }

    #[test]
    fn a_run_that_is_taken_up_goes_on_unless_its_question_still_stands() {
        for (asks, told) in [(false, vec![Notice::GoesOn]), (true, vec![])] {
            let mut noticing = Noticing { stood: asks, ..Noticing::default() };
            let record = record(What::Resumed { after: Handover::GivenBack });
            let standing = Standing { asks, ..standing(Step::CloseGate) };
            assert_eq!(noticing.noticed(&record, standing).notices, told);
        }
    }

    #[test]
    fn users_are_out_from_when_the_gate_is_closed_until_it_is_open() {
        let mut noticing = Noticing::default();
        for (step, is_open, out, back) in [
            (Step::CloseGate, false, false, false),
            (Step::SaveSessions, false, true, false),
            (Step::SaveSessions, false, false, false),
            (Step::OpenGate, false, false, false),
            (Step::ClearBanner, true, false, true),
            (Step::TakeStock, true, false, false),
        ] {
            let noticed = noticing.noticed(&record(What::Waited), Standing { is_open, ..standing(step) });
            assert_eq!((noticed.out, noticed.back), (out, back), "{step:?}");
        }
        // A gate that could not be closed leaves users in.
        let mut noticing = Noticing::default();
        for step in [Step::CloseGate, Step::OpenGate] {
            assert!(!noticing.noticed(&record(What::Waited), standing(step)).out);
        }
        // Whoever enters maintenance by itself wants users out.
        let mut noticing = Noticing::default();
        for step in [Step::CloseGate, Step::SaveSessions] {
            let standing = Standing { closing: None, ..standing(step) };
            assert!(!noticing.noticed(&record(What::Waited), standing).out);
        }
    }
}
