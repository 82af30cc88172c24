//! What programs are told of deployments and runs: the types of the API's answers and of the command line's JSON, which are the same
//! (`docs/json.md`). Each is made from what the inner types hold; none of those is sent.

mod change;
mod check;
mod deployment;
mod line;
mod proposal;
mod question;
mod run;

pub use change::{ExpectedChange, FateWord};
pub use check::{Check, CheckVerdict, ParameterValue};
pub use deployment::{
    Banner, BannerLevel, DeploymentStanding, Gate, Known, ListedComputation, ListedJob, ListedMachine,
    ListedSession, PartHealth, Queue, Service, UnsavedWork, Workers,
};
pub use line::{Line, LineWord, ResourceEvent};
pub use proposal::{AtWork, Constraints, ListedParameter, ParameterPlaceWord, Risk};
pub use question::{AskedQuestion, QuestionKind};
pub use run::{CarriedOutBy, FoundMaintenance, Outcome, OutcomeWord, RunStep, RunSummary, Seen, SeenDoor};
