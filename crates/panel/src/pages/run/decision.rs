//! What a person may decide of a run: the answer to its question, and its stop.

use maud::{Markup, html};
use upgrade::{Answer, Plan, Question, State, StopDoes, stop_does};

use crate::pages::form::{Send, button, form};
use crate::words::when;

/// `may`: the reader may decide; `held`: somebody carries the run out.
pub(super) fn decision(plan: &Plan, state: Option<&State>, may: bool, held: bool) -> Markup {
    let Some(state) = state else { return html! {} };
    if state.outcome.is_some() {
        return html! {};
    }
    let run = format!("/runs/{}", plan.run_id);
    html! {
        @if let Some(question) = &state.question { (question_form(question, &run, may)) }
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

fn question_form(question: &Question, run: &str, may: bool) -> Markup {
    let answer = format!("{run}/answer");
    let send = Send { method: "POST", path: &answer, then: run };
    html! {
        section.question role="alert" {
            @match question {
                Question::RollbackFailed { update, root_cause, resources, refused } => {
                    h2 { "The rollback of the " (update.title()) " has failed" }
                    p { "First failure: " (root_cause) }
                    @if let Some(refused) = refused {
                        p { "CloudFormation did not continue it as it was answered: " (refused) }
                    }
                    p { "CloudFormation could not take these back. Mend the cause and try again; or pass over some of them: "
                        "CloudFormation then believes that they are as the old release wants them, whatever they really are." }
                    ul { @for stuck in resources {
                        li.wrap { strong { (stuck.logical_id) } " " small { (stuck.resource_type) } br; (stuck.reason) }
                    } }
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
            (answers(question, send, may))
            @if !may { p.sub { "An operator decides." } }
        }
    }
}

/// Every answer with what it does; a grave one is asked for once more.
fn answers(question: &Question, send: Send<'_>, may: bool) -> Markup {
    let mut all = question.answers();
    let stuck = question.stuck();
    if !stuck.is_empty() {
        // Passing over some of them is trying again.
        all.push(Answer::ContinueRollback { skip: stuck.iter().map(|one| one.logical_id.clone()).collect() });
    }
    if !may {
        return html! { ul.answers { @for answer in &all { li { strong { (label(answer)) } p.sub { (sentence(answer.meaning(question))) } } } } };
    }
    form(
        send,
        "",
        &html! { ul.answers { @for (place, answer) in all.iter().enumerate() {
            @let button = |class: &str, words: &str| html! { button class=(class) name="answer" value=(answer.word()) { (words) } };
            li {
                @if answer.is_grave() {
                    details.grave-answer {
                        summary { (label(answer)) " …" }
                        @if matches!(answer, Answer::ContinueRollback { .. }) {
                            @for stuck in stuck { label.check {
                                input type="checkbox" name="skip" data-type="list" value=(stuck.logical_id);
                                span { (stuck.logical_id) }
                            } }
                        }
                        p { strong { "Are you sure?" } " " (consequence(answer)) }
                        (button("danger", &format!("Yes: {}", label(answer).to_lowercase())))
                    }
                } @else { (button(if place == 0 { "primary" } else { "" }, label(answer))) }
                p.sub { (sentence(answer.meaning(question))) }
            }
        } } },
    )
}

/// The answer on a button.
fn label(answer: &Answer) -> &'static str {
    match answer {
        Answer::ContinueRollback { skip } if skip.is_empty() => "Try the rollback again",
        Answer::ContinueRollback { .. } => "Try again, passing over some",
        Answer::ForceRollback => "Try again, passing over whatever failed",
        Answer::LookAgain => "Look again, and wait on",
        Answer::GoBack => "Go back to the previous release",
        Answer::Open => "Disable maintenance mode as it is",
        Answer::StayClosed => "End the run as it is",
        Answer::CloseAgain => "Close the gate again and go on",
        Answer::GoOn => "Go on",
        Answer::Leave => "Stop here and put back what this run took away",
    }
}

/// What whoever gives a grave answer is to know.
fn consequence(answer: &Answer) -> &'static str {
    match answer {
        Answer::ContinueRollback { .. } | Answer::ForceRollback => {
            "Whatever is passed over stays as it is, and the next update meets it so. It can't be taken back."
        }
        Answer::GoBack => {
            "The stack is updated once more, which takes as long as an update does. What users' data has become under the new release stays."
        }
        Answer::Open => "Users meet the platform as it is now, healthy or not.",
        Answer::StayClosed => {
            "Nobody works on it any more, and maintenance mode stays on until somebody disables it."
        }
        Answer::LookAgain | Answer::CloseAgain | Answer::GoOn | Answer::Leave => "",
    }
}

/// Words of the terminal's list as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use upgrade::{Question, Step, Timestamp};

    use super::question_form;

    #[test]
    fn a_question_says_what_holds_the_run_and_what_may_be_answered() {
        let leaving = Question::Leaving {
            step: Step::OpenGate,
            held: vec!["the rule can't be deleted".to_owned()],
            can_go_back: true,
            tried_on: true,
        };
        let check = |question: &Question, there: &[&str], not_there: &[&str]| {
            let page = question_form(question, "/runs/one", true).into_string();
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

    #[test]
    fn every_answer_says_what_it_does_and_a_grave_one_is_asked_for_once_more() {
        let stuck = upgrade::StuckResource {
            logical_id: "Queue".to_owned(),
            resource_type: "AWS::Batch::JobQueue".to_owned(),
            reason: "in use".to_owned(),
        };
        let questions = [
            Question::RollbackFailed {
                update: upgrade::UpdateKind::Primary,
                root_cause: "so it was told".to_owned(),
                resources: vec![stuck],
                refused: None,
            },
            Question::Unhealthy { findings: vec!["503".to_owned()], can_go_back: true },
            Question::GateGone { updating: true, doors: Vec::new() },
            Question::WindowPassed { closes_at: Timestamp(0) },
        ];
        for question in questions {
            let page = question_form(&question, "/runs/one", true).into_string();
            let looks = question_form(&question, "/runs/one", false).into_string();
            assert!(!looks.contains("<button") && looks.contains("An operator decides"), "{looks}");
            for answer in question.answers() {
                let meaning = super::sentence(answer.meaning(&question)).replace('\'', "&#39;");
                let meaning = if page.contains(&meaning) { meaning } else { meaning.replace("&#39;", "'") };
                assert!(page.contains(&meaning) && looks.contains(&meaning), "{meaning} in {page}");
                let at = page.find(&format!("value=\"{}\"", answer.word())).expect("it has a button");
                let before = page.get(..at).expect("a place in it");
                let asked = before.rfind("<details").is_some_and(|open| {
                    before.get(open..).is_some_and(|inside| {
                        !inside.contains("</details>") && inside.contains("Are you sure?")
                    })
                });
                assert_eq!(asked, answer.is_grave(), "{answer:?} in {page}");
            }
        }
    }
}
