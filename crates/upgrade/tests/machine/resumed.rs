//! A run that is gone on with looks again before it asks again.

use upgrade::*;

use crate::carry_out::{Carried, Crash, carry_out};
use crate::plans::plan;
use crate::platform::Fortune;

/// The journal of an upgrade up to where nobody could look at its update for half an hour, and a person is asked.
fn out_of_sight() -> Vec<Record> {
    let fate = Fortune {
        statuses: &["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"],
        blind: Some((UpdateKind::Primary, usize::MAX)),
        answers: &[|| Answer::StayClosed],
        ..Fortune::default()
    };
    let Carried { mut journal, .. } = carry_out(&plan(), fate, Crash::Never);
    let answered =
        |record: &Record| matches!(record, Record::Happened(Event { what: What::Answered { .. }, .. }));
    journal.truncate(journal.iter().position(answered).expect("somebody answers"));
    journal
}

fn happens(state: State, what: What) -> (State, Effect) {
    let at = Timestamp(state.step_started_at.0 + 86_400_000);
    transition(&plan(), state, &Event { at, what }).expect("legal")
}

#[test]
fn an_update_that_can_be_seen_again_is_not_asked_about_again() {
    let state = fold(&plan(), &out_of_sight()).expect("whole");
    assert!(matches!(state.question, Some(Question::Unseen { .. })), "{:?}", state.question);
    let (state, effect) = happens(state, What::Resumed { after: Handover::GivenBack });
    let Effect::Observe(Query::Stack(StackQuery::Events { .. })) = effect else { panic!("{effect:?}") };
    // Still out of sight: it is asked again as soon as that is known, not half an hour later.
    let error = PortError {
        kind: PortErrorKind::Refused,
        operation: "cloudformation:DescribeStackEvents".to_owned(),
        message: "AccessDenied".to_owned(),
    };
    let (still, _) = happens(state.clone(), What::ObserveFailed(error));
    let (_, effect) = happens(still, What::Waited);
    assert!(matches!(effect, Effect::Ask(Question::Unseen { .. })), "{effect:?}");
    // In sight: it is followed, and nobody is asked.
    let seen = Observation::StackEvents { events: Vec::new(), worker_groups: Vec::new() };
    let (state, effect) = happens(state, What::Observed(seen));
    assert_eq!(state.question, None);
    assert!(!matches!(effect, Effect::Ask(_)), "{effect:?}");
}
