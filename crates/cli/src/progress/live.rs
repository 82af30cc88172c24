//! What the live line says: how far the step is, what holds it and for how long, when it ends as a rule. Pure: the time
//! and the width are arguments.

use std::collections::{BTreeMap, BTreeSet};

use upgrade::{Fate, Limit, Observation, Plan, Record, State, Step, Then, Timestamp, UpdateKind, What};

use crate::history::History;
use crate::words::{clock_time, duration};

/// Before the text, as wide as the time of day before a step's title.
const INDENT: &str = "          ";

/// Characters of a bar.
const BAR: usize = 10;

/// Where the step under way stands.
#[derive(Debug, Default)]
pub(super) struct Live {
    history: History,
    step: Option<Step>,
    /// Which of how many.
    place: Option<(usize, usize)>,
    began: Timestamp,
    /// When anything was seen to change last.
    changed: Timestamp,
    /// The most that was ever left in this step.
    most: usize,
    /// What holds the step, and since when.
    holding: Vec<(String, Timestamp)>,
    /// At what time the step ends by itself, and what follows then.
    limit: Option<Limit>,
    update: Option<Resources>,
    ended: bool,
}

/// How far a stack update is.
#[derive(Debug, Default)]
struct Resources {
    expected: BTreeSet<String>,
    done: BTreeSet<String>,
    under_way: BTreeMap<String, Timestamp>,
    rolling_back: bool,
}

impl Live {
    pub(super) fn new(history: History) -> Live {
        Live { history, ..Live::default() }
    }

    /// Take up what was written down.
    pub(super) fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) {
        let at = record.at();
        self.ended = state.outcome.is_some() || state.question.is_some();
        if self.step != Some(state.step) {
            self.enter(plan, state);
        }
        if let Record::Happened(event) = record
            && let What::Observed(Observation::StackEvents { events, .. }) = &event.what
            && let Some(update) = &mut self.update
        {
            for event in events.iter().filter(|event| event.resource_type != "AWS::CloudFormation::Stack") {
                self.changed = at;
                update.note(&event.logical_id, &event.status, at);
            }
        }
        if let (Step::FollowUpdate(kind), Some(update)) = (state.step, &mut self.update) {
            update.rolling_back = state.updates.get(&kind).is_some_and(|update| update.rolling_back);
        }
        self.limit = Limit::next(plan, state, at);
        let was: BTreeMap<String, Timestamp> =
            self.holding.drain(..).map(|(name, since)| (key(&name).to_owned(), since)).collect();
        let held_before = was.len();
        self.holding = state
            .waiting_on
            .iter()
            .map(|name| (name.clone(), was.get(key(name)).copied().unwrap_or(at)))
            .collect();
        let same = held_before == self.holding.len()
            && self.holding.iter().all(|(name, _)| was.contains_key(key(name)));
        if !same {
            self.changed = at;
        }
        self.most = self.most.max(self.holding.len());
    }

    fn enter(&mut self, plan: &Plan, state: &State) {
        let step = state.step;
        let place = plan.steps.iter().position(|planned| planned.step == step);
        *self = Live {
            history: std::mem::take(&mut self.history),
            step: Some(step),
            place: place.map(|index| (index + 1, plan.steps.len())),
            began: state.step_started_at,
            changed: state.step_started_at,
            update: match step {
                Step::FollowUpdate(kind) => Some(Resources::of(plan, kind)),
                _ => None,
            },
            ended: self.ended,
            ..Live::default()
        };
    }

    /// The line, at most `width` columns wide; `None` while there is nothing to say.
    pub(super) fn line(&self, now: Timestamp, width: usize) -> Option<String> {
        // What is over within a second needs no line that flickers.
        if self.ended || now.milliseconds_since(self.began) < 1000 {
            return None;
        }
        let step = self.step?;
        let mut parts = Vec::new();
        if let Some((number, of)) = self.place {
            parts.push(format!("{number}/{of}"));
        }
        parts.extend(self.how_far());
        parts.push(duration(now.milliseconds_since(self.began) / 1000 * 1000).replace(".0 s", " s"));
        parts.extend(self.outlook(step, now));
        parts.extend(self.ends_by(step));
        let mut text = format!("{INDENT}{}", parts.join(" · "));
        let held = self.held_by(now);
        if !held.is_empty() {
            text.push_str(" · ");
            text.push_str(&held.join(", "));
        }
        Some(cut(&text, width))
    }

    fn how_far(&self) -> Option<String> {
        if let Some(update) = &self.update {
            let expected = update.expected.len();
            let done = update.done.len();
            return Some(match update.rolling_back {
                true => "rolling back".to_owned(),
                false => format!("{} {done} of {expected} resources", bar(done, expected)),
            });
        }
        match (self.holding.len(), self.most) {
            (0, _) | (_, 0 | 1) => None,
            (left, most) => Some(format!("{} {left} of {most} left", bar(most - left, most))),
        }
    }

    /// When time ends it: that of a step which only fails then is told while nothing better is known.
    fn ends_by(&self, step: Step) -> Option<String> {
        let Limit { at, then } = self.limit?;
        if then == Then::Failed && self.history.usual(step).is_some() {
            return None;
        }
        Some(format!("until {}", clock_time(at)))
    }

    /// When it ends as a rule; slow told apart from stuck where earlier runs tell.
    fn outlook(&self, step: Step, now: Timestamp) -> Option<String> {
        let elapsed = now.milliseconds_since(self.began);
        // The wait for an announced time is as long as it was said to be.
        if step == Step::AwaitWindow {
            return None;
        }
        let (Some(usual), Some(longest)) = (self.history.usual(step), self.history.longest(step)) else {
            return None;
        };
        let still = now.milliseconds_since(self.changed);
        Some(if elapsed <= usual {
            format!("about {} left", coarse(usual - elapsed))
        } else if elapsed <= longest.max(1000) {
            format!("longer than usual ({})", coarse(usual))
        } else if still > longest.max(1000) {
            format!(
                "nothing has changed for {}, and it never took more than {} before: it may not end by itself",
                coarse(still),
                coarse(longest)
            )
        } else {
            format!("slower than ever before ({}), but it moves", coarse(longest))
        })
    }

    fn held_by(&self, now: Timestamp) -> Vec<String> {
        let held: Vec<(&str, Timestamp)> = match &self.update {
            Some(update) => update.under_way.iter().map(|(id, since)| (id.as_str(), *since)).collect(),
            None => self.holding.iter().map(|(name, since)| (name.as_str(), *since)).collect(),
        };
        let more = held.len().saturating_sub(3);
        let mut shown: Vec<String> = held
            .into_iter()
            .take(3)
            .map(|(name, since)| format!("{name} for {}", coarse(now.milliseconds_since(since))))
            .collect();
        if more > 0 {
            shown.push(format!("and {more} more"));
        }
        shown
    }
}

impl Resources {
    fn of(plan: &Plan, kind: UpdateKind) -> Resources {
        let expected = plan.update(kind).into_iter().flat_map(|update| &update.expected);
        let expected = expected.filter(|change| change.expected != Fate::Unchanged);
        Resources {
            expected: expected.map(|change| change.logical_id.clone()).collect(),
            ..Resources::default()
        }
    }

    fn note(&mut self, logical_id: &str, status: &str, at: Timestamp) {
        if status.ends_with("_IN_PROGRESS") {
            self.under_way.entry(logical_id.to_owned()).or_insert(at);
            return;
        }
        self.under_way.remove(logical_id);
        if status.ends_with("_COMPLETE") && self.expected.contains(logical_id) {
            self.done.insert(logical_id.to_owned());
        }
    }
}

/// What stays the same of a name while its state changes: `job a (RUNNING) in Queue` is `job a`.
fn key(name: &str) -> &str {
    name.split(" (").next().unwrap_or(name)
}

fn bar(done: usize, of: usize) -> String {
    let filled = (done.min(of) * BAR).checked_div(of).unwrap_or(0);
    format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled))
}

/// Without tenths, which jump.
fn coarse(milliseconds: u64) -> String {
    duration(milliseconds / 1000 * 1000).replace(".0 s", " s")
}

/// At most `width` columns. Characters from Hangul on are taken as two columns wide (East Asian ones are; of the others
/// a column is lost, no more).
fn cut(text: &str, width: usize) -> String {
    let columns =
        |one: char| if one >= '\u{1100}' && !('\u{2000}'..'\u{2e80}').contains(&one) { 2 } else { 1 };
    if text.chars().map(columns).sum::<usize>() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 1;
    for one in text.chars() {
        used += columns(one);
        if used > width {
            break;
        }
        short.push(one);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests;
