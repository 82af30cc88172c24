//! Every check, spoiled one by one; and all of them on real vendors' releases.

mod parameters;
mod real;
mod themes;
mod world;
