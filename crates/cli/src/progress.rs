//! A run as it happens: a line for everything that is written down, and on a terminal a live line below.
//!
//! What a line says is pure (`live`); who may write where is in `screen`.

mod live;
mod screen;

use conductor::Watcher;
use upgrade::{
    Limit, Novelty, Observation, Plan, Record, Repeated, StackEvent, State, Step, Then, Timestamp, What,
};

use crate::history::History;
use crate::words::{clock_time, duration, time_of_day};

use live::Live;
use screen::Screen;

/// Prints a run as it is written down.
#[derive(Debug)]
pub(crate) struct Lines {
    step: Option<(Step, Timestamp)>,
    waiting_on: usize,
    limit: Option<Limit>,
    came_back: usize,
    repeated: Repeated,
    live: Live,
    /// No live line at this moment: somebody types.
    is_held: bool,
    screen: Screen,
}

impl Lines {
    /// Lines for a run from its beginning. Live where there is a terminal, unless it is not wanted.
    pub(crate) fn new(history: History, live_wanted: bool) -> Lines {
        Lines {
            step: None,
            waiting_on: 0,
            limit: None,
            came_back: 0,
            repeated: Repeated::default(),
            live: Live::new(history),
            is_held: false,
            screen: Screen::standard_output(live_wanted),
        }
    }

    /// Lines for a run that another process began.
    pub(crate) fn resuming(state: &State, history: History, live_wanted: bool) -> Lines {
        Lines {
            step: Some((state.step, state.step_started_at)),
            came_back: state.came_back.len(),
            ..Lines::new(history, live_wanted)
        }
    }

    /// Draw the live line as it is now.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        if self.is_held {
            return;
        }
        let live = &self.live;
        self.screen.draw(|width| live.line(now, width));
    }

    /// Print something beside the run.
    pub(crate) fn say(&mut self, text: &str) {
        self.screen.print(text);
    }

    /// Take the live line away until the next tick: somebody else is about to print.
    pub(crate) fn make_room(&mut self) {
        self.screen.clear();
    }

    /// Take the live line away until further notice, or have it again.
    pub(crate) fn hold_live(&mut self, is_held: bool) {
        self.is_held = is_held;
        self.screen.clear();
    }

    fn step(&mut self, state: &State, at: Timestamp) {
        let ended = state.outcome.is_some();
        match self.step {
            Some((step, _)) if step == state.step && !ended => return,
            Some((_, since)) => {
                self.screen.print(&format!("            {}", duration(at.milliseconds_since(since))));
            }
            None => {}
        }
        if !ended {
            self.screen.print(&format!("{}  {}", time_of_day(at), state.step.title()));
            self.step = Some((state.step, at));
            self.waiting_on = 0;
            self.limit = None;
        }
    }

    /// At what time the step ends by itself, once each.
    fn limit(&mut self, plan: &Plan, state: &State, at: Timestamp) {
        let limit = Limit::next(plan, state, at).filter(|limit| limit.then != Then::Failed);
        if state.waiting_on.is_empty() || limit == self.limit {
            return;
        }
        if let Some(Limit { at, then }) = limit {
            self.screen.print(&format!("            until {}; then {then}", clock_time(at)));
        }
        self.limit = limit;
    }

    fn events(&mut self, events: &[StackEvent]) {
        for event in events {
            if !event.status.ends_with("_IN_PROGRESS")
                || event.resource_type == "AWS::CloudFormation::Stack"
                || event.hook.is_some()
            {
                let clock = event.timestamp.get(11..19).unwrap_or(&event.timestamp);
                let reason = event.reason().map(|reason| format!("  {reason}")).unwrap_or_default();
                self.screen.print(&format!("  {clock}  {:<36} {}{reason}", event.status, event.logical_id));
            }
        }
    }

    /// What came back behind the closed gate, once each.
    fn came_back(&mut self, state: &State) {
        for line in state.came_back.iter().skip(self.came_back) {
            self.screen.print(&format!("            {line}"));
        }
        self.came_back = state.came_back.len();
    }

    /// What failed has failed so often again, untold.
    fn failed_again(&mut self, times: Option<usize>) {
        if let Some(times) = times {
            self.screen.print(&format!("            the same {times} times more"));
        }
    }

    /// Whether something else than a failure is told.
    fn tells(&self, state: &State, what: &What) -> bool {
        let goes_on = self.step.is_some_and(|(step, _)| step == state.step) && state.outcome.is_none();
        !goes_on
            || state.came_back.len() > self.came_back
            || !matches!(what, What::Observed(_) | What::Waited | What::Watched(_))
    }

    fn following(&self) -> bool {
        matches!(self.step, Some((Step::FollowUpdate(_), _)))
    }

    fn happened(&mut self, state: &State, event: &upgrade::Event) {
        match &event.what {
            What::Resumed { .. } => {
                let text = format!("{}  Resumed in: {}", time_of_day(event.at), state.step.title());
                self.screen.print(&text);
            }
            What::StoodStill => {
                let text = format!(
                    "{}  This machine stood still, and nobody took the run over; it goes on in: {}",
                    time_of_day(event.at),
                    state.step.title()
                );
                self.screen.print(&text);
            }
            What::Observed(Observation::StackEvents { events, .. }) if self.following() => {
                self.events(events)
            }
            What::ObserveFailed(error) | What::ActFailed(error) | What::WatchFailed(error) => {
                self.screen.print(&format!("            {error}"));
            }
            What::Watched(_) => {}
            What::GivenUp { by, .. } => self.screen.print(&format!("            {by} has it end as it is")),
            What::StopRequested { by, .. } => self.screen.print(&format!("            {by} asks to stop")),
            What::Answered { answer, by, .. } => {
                self.screen.print(&format!("            {by} decides: {}", answer.in_words()));
            }
            What::PassedOver { .. }
            | What::Unanswered
            | What::Started { .. }
            | What::Observed(_)
            | What::Acted
            | What::Waited => {}
        }
    }
}

impl Watcher for Lines {
    fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) {
        self.live.recorded(plan, record, state);
        let belongs_to_step =
            self.step.is_some_and(|(step, _)| step == state.step) && state.outcome.is_none();
        match self.repeated.record(record) {
            // The live line tells that it goes on.
            Novelty::Again if belongs_to_step => return self.tick(record.at()),
            Novelty::New | Novelty::Again => {}
            Novelty::Over(times) => self.failed_again(Some(times)),
        }
        match record {
            Record::Intended { act, .. } => {
                let times = self.repeated.over();
                self.failed_again(times);
                self.screen.print(&format!("            {act}"));
            }
            Record::Happened(event) => {
                if !is_failure(&event.what) && self.tells(state, &event.what) {
                    let times = self.repeated.over();
                    self.failed_again(times);
                }
                self.happened(state, event);
                self.came_back(state);
                if let Some((Step::CreateChangeSet(kind), _)) = self.step
                    && state.step != Step::CreateChangeSet(kind)
                    && state.failure.is_none()
                    && let Some(update) = plan.update(kind)
                {
                    self.screen.print(&format!(
                        "            AWS's change set does what was approved: {} changes",
                        update.predicted.len()
                    ));
                }
                self.step(state, event.at);
                // The live line says it better.
                if !self.screen.is_live()
                    && !is_failure(&event.what)
                    && !matches!(state.step, Step::FollowUpdate(_))
                    && state.waiting_on.len() != self.waiting_on
                {
                    self.waiting_on = state.waiting_on.len();
                    if let Some(first) = state.waiting_on.first() {
                        self.screen.print(&format!(
                            "            {} left: {first}{}",
                            self.waiting_on,
                            if self.waiting_on > 1 { ", …" } else { "" }
                        ));
                    }
                }
            }
        }
        self.limit(plan, state, record.at());
        self.tick(record.at());
    }
}

fn is_failure(what: &What) -> bool {
    matches!(what, What::ObserveFailed(_) | What::ActFailed(_) | What::WatchFailed(_))
}
