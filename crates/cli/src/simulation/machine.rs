//! A machine that may stand still: while it does, nothing of it goes on, whatever it waits for.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

/// Until when a machine stands still.
#[derive(Debug, Clone, Default)]
pub struct Stillness(Arc<Mutex<Option<Duration>>>);

impl Stillness {
    /// It stands still from now on, for so long.
    pub fn begin(&self, lasts: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(lasts);
    }

    fn take(&self) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What a machine does, unless it stands still.
pub struct Machine<F> {
    work: Pin<Box<F>>,
    stillness: Stillness,
    still: Option<Pin<Box<tokio::time::Sleep>>>,
}

/// Two centuries are for good.
const FOR_GOOD: Duration = Duration::from_secs(60 * 60 * 24 * 365);

impl<F: Future> Machine<F> {
    #[must_use]
    pub fn of(work: F, stillness: Stillness) -> Machine<F> {
        Machine { work: Box::pin(work), stillness, still: None }
    }
}

impl<F: Future> Future for Machine<F> {
    /// `None`: it stands still for good.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Some(still) = &mut self.still {
                match still.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) => self.still = None,
                }
            }
            let polled = self.work.as_mut().poll(context);
            match self.stillness.take() {
                Some(lasts) if lasts > FOR_GOOD => return Poll::Ready(None),
                Some(lasts) => {
                    #[expect(clippy::disallowed_methods, reason = "virtual time stands still as well")]
                    let until = Instant::now() + lasts;
                    self.still = Some(Box::pin(tokio::time::sleep_until(until)));
                }
                None => return polled.map(Some),
            }
            if let Poll::Ready(output) = polled {
                return Poll::Ready(Some(output));
            }
        }
    }
}

/// Every machine at once; comes back when each has seen the run's end, or stands still for good.
pub async fn everyone<F: Future>(machines: Vec<Machine<F>>) {
    let mut machines: Vec<_> = machines.into_iter().map(|machine| Some(Box::pin(machine))).collect();
    std::future::poll_fn(|context| {
        for place in &mut machines {
            if let Some(machine) = place
                && machine.as_mut().poll(context).is_ready()
            {
                *place = None;
            }
        }
        match machines.iter().all(Option::is_none) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}
