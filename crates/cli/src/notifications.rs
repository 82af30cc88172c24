//! Telling those who asked to be told of a run: its beginning, its questions, users who are out for longer than expected, an
//! interruption, its end. How each way takes it is in a module of its name; `delivery` sees to it that none holds a run up,
//! and that what isn't taken is tried again. A notice that fails is a remark. What is told comes from the plan, the outcome
//! and what was seen, none of which holds a secret; addresses that let anybody post are shown nowhere.

mod delivery;
mod email;
mod message;
mod noticing;
mod pagerduty;
mod program;
mod slack;
mod teams;
mod ways;
mod webhook;

use std::rc::Rc;

use conductor::Clock;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use upgrade::{Plan, Question, Record, RunningReport, State, Timestamp, Users};

use crate::history::History;
use crate::rehearsal::kept::Kept;
use crate::site::Site;

pub(crate) use message::Notice;
pub(crate) use ways::Ways;

use delivery::{Recipient, deliver};
use message::{About, Message, message, test_message};
use noticing::{Noticing, out_since};
use ways::Way;

/// How long users are out, as far as somebody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expectation {
    milliseconds: u64,
    /// What that is, in words.
    by: &'static str,
}

impl Expectation {
    /// What the rehearsal of this upgrade knows.
    fn of_rehearsal(site: &Site, plan: &Plan) -> Option<Expectation> {
        let kept = Kept::read(site.data.as_ref()?, &plan.deployment)?;
        let milliseconds = kept.most_downtime(plan.to_version.as_deref())?;
        Some(Expectation { milliseconds, by: "what 95 of 100 rehearsals stayed below" })
    }

    /// What earlier upgrades tell.
    pub(crate) fn of_history(history: &History) -> Option<Expectation> {
        let milliseconds = history.longest_kept_out()?;
        Some(Expectation { milliseconds, by: "the longest that an upgrade of it has taken" })
    }
}

/// What is told to whoever delivers.
enum Order {
    Tell(Rc<Message>),
    /// Earlier upgrades are known now. What a rehearsal says counts more.
    Expect(Expectation),
    Out(Timestamp),
    Back,
}

/// Has notices sent of a run, record by record. When it is dropped, nothing more comes.
pub(crate) struct Telling {
    about: About,
    clock: Clock,
    noticing: Noticing,
    orders: UnboundedSender<Order>,
}

impl Telling {
    /// A record was written.
    pub(crate) fn recorded(&mut self, plan: &Plan, record: &Record, state: &State) {
        let noticed = self.noticing.recorded(plan, record, state);
        if noticed.out {
            self.order(Order::Out(record.at()));
        }
        if noticed.back {
            self.order(Order::Back);
        }
        for notice in &noticed.notices {
            self.order(Order::Tell(Rc::new(message(&self.about, notice, record.at()))));
        }
    }

    /// A person is asked.
    pub(crate) fn asked(&mut self, question: &Question, users: Option<&Users>) {
        if let Some(notice) = self.noticing.asked(question, users) {
            self.order(Order::Tell(Rc::new(message(&self.about, &notice, self.clock.now()))));
        }
    }

    /// For whoever finds out how long earlier upgrades took, while the run goes on.
    pub(crate) fn expecting(&self) -> Expecting {
        Expecting(self.orders.clone())
    }

    fn order(&self, order: Order) {
        // Whoever delivers lives as long as the conducting does.
        let _gone = self.orders.send(order);
    }
}

/// Takes what is expected, when that is known.
pub(crate) struct Expecting(UnboundedSender<Order>);

impl Expecting {
    pub(crate) fn expect(&self, expectation: Expectation) {
        let _gone = self.0.send(Order::Expect(expectation));
    }
}

/// The other half of a [`Telling`]: to be run beside the conducting, and until it ends by itself.
pub(crate) struct Delivery<R = Way> {
    recipients: Vec<R>,
    about: About,
    clock: Clock,
    orders: UnboundedReceiver<Order>,
    expected: Option<Expectation>,
    /// Users are out since then, and nobody was told that it takes long.
    out: Option<Timestamp>,
}

/// Both halves, for a plan's run. `records`: what happened until now; a run that begins has none. `expected`: by earlier
/// upgrades; what the rehearsal of this one says counts more.
pub(crate) fn telling(
    site: &Site,
    plan: &Plan,
    records: &[Record],
    expected: Option<Expectation>,
) -> (Telling, Delivery) {
    let about = About::of(plan, site.panel_url.as_deref());
    let (orders, taken) = unbounded_channel();
    let expected = Expectation::of_rehearsal(site, plan).or(expected);
    let (mut noticing, mut out) = (Noticing::default(), None);
    let mut running = RunningReport::default();
    // Records that don't fit their plan stop the conducting itself.
    let _fits = records.iter().try_for_each(|record| running.tell(plan, record));
    if let Some(state) = running.state() {
        let since = out_since(plan, running.report());
        noticing = Noticing::resumed(since.is_some(), state);
        // What was late before was told by whoever conducted then.
        out = since.filter(|since| {
            let before = records.last().map_or(*since, Record::at);
            expected.is_none_or(|expected| before.milliseconds_since(*since) < expected.milliseconds)
        });
    }
    let telling = Telling { about: about.clone(), clock: site.clock, noticing, orders };
    (telling, Delivery { recipients: ways(site).all, about, clock: site.clock, orders: taken, expected, out })
}

fn ways(site: &Site) -> Ways {
    let cloud = Ok(site.ports.clouds.primary.clone());
    Ways::new(&site.settings.notifications, cloud, &site.directory, site.panel_url.as_deref())
}

impl<R: Recipient> Delivery<R> {
    /// Deliver until the [`Telling`] is gone and everybody was told or given up; that takes a moment, and no longer. `say` is told
    /// what a person should know.
    pub(crate) async fn run(self, say: impl Fn(String)) {
        let Delivery { recipients, about, clock, mut orders, mut expected, mut out } = self;
        let (messages, taken) = unbounded_channel();
        let hand_on = async move {
            loop {
                let late = async {
                    match (out, expected) {
                        (Some(since), Some(expected)) => {
                            let passed = clock.now().milliseconds_since(since);
                            let left = expected.milliseconds.saturating_sub(passed);
                            clock.sleep(std::time::Duration::from_millis(left)).await;
                            (since, expected)
                        }
                        (None, _) | (_, None) => std::future::pending().await,
                    }
                };
                let message = tokio::select! {
                    biased;
                    order = orders.recv() => match order {
                        Some(Order::Tell(message)) => message,
                        Some(Order::Expect(found)) => {
                            expected = expected.or(Some(found));
                            continue;
                        }
                        Some(Order::Out(since)) => {
                            out = Some(since);
                            continue;
                        }
                        Some(Order::Back) => {
                            out = None;
                            continue;
                        }
                        None => return,
                    },
                    (since, Expectation { milliseconds, by }) = late => {
                        out = None;
                        let notice = Notice::Overdue { since, expected_milliseconds: milliseconds, by };
                        Rc::new(message(&about, &notice, clock.now()))
                    }
                };
                // Whoever delivers them ends later.
                let _gone = messages.send(message);
            }
        };
        tokio::join!(hand_on, deliver(&recipients, taken, &clock, &say));
    }
}

/// Tell everybody of one thing, now, by a process that is about to end; gives a remark for each who could not be told.
pub(crate) async fn tell_now(site: &Site, plan: &Plan, notice: &Notice) -> Vec<String> {
    let about = About::of(plan, site.panel_url.as_deref());
    let (messages, taken) = unbounded_channel();
    let _taken = messages.send(Rc::new(message(&about, notice, site.clock.now())));
    drop(messages);
    let remarks = std::cell::RefCell::new(Vec::new());
    deliver(&ways(site).all, taken, &site.clock, &|remark| remarks.borrow_mut().push(remark)).await;
    remarks.into_inner()
}

/// What came of telling one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tried {
    /// `slack`, `email`, …
    pub kind: &'static str,
    /// Which, without what is secret.
    pub name: String,
    /// The code with which it was taken, where the way has one; or why it wasn't.
    pub taken: Result<Option<u16>, String>,
}

/// Each way by its kind and name, without what is secret.
pub(crate) fn listed(ways: &Ways) -> Vec<(&'static str, String)> {
    ways.all.iter().map(|way| (way.kind(), way.to_string())).collect()
}

/// Send a test over every way, once each, all at the same time.
pub(crate) async fn test(
    ways: &Ways,
    (deployment, stack): (&str, &str),
    panel_url: Option<&str>,
    clock: &Clock,
) -> Vec<Tried> {
    let message = test_message(deployment, stack, panel_url, clock.now());
    let tried = ways.all.iter().map(async |way| Tried {
        kind: way.kind(),
        name: way.to_string(),
        taken: way.tell(&message, clock.now()).await.map_err(|why| why.words),
    });
    futures_util::future::join_all(tried).await
}

#[cfg(test)]
mod tests;
