//! What fails again and again in the same way is told once, with a count when it changes: 237 lines that say the same hide the one
//! that doesn't.

use crate::journal::{Event, Record, What};

/// Follows a run's records, and knows which of them say nothing new.
#[derive(Debug, Clone, Default)]
pub struct Repeated {
    /// The act that was begun last, in words.
    act: Option<String>,
    failing: Option<Failing>,
}

#[derive(Debug, Clone)]
struct Failing {
    /// The act that failed; `None`: a look.
    act: Option<String>,
    error: String,
    /// How often it has failed since it was told.
    times: usize,
}

/// What a record is to those who tell a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// It is to be told as any other.
    New,
    /// What it would say was said right before.
    Again,
    /// What failed goes well now: so often it had failed again, untold.
    Over(usize),
}

impl Repeated {
    /// What a record tells by itself. What else follows from it (a step, a question, an end) is told in any case, after
    /// [`Repeated::over`].
    pub fn record(&mut self, record: &Record) -> Novelty {
        match record {
            Record::Intended { act, .. } => {
                let act = act.to_string();
                let is_again =
                    self.failing.as_ref().is_some_and(|failing| failing.act.as_ref() == Some(&act));
                self.act = Some(act);
                if is_again { Novelty::Again } else { Novelty::New }
            }
            Record::Happened(Event { what: What::ActFailed(error), .. }) => {
                let act = self.act.take();
                self.failed(act, error.to_string())
            }
            Record::Happened(Event {
                what: What::ObserveFailed(error) | What::WatchFailed(error), ..
            }) => self.failed(None, error.to_string()),
            Record::Happened(Event { what: What::Acted, .. }) => {
                self.act = None;
                self.over().map_or(Novelty::New, Novelty::Over)
            }
            Record::Happened(_) => Novelty::New,
        }
    }

    fn failed(&mut self, act: Option<String>, error: String) -> Novelty {
        if let Some(failing) = &mut self.failing
            && failing.act == act
            && failing.error == error
        {
            failing.times += 1;
            return Novelty::Again;
        }
        let over = self.over();
        self.failing = Some(Failing { act, error, times: 0 });
        over.map_or(Novelty::New, Novelty::Over)
    }

    /// Something else is told: how often what failed has failed again, untold; `None`: not once.
    pub fn over(&mut self) -> Option<usize> {
        self.failing.take().map(|failing| failing.times).filter(|times| *times > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Novelty, Repeated};
    use crate::Timestamp;
    use crate::act::FleetAct;
    use crate::journal::{Event, PortError, PortErrorKind, Record, What};

    fn begins(what: &str) -> Record {
        let act = FleetAct::OpenGate { rule_arns: vec![what.to_owned()] }.into();
        Record::Intended { at: Timestamp(0), act }
    }

    fn happened(what: What) -> Record {
        Record::Happened(Event { at: Timestamp(0), what })
    }

    fn error(message: &str) -> PortError {
        let (kind, operation) = (PortErrorKind::Transient, "elasticloadbalancing:DeleteRule".to_owned());
        PortError { kind, operation, message: message.to_owned() }
    }

    #[test]
    fn what_fails_again_in_the_same_way_is_told_once_and_counted() {
        let fails = |message: &str| happened(What::ActFailed(error(message)));
        let unseen = |message: &str| happened(What::ObserveFailed(error(message)));
        let acted = || happened(What::Acted);
        let (new, again) = (Novelty::New, Novelty::Again);
        let mut repeated = Repeated::default();
        assert_eq!(repeated.record(&begins("a")), new);
        assert_eq!(repeated.record(&fails("throttled")), new);
        for _ in 0..236 {
            assert_eq!(repeated.record(&begins("a")), again);
            assert_eq!(repeated.record(&fails("throttled")), again);
        }
        for (record, novelty) in [
            (begins("a"), again),
            (fails("another error"), Novelty::Over(236)),
            (begins("a"), again),
            (acted(), new),
            (begins("a"), new),
            (acted(), new),
            (unseen("throttled"), new),
            (happened(What::Waited), new),
            (unseen("throttled"), again),
            (unseen("another error"), Novelty::Over(1)),
            (begins("b"), new),
            (fails("another error"), new),
        ] {
            assert_eq!(repeated.record(&record), novelty, "{record:?}");
        }
        assert_eq!(repeated.over(), None, "it has failed once");
    }
}
