//! A run: where it stands, what it waits for, what happened.

use conductor::Claim;
use maud::{Markup, PreEscaped, html};
use upgrade::{
    Answer, Approval, Ending, Limit, Line, LineKind, Plan, Question, Report, State, StopDoes, Timestamp,
    UpdateKind, stop_does,
};

use super::form::{Send, button, form};
use super::timeline::timeline;
use super::words::{Tone, clock, counted, duration, moment, pill, purpose, since_by, standing, when};
use crate::live::RunPicture;

/// Lines on a page. Older ones are a page away, so that ten thousand cost no more than these.
pub(crate) const LINES_A_PAGE: usize = 200;

/// Names that are shown of what holds a step.
const MOST_NAMES: usize = 20;

/// Where a page stands: what it shows is told as far as this. The live stream goes on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    /// How many records it knows of.
    pub(crate) told: usize,
    /// Whether somebody carries the run out, as the page has it. No record tells it.
    pub(crate) held: bool,
}

impl Mark {
    /// As a browser gives it back; `None` when it is none of ours.
    pub(crate) fn read(text: &str) -> Option<Mark> {
        let (told, held) = text.split_once('-')?;
        let held = match held {
            "held" => true,
            "free" => false,
            _ => return None,
        };
        Some(Mark { told: told.parse().ok()?, held })
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}", self.told, if self.held { "held" } else { "free" })
    }
}

/// What changes while one looks, but for the timeline.
pub(crate) struct Regions {
    /// Where it stands.
    pub(crate) standing: String,
    /// The question and its answers; the stop button.
    pub(crate) decide: String,
    /// The steps.
    pub(crate) steps: String,
    /// What was stopped.
    pub(crate) stopped: String,
}

impl Regions {
    /// Each with the name of its place in the page.
    pub(crate) fn named(self) -> [(&'static str, String); 4] {
        let Regions { standing, decide, steps, stopped } = self;
        [("standing", standing), ("decide", decide), ("steps", steps), ("stopped", stopped)]
    }
}

/// The timeline's place in the page.
pub(crate) const TIMELINE: &str = "timeline";

/// The timeline as it is `now`. It is by far the largest part of a page, so it is told less often than the others.
pub(crate) fn timeline_now(picture: &RunPicture, now: Timestamp) -> Markup {
    let (plan, report) = (&*picture.plan, picture.telling.report());
    timeline(&report.stack_events, &plan.stack_name, now.0, report.outcome.is_some())
}

/// Everything of a run that changes while one looks, but for the timeline. `may_decide`: the reader may stop and answer.
/// `claim`: who carries it out.
pub(crate) fn regions(
    picture: &RunPicture,
    may_decide: bool,
    claim: Option<&Claim>,
    now: Timestamp,
) -> Regions {
    let (plan, report) = (&*picture.plan, picture.telling.report());
    let state = picture.telling.state();
    Regions {
        standing: top(plan, state, report, claim).into_string(),
        decide: decide(plan, state, may_decide, claim.is_some()).into_string(),
        steps: steps(plan, state, report, now).into_string(),
        stopped: stopped(report).into_string(),
    }
}

/// The page. `held`: somebody carries the run out.
pub(crate) fn run(
    picture: &RunPicture,
    held: bool,
    now: Timestamp,
    regions: Regions,
    shown: &[Line],
    older: Option<usize>,
    is_newest: bool,
) -> Markup {
    let (plan, report) = (&*picture.plan, picture.telling.report());
    let mark = Mark { told: picture.telling.told(), held };
    let stream = format!("/runs/{}/stream?after={mark}", plan.run_id);
    html! {
        header.head {
            p.crumb { a href="/history" { "History" } " / " (plan.deployment) }
            h1 { (purpose(plan.kind))
                @if let Some(to) = &plan.to_version { " " (plan.from_version.as_deref().unwrap_or("?")) " → " (to) }
            }
            p.sub { "Run " code { (plan.run_id) } " · stack " (plan.stack_name) " · began " (when(report.started_at)) }
        }
        div data-live=[(report.outcome.is_none() && is_newest).then_some(stream)] {
            p.offline role="status" hidden { "Connection lost. The run goes on; this page catches up by itself." }
            div #standing aria-live="polite" { (PreEscaped(regions.standing)) }
            div #decide { (PreEscaped(regions.decide)) }
            div.split {
                section aria-labelledby="steps-title" { h2 #steps-title { "Steps" } div #steps { (PreEscaped(regions.steps)) } }
                section aria-labelledby="events-title" {
                    h2 #events-title { "Events" }
                    @if shown.is_empty() { p.empty { "Nothing has happened yet." } }
                    ol.events #events tabindex="0" aria-labelledby="events-title" { (lines(shown)) }
                    @if let Some(older) = older {
                        p { a.button href={ "/runs/" (plan.run_id) "?before=" (older) } { "Older events" } }
                    }
                    @if !is_newest { p { a href={ "/runs/" (plan.run_id) } { "Newest events" } } }
                }
            }
            div id=(TIMELINE) { (timeline_now(picture, now)) }
            div #stopped { (PreEscaped(regions.stopped)) }
        }
        (planned(plan))
    }
}

fn top(plan: &Plan, state: Option<&State>, report: &Report, claim: Option<&Claim>) -> Markup {
    let (tone, words) = standing(plan.kind, state);
    let took = duration(report.last_at.milliseconds_since(report.started_at));
    let ending = report.outcome.as_ref().map(|outcome| Ending {
        kind: plan.kind,
        outcome,
        seen: report.seen.as_ref(),
    });
    let reason = ending.as_ref().and_then(Ending::reason);
    html! {
        div class={ "standing " (tone.class()) } {
            p.big { (pill(tone, &words)) }
            p { @if report.outcome.is_none() { (gate_as_seen(plan, state, report)) " · " }
                @if report.outcome.is_none() { span data-since=(report.started_at.0) { (took) } " so far" } @else { (took) }
                @if report.times_resumed > 0 { " · resumed " (counted(report.times_resumed, "time")) }
                @if report.times_stood_still > 0 {
                    " · its machine stood still " (counted(report.times_stood_still, "time"))
                }
            }
            @if let Some(Approval { by, at, plan_sha256: _ }) = &report.approval {
                p.sub { "Approved by " (by) ", " (when(*at)) }
            }
            // What it does, the steps tell, and sooner than its claim.
            @if let Some(Claim { holder, doing: _, beat_at: _ }) = claim { p.sub { "Carried out by " (holder) } }
            @if let Some(reason) = reason { p { "Because: " (reason) } }
            @if let Some(ending) = &ending {
                p.sub { @match &report.seen { Some(seen) => { "As it was seen at its end, " (when(seen.at)) ":" }, None => "At its end:" } }
                @for sentence in ending.sentences(at) { p { (with_commands(&sentence)) } }
            }
            @if let Some(found) = &report.found {
                p { "It found the deployment in maintenance" (since_by(found)) " (run " code.wrap { (found.run_id) } ")." }
            }
            @if let Some(by) = state.and_then(|state| state.stop.as_ref()) { p { (by) " asked it to stop." } }
            @if let Some(failure) = state.and_then(|state| state.failure.as_ref()) { p { "It ends without the update: " (failure) } }
        }
        @if let Some(state) = state {
            @for (kind, update) in &state.updates {
                @if let Some(cause) = &update.root_cause {
                    div.notice.bad.cause {
                        h3 { "Root cause, " (kind.title()) }
                        p { (cause) }
                    }
                }
            }
        }
        @if !report.still_to_put_back.is_empty() {
            div.notice.bad { h3 { "Could not be put back" } ul { @for line in &report.still_to_put_back { li { (line) } } }
                p { "System maintenance tells what of it still is so, and goes on with it." } }
        }
        @if !report.left_behind.is_empty() {
            div.notice.mind { h3 { "Left behind by CloudFormation's clean-up" } ul { @for line in &report.left_behind { li { (line) } } }
                p { "No update will ever touch it again: delete it by hand." } }
        }
        @if !report.came_back.is_empty() {
            div.notice.mind { h3 { "Came back behind the closed gate" } ul { @for line in &report.came_back { li { (line) } } } }
        }
        @for remark in &report.remarks { p.notice.mind { (remark) } }
        @if report.seen.as_ref().is_some_and(|seen| seen.users.maintenance().is_some() || !seen.still_to_put_back.is_empty()) {
            p { a.button href={ "/deployments/" (plan.deployment) "/maintenance" } { "To system maintenance" } }
        }
    }
}

/// A sentence whose commands stand in backticks, as it reads on a terminal.
fn with_commands(sentence: &str) -> Markup {
    html! { @for (place, part) in sentence.split('`').enumerate() {
        @if place % 2 == 1 { code { (part) } } @else { (part) }
    } }
}

/// `2026-11-29 22:15:00`, UTC.
fn at(time: Timestamp) -> String {
    super::iso(time).get(..19).unwrap_or_default().replace('T', " ")
}

/// The gate, as the run saw it last: what it is at this moment, only a look tells.
fn gate_as_seen(plan: &Plan, state: Option<&State>, report: &Report) -> Markup {
    let doors = state.map(|state| state.doors.as_slice()).unwrap_or_default();
    let is_gone = state.is_some_and(|state| matches!(state.question, Some(Question::GateGone { .. })));
    let is_open = state.is_some_and(|state| state.taken.begun) && doors.iter().any(|door| !door.closed);
    html! {
        @match report.gate_closed {
            _ if plan.gateless => "There is no gate: work is stopped, and nobody is kept out",
            _ if is_gone => "The gate is gone: the run has seen it",
            Some((since, Some(until))) => {
                "The run opened the gate at " (clock(until)) ", " (duration(until.milliseconds_since(since))) " after it was closed"
            },
            Some((since, None)) if is_open => { "The gate closed " (when(since)) ", and a new listener was seen open" },
            Some((since, None)) => { "The gate was last seen closed, since " (when(since)) },
            None if report.found.is_some() => "The gate was closed when the run found it",
            None if plan.found.is_some() => "The gate was closed when the plan was drawn up; the run has not come to it yet",
            None => "The run has not closed the gate",
        }
        " (" a href={ "/deployments/" (plan.deployment) "/maintenance" } { "look now" } ")"
    }
}

fn decide(plan: &Plan, state: Option<&State>, may: bool, held: bool) -> Markup {
    let Some(state) = state else { return html! {} };
    if state.outcome.is_some() {
        return html! {};
    }
    let run = format!("/runs/{}", plan.run_id);
    html! {
        @if let Some(question) = &state.question { (asked(question, &run, may)) }
        @if !held {
            div.notice.mind {
                p { "Nobody carries this run out at this moment." }
                @if may { (button(Send { method: "POST", path: &format!("{run}/resume"), then: &run }, "", "Go on with it")) }
            }
        }
        @if may && state.stop.is_none() {
            @let does = stop_does(state);
            @if let Some(words) = stop_words(does) {
                details.stop {
                    summary { "Stop …" }
                    p { (words) }
                    (button(Send { method: "POST", path: &format!("{run}/stop"), then: &run }, "danger", "Stop the run"))
                }
            }
        }
    }
}

fn stop_words(does: StopDoes) -> Option<&'static str> {
    match does {
        StopDoes::LeaveMaintenance => Some(
            "Nothing has been updated yet: users get back what they had; a deployment that was found in maintenance stays in it.",
        ),
        StopDoes::CancelUpdate => {
            Some("The update is cancelled: CloudFormation rolls it back, then users get back what they had.")
        }
        StopDoes::Ask => {
            Some("Maintenance is being left already: it asks whether to open, to go back, or to wait on.")
        }
        StopDoes::Nothing => None,
    }
}

fn asked(question: &Question, run: &str, may: bool) -> Markup {
    let answer = format!("{run}/answer");
    let send = Send { method: "POST", path: &answer, then: run };
    let button = |word: &str, class: &str, words: &str| {
        html! { button class=(class) name="answer" value=(word) { (words) } }
    };
    html! {
        section.question role="alert" {
            @match question {
                Question::RollbackFailed { update, root_cause, resources, refused } => {
                    h2 { "The rollback of the " (update.title()) " has failed" }
                    p { "First failure: " (root_cause) }
                    @if let Some(refused) = refused {
                        p { "CloudFormation did not continue it as it was answered: " (refused) }
                    }
                    p { "CloudFormation could not take these back. Mend the cause and try again; or pass over what is ticked: "
                        "CloudFormation then believes that it is as the old release wants it, whatever it really is." }
                    (form(send, "", &html! {
                        fieldset disabled[!may] {
                            legend { "Stuck resources" }
                            @for stuck in resources {
                                label.check {
                                    input type="checkbox" name="skip" data-type="list" value=(stuck.logical_id);
                                    span { strong { (stuck.logical_id) } " " small { (stuck.resource_type) } br; (stuck.reason) }
                                }
                            }
                            div.buttons {
                                (button("retry", "primary", "Try the rollback again"))
                                (button("skip", "", "Try again, passing over the ticked"))
                                (button("look-again", "", "Look again, it was continued elsewhere"))
                                (button("stay-closed", "", "End the run as it is"))
                            }
                        }
                    }))
                },
                Question::Unseen { update, error, minutes } => {
                    h2 { "The update of the " (update.title()) " could not be looked at for " (minutes) " minutes" }
                    p { (error) }
                    p { "CloudFormation goes on with it meanwhile. Renew the credentials, or give the rights back, then look again." }
                },
                Question::NoCredentials { step, error, can_leave: _ } => {
                    h2 { "The credentials are over" }
                    p { "In step “" (step.title()) "”: " (error) }
                    p { "Renew them where they come from: they are read again, and the run goes on by itself. Nothing is given up meanwhile." }
                },
                Question::Unhealthy { findings, can_go_back: _ } => {
                    h2 { "The platform is not healthy" }
                    p { "Maintenance ends when it is, or when somebody says so." }
                    ul { @for finding in findings { li { (finding) } } }
                },
                Question::Leaving { step, held, can_go_back: _, tried_on } => {
                    h2 { "Maintenance is being left, and something holds it" }
                    p { "In step “" (step.title()) "”:" }
                    ul { @for held in held { li { (held) } } }
                    @if *tried_on { p { "It is tried on while nobody answers." } }
                },
                Question::GateGone { updating, doors } => {
                    h2 { "The gate is gone: somebody opened it, and users may be at work" }
                    @if !doors.is_empty() { ul { @for door in doors { li { "Open: " (door) } } } }
                    p { "Nothing of theirs is touched before somebody decides." }
                    @if *updating { p { "The stack is being updated meanwhile; CloudFormation goes on with it." } }
                },
                Question::WindowPassed { closes_at } => {
                    h2 { "The announced closing time has passed" }
                    p { "The gate was announced to close " (when(*closes_at)) ". Going on closes it now: whoever reads the announcement by then has no notice." }
                },
            }
            @if !matches!(question, Question::RollbackFailed { .. }) {
                (form(send, "", &html! {
                    fieldset disabled[!may] {
                        legend.hidden { "What now?" }
                        div.buttons {
                            @for (place, answer) in question.answers().iter().enumerate() {
                                (button(answer.word(), if place == 0 { "primary" } else { "" }, label(answer)))
                            }
                        }
                    }
                }))
            }
            @if !may { p.sub { "An operator decides." } }
        }
    }
}

/// The answer on a button.
fn label(answer: &Answer) -> &'static str {
    match answer {
        Answer::ContinueRollback { .. } => "Try the rollback again",
        Answer::LookAgain => "Look again, and wait on",
        Answer::GoBack => "Go back to the previous release",
        Answer::Open => "End maintenance as it is",
        Answer::StayClosed => "End the run as it is",
        Answer::CloseAgain => "Close the gate again and go on",
        Answer::GoOn => "Go on",
        Answer::Leave => "Stop here and put back what this run took away",
    }
}

fn steps(plan: &Plan, state: Option<&State>, report: &Report, at: Timestamp) -> Markup {
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
                        @if !state.waiting_on.is_empty() && let Some(Limit { at, then }) = Limit::of(plan, state, at) {
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

/// Lines, newest first.
pub(crate) fn lines(shown: &[Line]) -> Markup {
    html! { @for line in shown.iter().rev() { (one_line(line)) } }
}

fn one_line(line: &Line) -> Markup {
    let (tone, words) = told(&line.kind);
    let time = match &line.kind {
        LineKind::Stack(event) => moment(&event.timestamp, true),
        LineKind::Step(_)
        | LineKind::Act(_)
        | LineKind::Failed(_)
        | LineKind::FailedAgain(_)
        | LineKind::Stop { .. }
        | LineKind::Decision { .. }
        | LineKind::CameBack(_)
        | LineKind::Asked
        | LineKind::Resumed
        | LineKind::StoodStill
        | LineKind::Ended(..) => clock(line.at),
    };
    html! { li class=(tone.class()) data-n=(line.number) { (time) " " (words) } }
}

fn told(kind: &LineKind) -> (Tone, Markup) {
    match kind {
        LineKind::Step(step) => (Tone::Busy, html! { strong { (step.title()) } }),
        LineKind::Act(act) => (Tone::Quiet, html! { span { (act) } }),
        LineKind::Stack(event) => {
            let tone = if event.is_root_failure() {
                Tone::Bad
            } else if event.status.ends_with("_FAILED") || event.status.contains("ROLLBACK") {
                Tone::Mind
            } else if event.status.ends_with("_COMPLETE") {
                Tone::Good
            } else {
                Tone::Quiet
            };
            let words = html! {
                span { span.status { (event.status) } " " (event.logical_id) " " small { (event.resource_type) }
                @if let Some(reason) = &event.status_reason { br; span.reason { (reason) } } }
            };
            (tone, words)
        }
        LineKind::Failed(error) => (Tone::Mind, html! { span { (error) } }),
        LineKind::FailedAgain(times) => (Tone::Mind, html! { span { "the same " (times) " times more" } }),
        LineKind::Stop { by } => (Tone::Mind, html! { span { (by) " asks to stop" } }),
        LineKind::Decision { by, what } => (Tone::Busy, html! { span { (by) " decides: " (what) } }),
        LineKind::Asked => (Tone::Bad, html! { strong { "A person must decide" } }),
        LineKind::Resumed => (Tone::Quiet, html! { span { "Another process goes on" } }),
        LineKind::StoodStill => {
            (Tone::Quiet, html! { span { "The machine that carries it out stood still, and goes on" } })
        }
        LineKind::CameBack(what) => (Tone::Mind, html! { span { (what) } }),
        LineKind::Ended(kind, outcome, seen) => {
            let ending = Ending { kind: *kind, outcome, seen: seen.as_ref() };
            let tone = match (ending.needs_somebody(), ending.reason()) {
                (true, _) => Tone::Bad,
                (false, Some(_)) => Tone::Mind,
                (false, None) => Tone::Good,
            };
            (
                tone,
                html! { strong { (ending.title()) @if let Some(reason) = ending.reason() { ": " (reason) } } },
            )
        }
    }
}

/// What was stopped, and whose it was.
pub(super) fn stopped(report: &Report) -> Markup {
    let nothing = report.stopped_jobs.is_empty()
        && report.stopped_sessions.is_empty()
        && report.stopped_computations.is_empty()
        && report.stopped_instances.is_empty()
        && report.stopped_tasks.is_empty()
        && report.stopped_machines.is_empty();
    if nothing {
        return html! {};
    }
    let somebody = |owner: &Option<String>| owner.clone().unwrap_or_else(|| "nobody known".to_owned());
    html! {
        section {
            h2 { "What was stopped, and whose it was" }
            div.scroll tabindex="0" role="region" aria-label="What was stopped" {
                table {
                    thead { tr { th { "What" } th { "Name" } th { "Whose" } th { "State then" } } }
                    tbody {
                        @for one in &report.stopped_sessions { tr { td { "session" } td { (one.name) } td { (one.owner) } td { } } }
                        @for one in &report.stopped_computations { tr { td { "computation" } td { (one.name) } td { (one.owner) } td { (one.status) } } }
                        @for one in &report.stopped_jobs { tr { td { "job" } td { (one.name) } td { (somebody(&one.owner)) } td { (one.status) } } }
                        @for (group, one) in &report.stopped_instances { tr { td { "instance" } td { (one.id) } td { (group) } td { (one.lifecycle_state) } } }
                        @for one in &report.stopped_tasks { tr { td { "task" } td { (last_part(&one.arn)) } td { (last_part(&one.service_arn)) } td { (one.status) } } }
                        @for one in &report.stopped_machines { tr { td { "machine" } td { (one.instance_id) } td { } td { } } }
                    }
                }
            }
        }
    }
}

/// Of an ARN.
fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The plan, as it was approved.
fn planned(plan: &Plan) -> Markup {
    let mut expected: Vec<_> =
        plan.update(UpdateKind::Primary).map(|update| update.expected.iter().collect()).unwrap_or_default();
    expected.sort_by_key(|change: &&upgrade::ExpectedChange| change.expected);
    html! {
        section {
            h2 { "The plan" }
            p.sub { "SHA-256 " code.wrap { (plan.sha256()) } }
            @if !plan.risks.is_empty() {
                h3 { "Risks" }
                ul { @for risk in &plan.risks { li {
                    strong { (risk.kind) } @if let Some(id) = &risk.logical_id { " · " (id) }
                    @if !risk.certain { " (perhaps)" } ": " (risk.because)
                } } }
            }
            @if !plan.accepted.is_empty() {
                h3 { "Accepted" }
                ul { @for one in &plan.accepted { li { (one.what) " by " (one.who) @if !one.why.is_empty() { ": " (one.why) } } } }
            }
            @if !expected.is_empty() {
                details {
                    summary { (counted(expected.len(), "expected change")) }
                    div.scroll tabindex="0" role="region" aria-label="Expected changes" { table {
                        thead { tr { th { "Resource" } th { "We expect" } th { "AWS says" } th { "Why" } } }
                        tbody { @for change in expected { tr {
                            td { (change.logical_id) br; small { (change.resource_type) } }
                            td { (change.expected.word()) }
                            td { (change.aws_plain.as_deref().unwrap_or("nothing")) }
                            td { (change.because.join(" ")) }
                        } } }
                    } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use upgrade::{Question, Step, Timestamp};

    use super::asked;

    #[test]
    fn a_question_says_what_holds_the_run_and_what_may_be_answered() {
        let leaving = Question::Leaving {
            step: Step::OpenGate,
            held: vec!["the rule can't be deleted".to_owned()],
            can_go_back: true,
            tried_on: true,
        };
        let check = |question: &Question, there: &[&str], not_there: &[&str]| {
            let page = asked(question, "/runs/one", true).into_string();
            for text in there {
                assert!(page.contains(text), "{text:?} is missing in {page}");
            }
            for text in not_there {
                assert!(!page.contains(text), "{text:?} is in {page}");
            }
        };
        check(
            &leaving,
            &[
                "the rule can't be deleted",
                Step::OpenGate.title(),
                "tried on",
                "look-again",
                "go-back",
                "\"open\"",
            ],
            &["users are kept out"],
        );
        check(
            &Question::GateGone { updating: false, doors: vec!["Https (HTTPS:443 of web)".to_owned()] },
            &["close-again", "stop-here", "Open: Https (HTTPS:443 of web)"],
            &["being updated", "\"open\""],
        );
        check(
            &Question::GateGone { updating: true, doors: Vec::new() },
            &["close-again", "\"open\"", "being updated"],
            &["stop-here"],
        );
        let passed = Question::WindowPassed { closes_at: Timestamp(1_795_989_600_000) };
        check(&passed, &["2026-11-29 22:00:00 UTC", "go-on", "stop-here"], &["still at work"]);
    }
}
