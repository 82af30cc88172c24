//! Whoever sits at a machine, and what they see.

use std::cell::RefCell;
use std::rc::Rc;

use conductor::{Reply, Watcher};
use upgrade::{Answer, Plan, Question, Record, State, Users};

use super::chance::Chance;
use super::judge::Onlooker;
use super::net::Net;
use super::world::World;

/// Whoever sits at a machine: answers whatever comes to mind, or goes away for a while.
pub(super) struct Person<'a> {
    /// The number of the machine.
    pub machine: usize,
    pub chance: Chance,
    pub recorded: Rc<RefCell<Vec<Record>>>,
    pub answers: Rc<RefCell<Vec<(Question, Answer)>>>,
    pub net: Net,
    /// Whoever looks at everything when something was recorded.
    pub onlooker: Option<(&'a World, &'a RefCell<Onlooker>)>,
}

impl Watcher for Person<'_> {
    fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) {
        self.recorded.borrow_mut().push(record.clone());
        self.net.log().step = Some(state.step);
        // Whoever stood still after a record learns of it when others have gone on: what stands then isn't this record's.
        let is_last = self.net.log().last_writer == Some(self.machine);
        if let Some((world, onlooker)) = self.onlooker.filter(|_| is_last) {
            // A gate that somebody else opened is asked about.
            let is_out =
                state.opened_at.is_some() || matches!(state.question, Some(Question::GateGone { .. }));
            let mut onlooker = onlooker.borrow_mut();
            onlooker.last_at = Some(self.net.clock.now());
            if is_out {
                onlooker.users_are_in(world, record, state.step);
            } else {
                onlooker.look(world, plan.kind, record, state.step);
            }
        }
    }

    fn asked(&mut self, _plan: &Plan, question: &Question, _users: Option<&Users>) -> Reply {
        let mut answers = question.answers();
        let stuck = question.stuck();
        if !stuck.is_empty() {
            let skip = stuck.iter().map(|one| one.logical_id.clone()).collect();
            answers.push(Answer::ContinueRollback { skip });
        }
        if self.chance.once_in(6) {
            return Reply::Leave;
        }
        if answers.contains(&Answer::GoBack) && self.net.log().aims_at_way_back() && self.chance.once_in(2) {
            answers = vec![Answer::GoBack];
        }
        match self.chance.one_of(&answers) {
            Some(answer) if question.takes(answer) => {
                self.answers.borrow_mut().push((question.clone(), answer.clone()));
                Reply::Answer { answer: answer.clone(), by: "ada".to_owned() }
            }
            _ => Reply::Leave,
        }
    }
}
