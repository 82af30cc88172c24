//! Asking the person before the terminal while the run goes on: whoever reads what they type is a thread of its own, so that
//! meanwhile the run is answered and stopped from elsewhere, keeps its lease, and can be interrupted.

use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use conductor::Reply;
use upgrade::{Question, Users};

use crate::question_text;
use crate::wish::who;

const PROMPT: &str = "Your decision: ";

/// The conversation with whoever sits there.
#[derive(Debug, Default)]
pub(super) struct Asking {
    /// What they type, line by line; ends with the input. `None`: nothing was asked yet.
    typed: Option<Receiver<String>>,
    /// The question that stands before them.
    shown: Option<Question>,
}

impl Asking {
    /// Show a question once, and take what has been typed since.
    /// `known`: what a rehearsal knows of it.
    pub(super) fn ask(
        &mut self,
        run_id: &str,
        question: &Question,
        users: Option<&Users>,
        known: Option<&str>,
    ) -> Reply {
        let typed = self.typed.get_or_insert_with(read_lines);
        if self.shown.as_ref() != Some(question) {
            self.shown = Some(question.clone());
            // Typed before the question was there, it is no answer to it.
            while typed.try_recv().is_ok() {}
            println!("\n{}", question_text::render(run_id, question, users));
            if let Some(known) = known {
                println!("{known}");
            }
            prompt();
        }
        loop {
            let line = match typed.try_recv() {
                Ok(line) => line,
                Err(TryRecvError::Empty) => return Reply::Wait,
                Err(TryRecvError::Disconnected) => return Reply::Leave,
            };
            match understand(&line, question) {
                Some(reply) => return reply,
                None => {
                    println!("That is not one of the answers.");
                    prompt();
                }
            }
        }
    }

    /// Whether a question stands there; once it is decided, wherever that was, none does.
    pub(super) fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// The question was decided.
    pub(super) fn decided(&mut self) {
        self.shown = None;
    }
}

fn prompt() {
    print!("{PROMPT}");
    crate::output::flush();
}

fn understand(line: &str, question: &Question) -> Option<Reply> {
    if line.trim() == "leave" {
        return Some(Reply::Leave);
    }
    let answer = question_text::parse(line.trim()).filter(|answer| question.takes(answer))?;
    Some(Reply::Answer { answer, by: who() })
}

/// Read standard input on a thread of its own. It is left to itself: it can only wait.
fn read_lines() -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        loop {
            let mut line = String::new();
            match io::stdin().lock().read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use conductor::Reply;
    use upgrade::{Answer, Question};

    use super::Asking;

    fn question(finding: &str) -> Question {
        Question::Unhealthy { findings: vec![finding.to_owned()], can_go_back: false }
    }

    #[test]
    fn an_answer_is_waited_for_and_taken_for_the_question_it_was_typed_at() {
        let (person, typed) = channel();
        let mut asking = Asking { typed: Some(typed), shown: None };
        person.send("open".to_owned()).expect("typed too early");
        assert_eq!(
            asking.ask("r", &question("503"), None, None),
            Reply::Wait,
            "what came before is no answer"
        );
        assert!(asking.is_shown());
        person.send("go-back\n".to_owned()).expect("not an answer to this one");
        assert_eq!(asking.ask("r", &question("503"), None, None), Reply::Wait);
        person.send("open\n".to_owned()).expect("typed");
        let Reply::Answer { answer, .. } = asking.ask("r", &question("503"), None, None) else {
            panic!("no answer")
        };
        assert_eq!(answer, Answer::Open);
        asking.decided();
        person.send("open\n".to_owned()).expect("typed before the next one");
        assert_eq!(asking.ask("r", &question("504"), None, None), Reply::Wait);
        person.send("leave\n".to_owned()).expect("typed");
        assert_eq!(asking.ask("r", &question("504"), None, None), Reply::Leave);
        drop(person);
        assert_eq!(asking.ask("r", &question("504"), None, None), Reply::Leave, "nobody is there any more");
    }
}
