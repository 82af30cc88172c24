//! The Admin Panel: what a person who upgrades sees and does in a browser, and the REST API behind it.
//!
//! Pages are HTML from the server, readable without script; a little script of our own makes them live. Everything is
//! served from this binary. What a run has done is told by `upgrade::RunningReport` from the journal, as on the command line.
//!
//! It knows no AWS, no platform and no command line: what it needs of a deployment is its own trait [`Backend`], and what
//! it needs of the place that remembers runs is [`Runs`].

pub mod access;
pub mod answers;
mod api;
mod backend;
mod console;
mod listen;
mod live;
mod looks;
mod moment;
mod pages;
mod panel;
pub mod proposals;
mod proxies;
mod router;
mod runs;
mod usual;
mod waiting;
mod web;
mod words;

pub use backend::{
    Answering, Backend, BackendError, DeploymentSummary, Leaving, LeavingWish, Look, MaintenanceWish,
};
pub use listen::{ListenError, Listening, Tls, listen};
pub use live::{Live, LiveError, RunPicture};
pub use moment::Moment;
pub use panel::{Origins, Panel, PanelError, PanelSettings};
pub use proxies::{Network, NoNetwork, Proxies};
pub use router::{page_addresses, router};
pub use runs::{FileRuns, Runs, RunsAnswer};
