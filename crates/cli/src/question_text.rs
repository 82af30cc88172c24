//! What a run asks, as a person reads it: what happened, what it means for users right now, what can be decided.

use std::fmt::Write as _;

use upgrade::{Answer, Question};

/// The question with its answers, as they are typed at the prompt and as `slackwater run answer` takes them.
pub(crate) fn render(run_id: &str, question: &Question) -> String {
    let mut text = String::new();
    let users = if question.keeps_users_out() { "USERS ARE KEPT OUT" } else { "USERS ARE STILL AT WORK" };
    match question {
        Question::RollbackFailed { update, root_cause, resources, refused } => {
            let _ = writeln!(
                text,
                "THE ROLLBACK OF THE {} HAS FAILED, AND {users}. First failure: {root_cause}",
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
                "Mend the cause and try again, or skip resources: CloudFormation then believes that they are as the old\n\
                 release wants them, whatever they really are. Compare them afterwards (`slackwater check` shows drift)."
            );
            let first = resources.first().map_or("LOGICAL_ID", |stuck| stuck.logical_id.as_str());
            let _ = writeln!(text, "  retry            try the rollback again");
            let _ =
                writeln!(text, "  skip {first:<12}try again, passing over what is named (several: skip A B)");
        }
        Question::Unseen { update, error, minutes } => {
            let _ = writeln!(
                text,
                "THE UPDATE OF THE {} COULD NOT BE LOOKED AT FOR {minutes} MINUTES, AND {users}: {error}",
                update.title().to_uppercase()
            );
            let _ = writeln!(
                text,
                "CloudFormation goes on with it meanwhile. Renew the credentials, or give the rights back, then:"
            );
            let _ = writeln!(text, "  look-again       look again, for half an hour");
        }
        Question::Unhealthy { findings, can_go_back } => {
            let _ = writeln!(text, "THE PLATFORM IS NOT HEALTHY, AND {users}:");
            for finding in findings {
                let _ = writeln!(text, "  {finding}");
            }
            let _ = writeln!(text, "  look-again       look again, with a fresh deadline");
            if *can_go_back {
                let _ = writeln!(
                    text,
                    "  go-back          update the stack back to the previous release, as the plan has it"
                );
            }
            let _ = writeln!(text, "  open             let users in as it is");
        }
    }
    let _ = writeln!(text, "  stay-closed      end the run as it is; whoever is kept out stays out");
    let _ =
        writeln!(text, "  leave            leave it as it is; `slackwater run resume {run_id}` asks again");
    let _ = write!(
        text,
        "From elsewhere: `slackwater run answer {run_id} --{}`, then `slackwater run resume {run_id}` where nobody carries it out.",
        match question {
            Question::RollbackFailed { .. } => "skip LOGICAL_ID",
            Question::Unhealthy { .. } | Question::Unseen { .. } => "look-again",
        }
    );
    text
}

/// What somebody typed.
pub(crate) fn parse(text: &str) -> Option<Answer> {
    let mut words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let answer = match words.next()? {
        "retry" => Answer::ContinueRollback { skip: Vec::new() },
        "skip" => {
            let skip: Vec<String> = words.by_ref().map(str::to_owned).collect();
            if skip.is_empty() {
                return None;
            }
            Answer::ContinueRollback { skip }
        }
        "look-again" => Answer::LookAgain,
        "go-back" => Answer::GoBack,
        "open" => Answer::Open,
        "stay-closed" => Answer::StayClosed,
        _ => return None,
    };
    words.next().is_none().then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::{Answer, parse};

    #[test]
    fn what_is_typed_is_one_answer_or_none() {
        for (text, answer) in [
            ("retry", Some(Answer::ContinueRollback { skip: Vec::new() })),
            ("skip A, B", Some(Answer::ContinueRollback { skip: vec!["A".to_owned(), "B".to_owned()] })),
            ("skip", None),
            ("go-back", Some(Answer::GoBack)),
            ("open sesame", None),
            ("", None),
            ("yes", None),
        ] {
            assert_eq!(parse(text), answer, "{text}");
        }
    }
}
