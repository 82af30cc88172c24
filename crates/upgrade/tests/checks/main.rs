//! Every check, spoiled one by one; and all of them on real vendors' releases.

mod calm;
mod claim;
mod drain;
mod engine;
mod gate;
mod parameters;
mod permissions;
mod real;
mod stack;
mod storage;
mod update;
mod versions;
mod work;
mod world;
