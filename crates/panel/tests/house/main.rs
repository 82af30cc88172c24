//! The panel's router, asked in process.

mod access;
mod release;
mod served;
mod upgrade;
