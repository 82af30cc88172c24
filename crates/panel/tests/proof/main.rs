//! What the panel must withstand, on real sockets where sockets matter.

mod house;
mod lists;
mod runs;
mod streams;
