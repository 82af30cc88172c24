//! What is going to happen, in the order of its time. Equal times keep the order of their scheduling.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::services::for_each_service;
use crate::{World, cloudformation, services};

macro_rules! timers {
    ($($module:ident: $Service:ident $([$Timer:ident])?,)*) => {
        /// Something that happens at a time.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Timer {
            /// A resource operation is done, a stack operation moves on.
            CloudFormation(cloudformation::Timer),
            $($(
                /// Something in this service changes its state.
                $Service(services::$module::$Timer),
            )?)*
        }

        impl Timer {
            /// Whose it is; `None`: the engine's, whose times are those of its resources.
            #[must_use]
            pub fn service(&self) -> Option<services::Service> {
                match self {
                    Timer::CloudFormation(_) => None,
                    $($(Timer::$Service(timer) => {
                        let _: &services::$module::$Timer = timer;
                        Some(services::Service::$Service)
                    })?)*
                }
            }

            /// Let it happen.
            pub fn happen(self, world: &mut World) {
                match self {
                    Timer::CloudFormation(timer) => cloudformation::happen(world, timer),
                    $($(Timer::$Service(timer) => {
                        let timer: services::$module::$Timer = timer;
                        services::$module::happen(world, timer);
                    })?)*
                }
            }
        }
    };
}
for_each_service!(timers);

/// The queue of timers.
#[derive(Debug, Clone, Default)]
pub struct Timers {
    queue: BTreeMap<(Timestamp, u64), Timer>,
    scheduled: u64,
}

impl Timers {
    /// Let `timer` happen at `at`.
    pub fn schedule(&mut self, at: Timestamp, timer: Timer) {
        self.queue.insert((at, self.scheduled), timer);
        self.scheduled += 1;
    }

    /// Take the first timer due at or before `until`, with its time.
    pub fn pop_due(&mut self, until: Timestamp) -> Option<(Timestamp, Timer)> {
        let entry = self.queue.first_entry()?;
        let (at, _) = *entry.key();
        (at <= until).then(|| (at, entry.remove()))
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.queue.keys().next().map(|(at, _)| *at)
    }
}
