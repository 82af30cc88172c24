//! The platform of the full upgrade: five sessions with unsaved work, of which one's first save fails, and three computations.

use std::sync::Arc;

use bytes::Bytes;
use cli::rehearsal::simulated_platform::{SimulatedComputation, SimulatedPlatform, SimulatedSession};
use conductor::Clock;
use http::Request;
use localcloud::LocalCloud;
use platform::Adapter;

pub use cli::rehearsal::simulated_platform::{Fault, Mishap, SimulatedPlatform as StubPlatform};

/// What stands in the `Authorization` header; recognizable wherever it leaks.
pub const TOKEN: &str = "tok-Xy7-PLATFORM-SECRET-hunter2";

/// The platform of a stack.
pub fn platform_of(local: &LocalCloud, stack: &str, clock: Clock) -> StubPlatform {
    let owners = ["ada@example.com", "grace@example.com", "rosalind@example.com"];
    let owner = |number: usize| owners.iter().cycle().nth(number).copied().unwrap_or_default().to_owned();
    let session = |number: usize| SimulatedSession {
        id: format!("session-{number}"),
        owner: owner(number),
        unsaved: 1 + u32::try_from(number).unwrap_or(0),
        saves_that_fail: u32::from(number == 3),
        saving_milliseconds: 20_000,
    };
    let computation = |number: usize| SimulatedComputation {
        id: format!("run-{number}"),
        owner: owner(number),
        ends_at: None,
    };
    let (sessions, computations) = ((0..5).map(session).collect(), (0..3).map(computation).collect());
    SimulatedPlatform::new(local, stack, clock, TOKEN, sessions, computations)
}

/// The program's own client of it.
pub fn adapter(platform: &StubPlatform) -> Adapter {
    platform.adapter(&platform::HTTP).expect("a sound configuration")
}

/// A client of it over somebody's lines.
pub fn adapter_over(platform: &StubPlatform, lines: &crate::simulation::Lines) -> Adapter {
    let (platform_behind, lines) = (platform.clone(), lines.clone());
    let handler = move |request: Request<Bytes>| -> platform::InProcessAnswer {
        let (platform, lines) = (platform_behind.clone(), lines.clone());
        Box::pin(async move {
            let last = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
            let name = format!("platform:/{last}");
            let answered =
                lines.carry(request, name, move |request, _| platform.answer_at_once(&request).0).await;
            match answered {
                Ok(response) => response,
                // Whoever waits gives up by their own patience.
                Err(_) => std::future::pending().await,
            }
        })
    };
    platform.adapter_over(&platform::HTTP, Arc::new(handler)).expect("a sound configuration")
}
