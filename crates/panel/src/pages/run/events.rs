//! What happened in a run, line by line.

use maud::{Markup, html};
use upgrade::{Ending, Line, LineKind, StackEvent};

use crate::console::Console;
use crate::words::{Tone, clock, moment};

/// A log group's page in AWS's console.
fn log_group(event: &StackEvent, console: Option<&Console>) -> Option<String> {
    let name = event
        .physical_id
        .as_deref()
        .filter(|id| !id.is_empty() && event.resource_type == "AWS::Logs::LogGroup")?;
    Some(console?.log_group(name))
}

/// What was called before the failure that is the root cause, in AWS's console.
fn calls_before(event: &StackEvent, console: Option<&Console>) -> Option<String> {
    console.filter(|_| event.is_root_failure())?.calls_before(event)
}

/// Lines on a page. Older ones are a page away, so that ten thousand cost no more than these.
pub(super) const LINES_A_PAGE: usize = 200;

/// Which lines are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    All,
    Failed,
    Resources,
    Aws,
    Ours,
}

impl Show {
    const ALL: [Show; 5] = [Show::All, Show::Failed, Show::Resources, Show::Aws, Show::Ours];

    /// As an address has it, and as each line it wants is marked.
    fn word(self) -> &'static str {
        match self {
            Show::All => "",
            Show::Failed => "failed",
            Show::Resources => "resource",
            Show::Aws => "aws",
            Show::Ours => "ours",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Show::All => "everything",
            Show::Failed => "what failed",
            Show::Resources => "resources",
            Show::Aws => "what AWS tells",
            Show::Ours => "what Slackwater does",
        }
    }
}

/// What is looked for among the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    show: Show,
    /// In lower case; empty: any.
    words: String,
}

impl Filter {
    pub(super) fn new(show: Option<&str>, words: Option<&str>) -> Filter {
        let show = Show::ALL.into_iter().find(|one| Some(one.word()) == show).unwrap_or(Show::All);
        Filter { show, words: words.unwrap_or_default().trim().to_lowercase() }
    }

    pub(super) fn is_of_all(&self) -> bool {
        self.show == Show::All && self.words.is_empty()
    }

    pub(super) fn wants(&self, line: &Line) -> bool {
        (self.show == Show::All || kinds(&line.kind).contains(&self.show))
            && (self.words.is_empty() || text(&line.kind).to_lowercase().contains(&self.words))
    }

    /// As the query of an address.
    pub(super) fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("show", self.show.word()).append_pair("find", &self.words);
        query.finish()
    }

    /// The fields that choose it. Without script they send the page's own address.
    pub(super) fn fields(&self, run_id: &str) -> Markup {
        html! {
            form.filter method="get" action={ "/runs/" (run_id) } data-filter="events" {
                label { "Show" select name="show" {
                    @for one in Show::ALL { option value=(one.word()) selected[one == self.show] { (one.title()) } }
                } }
                label { "Find" input type="search" name="find" value=(self.words) autocomplete="off" maxlength="200"; }
                button { "Search all of them" }
            }
        }
    }
}

/// What a line is, for those who look for such.
fn kinds(kind: &LineKind) -> Vec<Show> {
    let failed = matches!(line_words(kind, None).0, Tone::Bad | Tone::Mind);
    let mut kinds: Vec<Show> = failed.then_some(Show::Failed).into_iter().collect();
    match kind {
        LineKind::Stack(event) if event.resource_type == "AWS::CloudFormation::Stack" => {
            kinds.push(Show::Aws)
        }
        LineKind::Stack(_) => kinds.extend([Show::Aws, Show::Resources]),
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
        | LineKind::Ended(..) => kinds.push(Show::Ours),
    }
    kinds
}

/// What is searched of a line.
fn text(kind: &LineKind) -> String {
    match kind {
        LineKind::Stack(event) => [
            event.status.as_str(),
            &event.logical_id,
            &event.resource_type,
            event.physical_id.as_deref().unwrap_or_default(),
            event.reason().as_deref().unwrap_or_default(),
        ]
        .join(" "),
        LineKind::Step(step) => step.title().to_owned(),
        LineKind::Act(words) | LineKind::Failed(words) | LineKind::CameBack(words) => words.clone(),
        LineKind::Stop { by } => by.clone(),
        LineKind::Decision { by, what } => format!("{by} {what}"),
        LineKind::FailedAgain(_) | LineKind::Asked | LineKind::Resumed | LineKind::StoodStill => {
            String::new()
        }
        LineKind::Ended(kind, outcome, seen) => {
            let ending = Ending { kind: *kind, outcome, seen: seen.as_ref() };
            ending.title().to_owned()
        }
    }
}

/// The first failure that was no other's consequence, among these lines.
pub(super) fn root_failure(all: &[Line]) -> Option<&Line> {
    all.iter().find(|line| matches!(&line.kind, LineKind::Stack(event) if event.is_root_failure()))
}

/// Lines, newest first. `console`: where AWS shows what they tell of, where it does.
pub(super) fn lines<'a>(
    shown: impl DoubleEndedIterator<Item = &'a Line>,
    console: Option<&Console>,
) -> Markup {
    html! { @for line in shown.rev() { (one_line(line, console)) } }
}

fn one_line(line: &Line, console: Option<&Console>) -> Markup {
    let (tone, words) = line_words(&line.kind, console);
    let kinds: Vec<&str> = kinds(&line.kind).into_iter().map(Show::word).collect();
    // AWS's own time where it is AWS's event.
    let time =
        if let LineKind::Stack(event) = &line.kind { moment(&event.timestamp, true) } else { clock(line.at) };
    html! { li class=(tone.class()) id={ "line-" (line.number) } data-n=(line.number) data-kinds=(kinds.join(" ")) { (time) " " (words) } }
}

fn line_words(kind: &LineKind, console: Option<&Console>) -> (Tone, Markup) {
    match kind {
        LineKind::Step(step) => (Tone::Busy, html! { strong { (step.title()) } }),
        LineKind::Act(act) => (Tone::Quiet, html! { span { (act) } }),
        LineKind::Stack(event) => {
            let tone = if event.is_root_failure() {
                Tone::Bad
            } else if event.hook.is_some()
                || event.status.ends_with("_FAILED")
                || event.status.contains("ROLLBACK")
            {
                Tone::Mind
            } else if event.status.ends_with("_COMPLETE") {
                Tone::Good
            } else {
                Tone::Quiet
            };
            let words = html! {
                span { span.status { (event.status) } " " (event.logical_id) " " small { (event.resource_type) }
                @if let Some(calls) = calls_before(event, console) { " " a href=(calls) rel="noreferrer" { "its calls in CloudTrail" } }
                @if let Some(log) = log_group(event, console) { " " a href=(log) rel="noreferrer" { "its log" } }
                @if let Some(reason) = event.reason() { br; span.reason { (reason) } } }
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
            // Why it ended so stands above them all.
            (tone, html! { strong { (ending.title()) } })
        }
    }
}
