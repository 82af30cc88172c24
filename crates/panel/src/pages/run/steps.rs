//! The steps of a run: those that are done, the one it is in, those to come.

use maud::{Markup, html};
use upgrade::{Limit, Plan, Report, State, Timestamp};

use crate::words::{clock, counted, duration};

/// Names that are shown of what holds a step.
const MOST_NAMES: usize = 20;

pub(super) fn steps(plan: &Plan, state: Option<&State>, report: &Report, at: Timestamp) -> Markup {
    let now = report.steps.last().filter(|_| report.outcome.is_none()).map(|step| step.step);
    let leaving = now.is_some_and(upgrade::Step::is_leaving);
    let done: Vec<_> = report.steps.iter().map(|step| step.step).collect();
    let to_come =
        plan.steps.iter().map(|planned| planned.step).filter(|step| {
            report.outcome.is_none() && !done.contains(step) && (!leaving || step.is_leaving())
        });
    html! {
        ol.steps {
            @for step in &report.steps {
                @let is_now = step.ended_at.is_none() && report.outcome.is_none();
                li.now[is_now] aria-current=[is_now.then_some("step")] {
                    div.row {
                        span.title { (step.step.title()) }
                        @match step.milliseconds() {
                            Some(took) => span.took { (duration(took)) },
                            None if is_now => span.took { span data-since=(step.started_at.0) { "since " (clock(step.started_at)) } },
                            None => span.took { "since " (clock(step.started_at)) },
                        }
                    }
                    @if !step.acts.is_empty() {
                        details { summary { (counted(step.acts.len(), "act")) } ul { @for act in &step.acts { li { (act) } } } }
                    }
                    @if is_now && let Some(state) = state {
                        (held(&state.waiting_on))
                        @if !state.waiting_on.is_empty() && let Some(Limit { at, then }) = Limit::next(plan, state, at) {
                            p.held { "Until " (clock(at)) "; then " (then) "." }
                        }
                    }
                }
            }
            @for step in to_come { li.later { div.row { span.title { (step.title()) } } } }
        }
    }
}

/// What holds a step, by name.
fn held(names: &[String]) -> Markup {
    html! {
        @if !names.is_empty() {
            p.held { (names.len()) " left" }
            ul.names {
                @for name in names.iter().take(MOST_NAMES) { li { (name) } }
                @if names.len() > MOST_NAMES { li { "and " (names.len() - MOST_NAMES) " more" } }
            }
        }
    }
}
