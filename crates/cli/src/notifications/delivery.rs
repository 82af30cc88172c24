//! Delivering messages beside a run: each way has its own queue, so that one that is slow delays no other, and none the run.
//! What isn't taken is tried again, ever more seldom; when the run's conducting has ended, only for a moment more.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use conductor::Clock;
use futures_util::future::join_all;
use platform::NotTaken;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Sleep;
use upgrade::Timestamp;

use super::message::Message;

/// How long a message is tried while the run goes on.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The pauses between attempts: each twice as long as the one before, from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long everything that is left may take when nothing more comes.
const LAST: Duration = Duration::from_secs(10);

/// How often a message is tried then.
const LAST_ATTEMPTS: u32 = 3;

/// After so many failures it is said that a way isn't reached yet.
const FAILURES_TO_SAY: u32 = 3;

/// Who is told; shown as it stands in a remark before "was not told".
pub(crate) trait Recipient: fmt::Display {
    /// Whether a message is for it.
    fn takes(&self, message: &Message) -> bool;

    /// Tell it once; gives the code with which it was taken, where there is one.
    async fn tell(&self, message: &Message, now: Timestamp) -> Result<Option<u16>, NotTaken>;
}

/// Deliver what comes, to everybody, until nothing more comes and everything was taken or given up. `say` is told what a person
/// should know.
pub(super) async fn deliver(
    recipients: &[impl Recipient],
    mut messages: UnboundedReceiver<Rc<Message>>,
    clock: &Clock,
    say: &dyn Fn(String),
) {
    let (senders, lanes): (Vec<_>, Vec<_>) = recipients.iter().map(|one| lane(one, clock, say)).unzip();
    let hand_out = async move {
        while let Some(message) = messages.recv().await {
            for (recipient, sender) in recipients.iter().zip(&senders) {
                if recipient.takes(&message) {
                    // A lane ends after its sender.
                    let _ended = sender.send(Rc::clone(&message));
                }
            }
        }
    };
    tokio::join!(hand_out, join_all(lanes));
}

fn lane<'a>(
    recipient: &'a impl Recipient,
    clock: &'a Clock,
    say: &'a dyn Fn(String),
) -> (UnboundedSender<Rc<Message>>, impl Future<Output = ()> + 'a) {
    let (sender, messages) = unbounded_channel();
    let lane = Lane { recipient, clock, say, messages, waiting: VecDeque::new(), end: None, is_said: false };
    (sender, lane.run())
}

/// One recipient, and what it is still to be told.
struct Lane<'a, R> {
    recipient: &'a R,
    clock: &'a Clock,
    say: &'a dyn Fn(String),
    messages: UnboundedReceiver<Rc<Message>>,
    waiting: VecDeque<Rc<Message>>,
    /// Nothing more comes: by then this ends.
    end: Option<Pin<Box<Sleep>>>,
    /// It was said that it isn't reached.
    is_said: bool,
}

/// What became of a wait.
enum Beside<T> {
    Done(T),
    /// Something came meanwhile, or nothing more comes.
    News,
    /// The time is up.
    Over,
}

impl<R: Recipient> Lane<'_, R> {
    async fn run(mut self) {
        loop {
            let Some(message) = self.waiting.front().cloned() else {
                match (&self.end, self.messages.recv().await) {
                    (None, Some(message)) => self.waiting.push_back(message),
                    (Some(_), _) | (None, None) => return,
                }
                continue;
            };
            match self.tell(&message).await {
                Ok(()) => {}
                Err(why) => {
                    (self.say)(format!("{} was not told of {}: {why}", self.recipient, message.phrase))
                }
            }
            self.waiting.pop_front();
        }
    }

    /// Tell one message, in as many attempts as it takes.
    async fn tell(&mut self, message: &Message) -> Result<(), String> {
        let since = self.clock.now();
        let (mut failures, mut last_failures) = (0, 0);
        let mut pause = FIRST_PAUSE;
        loop {
            let failed = match self.attempt(message).await {
                Beside::Done(Ok(_code)) => {
                    if std::mem::take(&mut self.is_said) {
                        (self.say)(format!("{} is told again", self.recipient));
                    }
                    return Ok(());
                }
                Beside::Done(Err(failed)) => failed,
                Beside::News | Beside::Over => return Err(over()),
            };
            failures += 1;
            last_failures += u32::from(self.end.is_some());
            let is_late = passed(since, self.clock.now()) >= PATIENCE;
            if !failed.is_passing || is_late || last_failures >= LAST_ATTEMPTS {
                return Err(failed.words);
            }
            if failures == FAILURES_TO_SAY
                && self.end.is_none()
                && !std::mem::replace(&mut self.is_said, true)
            {
                let minutes = PATIENCE.as_secs() / 60;
                (self.say)(format!(
                    "{} does not take {} yet, which is tried for {minutes} min: {}",
                    self.recipient, message.phrase, failed.words
                ));
            }
            if last_failures == 1 {
                pause = FIRST_PAUSE;
            }
            let wanted = failed.retry_after.map_or(pause, |wanted| wanted.clamp(pause, LONGEST_PAUSE));
            if matches!(self.pause(wanted).await, Beside::Over) {
                return Err(failed.words);
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn attempt(&mut self, message: &Message) -> Beside<Result<Option<u16>, NotTaken>> {
        let (recipient, clock) = (self.recipient, self.clock);
        let mut telling = Box::pin(async move { recipient.tell(message, clock.now()).await });
        loop {
            match self.beside(telling.as_mut()).await {
                Beside::News => {}
                ended @ (Beside::Done(_) | Beside::Over) => return ended,
            }
        }
    }

    /// Wait before the next attempt. What comes meanwhile is a reason to wait no longer than the first pause.
    async fn pause(&mut self, wanted: Duration) -> Beside<()> {
        let clock = self.clock;
        let mut first = Box::pin(async move { clock.sleep(wanted.min(FIRST_PAUSE)).await });
        loop {
            match self.beside(first.as_mut()).await {
                Beside::Done(()) => break,
                Beside::News => {}
                Beside::Over => return Beside::Over,
            }
        }
        let mut rest = Box::pin(async move { clock.sleep(wanted.saturating_sub(FIRST_PAUSE)).await });
        self.beside(rest.as_mut()).await
    }

    /// Do something while messages are taken in.
    async fn beside<T>(&mut self, work: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Beside<T> {
        match &mut self.end {
            Some(end) => tokio::select! {
                biased;
                done = work => Beside::Done(done),
                () = end.as_mut() => Beside::Over,
            },
            None => tokio::select! {
                biased;
                done = work => Beside::Done(done),
                more = self.messages.recv() => {
                    match more {
                        Some(message) => self.waiting.push_back(message),
                        None => self.end = Some(Box::pin(tokio::time::sleep(LAST))),
                    }
                    Beside::News
                }
            },
        }
    }
}

fn over() -> String {
    format!("it did not take it within {} s of the run's end", LAST.as_secs())
}

fn passed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(now.milliseconds_since(since))
}
