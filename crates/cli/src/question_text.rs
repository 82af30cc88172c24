//! What a run asks, as a person reads it: what happened, what it means for users right now, what can be decided.

use std::fmt::Write as _;

use upgrade::{Answer, Question, Users};

use crate::terminal;
use crate::words::moment;

/// The question with its answers, as they are typed at the prompt and as `slackwater run answer` takes them.
/// `users`: whether users are in, by a look; `None`: nobody has looked.
pub(crate) fn render(run_id: &str, question: &Question, users: Option<&Users>) -> String {
    terminal::fit(&whole(run_id, question, users))
}

fn whole(run_id: &str, question: &Question, users: Option<&Users>) -> String {
    let mut text = String::new();
    let and_users = match users {
        Some(Users::Out(_)) => ", AND USERS ARE KEPT OUT",
        Some(Users::In) => ", AND USERS ARE IN",
        Some(Users::Stopped(_)) => ", AND WORK IS STOPPED",
        Some(Users::AtWork) => ", AND WORK GOES ON",
        None => "",
    };
    match question {
        Question::RollbackFailed { update, root_cause, resources, refused } => {
            let _ = writeln!(
                text,
                "THE ROLLBACK OF THE {} HAS FAILED{and_users}. First failure: {root_cause}",
                update.title().to_uppercase()
            );
            if let Some(refused) = refused {
                let _ = writeln!(text, "CloudFormation did not continue it as you answered: {refused}");
            }
            let _ = writeln!(text, "CloudFormation could not take these back:");
            for stuck in resources {
                let _ = writeln!(text, "  {} ({}): {}", stuck.logical_id, stuck.resource_type, stuck.reason);
            }
            let _ = writeln!(
                text,
                "Mend the cause and try again, or skip resources: CloudFormation then believes that they are as the old \
                 release wants them, whatever they really are. Compare them afterwards (`slackwater check` shows drift)."
            );
        }
        Question::Unseen { update, error, minutes } => {
            let _ = writeln!(
                text,
                "THE UPDATE OF THE {} COULD NOT BE LOOKED AT FOR {minutes} MINUTES{and_users}: {error}",
                update.title().to_uppercase()
            );
            let _ = writeln!(
                text,
                "CloudFormation goes on with it meanwhile. Renew the credentials, or give the rights back, then:"
            );
        }
        Question::NoCredentials { step, error, can_leave: _ } => {
            let _ = writeln!(text, "THE CREDENTIALS ARE OVER{and_users} (in: {}): {error}", step.title());
            let _ = writeln!(
                text,
                "Renew them where they come from: they are read again, and the run goes on by itself. Nothing is given up \
                 meanwhile. Those of this process's environment can't be renewed: leave it, and resume it with others."
            );
        }
        Question::Unhealthy { findings, can_go_back: _ } => {
            let _ = writeln!(text, "THE PLATFORM IS NOT HEALTHY{and_users}:");
            for finding in findings {
                let _ = writeln!(text, "  {finding}");
            }
        }
        Question::Leaving { step, held, can_go_back: _, tried_on } => {
            let _ = writeln!(text, "MAINTENANCE IS BEING LEFT{and_users} (in: {}):", step.title());
            for held in held {
                let _ = writeln!(text, "  {held}");
            }
            if *tried_on {
                let _ = writeln!(text, "It is tried on while nobody answers.");
            }
        }
        Question::GateGone { updating, doors } => {
            let _ = writeln!(
                text,
                "THE GATE IS GONE: SOMEBODY OPENED IT, AND USERS MAY BE AT WORK. Nothing of theirs is touched before you decide."
            );
            for door in doors {
                let _ = writeln!(text, "  open: {door}");
            }
            if *updating {
                let _ =
                    writeln!(text, "The stack is being updated meanwhile; CloudFormation goes on with it.");
            }
        }
        Question::WindowPassed { closes_at } => {
            let _ = writeln!(
                text,
                "THE GATE WAS ANNOUNCED TO CLOSE AT {}, WHICH HAS PASSED{and_users}.",
                moment(*closes_at)
            );
        }
    }
    if users.is_none() {
        let _ = writeln!(text, "Whether users are kept out, or work is stopped: `slackwater status` looks.");
    }
    let answers = question.answers();
    for answer in &answers {
        let _ = writeln!(text, "  {:<16} {}", answer.word(), answer.meaning(question));
    }
    if let Question::RollbackFailed { resources, .. } = question {
        let first = resources.first().map_or("LOGICAL_ID", |stuck| stuck.logical_id.as_str());
        let skip = format!("skip {first}");
        let _ = writeln!(text, "  {skip:<16} try again, passing over what is named (several: skip A B)");
    }
    let _ =
        writeln!(text, "  leave            leave it as it is; `slackwater run resume {run_id}` asks again");
    let _ = write!(
        text,
        "From elsewhere: `slackwater run answer {run_id} --{}`, then `slackwater run resume {run_id}` where nobody carries it out.",
        answers.first().map_or("look-again", Answer::word)
    );
    text
}

/// What somebody typed.
pub(crate) fn parse(text: &str) -> Option<Answer> {
    let mut words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let word = words.next()?;
    let skip: Vec<String> = words.map(str::to_owned).collect();
    // Only what is skipped has names after it.
    let fits = skip.is_empty() || word == "skip";
    Answer::from_word(word, skip).filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use upgrade::{Question, StuckResource, UpdateKind};

    use super::{Answer, parse, render};

    #[test]
    fn a_long_name_doesn_t_run_into_what_follows() {
        for name in ["A", "WebTarget", "WebTargetGroup", "WebTargetGroupOfTheServices"] {
            let stuck = StuckResource {
                logical_id: name.to_owned(),
                resource_type: "AWS::ElasticLoadBalancingV2::TargetGroup".to_owned(),
                reason: "in use".to_owned(),
            };
            let question = Question::RollbackFailed {
                update: UpdateKind::Primary,
                root_cause: "so it was told".to_owned(),
                resources: vec![stuck],
                refused: None,
            };
            let text = render("r", &question, None);
            let line = text.lines().find(|line| line.starts_with("  skip ")).expect("it can be skipped");
            let words: Vec<&str> = line.split_whitespace().take(4).collect();
            assert_eq!(words, ["skip", name, "try", "again,"], "{line}");
        }
    }

    #[test]
    fn what_is_typed_is_one_answer_or_none() {
        for (text, answer) in [
            ("retry", Some(Answer::ContinueRollback { skip: Vec::new() })),
            ("skip A, B", Some(Answer::ContinueRollback { skip: vec!["A".to_owned(), "B".to_owned()] })),
            ("skip", None),
            ("skip-all", Some(Answer::ForceRollback)),
            ("go-back", Some(Answer::GoBack)),
            ("open sesame", None),
            ("", None),
            ("yes", None),
        ] {
            assert_eq!(parse(text), answer, "{text}");
        }
    }
}
