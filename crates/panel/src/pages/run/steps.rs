//! The steps of a run, in their order: those that are done, those that were passed over, the one it is in, those to come.

use maud::{Markup, html};
use upgrade::{Plan, Report, State, Step, StepReport};

use crate::words::{clock, counted, duration};

/// Names that are shown of what holds a step.
const MOST_NAMES: usize = 20;

/// A line of the list.
#[derive(Debug, PartialEq, Eq)]
enum Row<'a> {
    Entered(&'a StepReport),
    /// Planned, and never entered though what comes after it was.
    PassedOver(Step),
    ToCome(Step),
}

/// The planned steps that a run which goes on has before it.
pub(super) fn to_come(plan: &Plan, report: &Report) -> Vec<Step> {
    let Some(now) = report.steps.last().filter(|_| report.outcome.is_none()) else { return Vec::new() };
    let planned: Vec<Step> = plan.steps.iter().map(|planned| planned.step).collect();
    let was_entered = |step: &Step| report.steps.iter().any(|entered| entered.step == *step);
    // What isn't in the plan is the way back: what is left of it is the way out.
    let place = planned.iter().position(|step| *step == now.step);
    let after = |index: usize, step: &Step| place.map_or(step.is_leaving(), |place| index > place);
    let after = planned.iter().enumerate().filter(|(index, step)| after(*index, step));
    after.map(|(_, step)| *step).filter(|step| !was_entered(step)).collect()
}

/// Steps as they were entered, those that were passed over standing where the plan has them.
fn rows<'a>(plan: &Plan, report: &'a Report) -> Vec<Row<'a>> {
    let to_come = to_come(plan, report);
    let entered = |step: Step| report.steps.iter().any(|entered| entered.step == step);
    let mut passed_over: Vec<(usize, Step)> = plan
        .steps
        .iter()
        .map(|planned| planned.step)
        .enumerate()
        .filter(|(_, step)| !entered(*step) && !to_come.contains(step))
        .rev()
        .collect();
    let mut rows = Vec::new();
    for step in &report.steps {
        let place = plan.steps.iter().position(|planned| planned.step == step.step);
        while let (Some(place), Some((index, one))) = (place, passed_over.last())
            && *index < place
        {
            rows.push(Row::PassedOver(*one));
            passed_over.pop();
        }
        rows.push(Row::Entered(step));
    }
    rows.extend(passed_over.into_iter().rev().map(|(_, step)| Row::PassedOver(step)));
    rows.extend(to_come.into_iter().map(Row::ToCome));
    rows
}

pub(super) fn steps(plan: &Plan, state: Option<&State>, report: &Report) -> Markup {
    let has_failed = state.is_some_and(|state| state.failure.is_some() || state.stop.is_some());
    html! {
        ol.steps {
            @for row in rows(plan, report) {
                @match row {
                    Row::Entered(step) => (entered(step, report, state)),
                    Row::PassedOver(step) => li.passed { div.row {
                        span.title { (step.title()) }
                        span.took { (if has_failed && !step.is_leaving() { "not reached" } else { "skipped" }) }
                    } },
                    Row::ToCome(step) => li.later { div.row { span.title { (step.title()) } } },
                }
            }
        }
    }
}

fn entered(step: &StepReport, report: &Report, state: Option<&State>) -> Markup {
    let is_now = step.ended_at.is_none() && report.outcome.is_none();
    html! {
        li.now[is_now] aria-current=[is_now.then_some("step")] {
            div.row {
                span.title { (step.step.title()) }
                @match step.milliseconds() {
                    Some(took) => span.took { (duration(took)) },
                    None => span.took { "since " (clock(step.started_at)) },
                }
            }
            @if !step.acts.is_empty() {
                details { summary { (counted(step.acts.len(), "act")) } ul { @for act in &step.acts { li { (act) } } } }
            }
            @if is_now && let Some(state) = state { (held(&state.waiting_on)) }
        }
    }
}

/// What holds a step, by name.
pub(in crate::pages) fn held(names: &[String]) -> Markup {
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
