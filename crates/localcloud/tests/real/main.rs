//! What is real of the cloud: listeners, processes, jobs; over loopback, in real time. Needs `sh` and `python3`.

mod balancers;
mod ending;
mod instances;
mod jobs;
mod support;
