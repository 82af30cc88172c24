//! `slackwater simulate`: this program's own rules, on as many evenings as one likes.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use crate::answers;
use crate::arguments::{Format, Simulate};
use crate::error::{CliError, Exit};
use crate::rehearse_command::apart;
use crate::simulation::evening::simulate;
use crate::simulation::options::in_words;
use crate::simulation::seeds::seeds;

pub(crate) fn run(arguments: &Simulate) -> Result<ExitCode, CliError> {
    let is_well = match arguments.seed {
        Some(seed) => one(arguments, seed)?,
        None => many(arguments)?,
    };
    Ok(if is_well { Exit::Done } else { Exit::Failed }.into())
}

fn one(arguments: &Simulate, seed: u64) -> Result<bool, CliError> {
    let evening = apart(|| simulate(seed, true))?;
    match arguments.format {
        Format::Json => answers::print(&evening),
        Format::Text => {
            println!("{}", serde_json::to_string(&evening.options).unwrap_or_default());
            for line in &evening.told {
                println!("{line}");
            }
            for (kind, word) in &evening.runs {
                println!("{}: {word}", in_words(*kind));
            }
            for words in &evening.broken {
                println!("BROKEN: {words}");
            }
            println!("seed {seed}, {} virtual seconds", evening.virtual_seconds);
        }
    }
    Ok(evening.broken.is_empty())
}

fn many(arguments: &Simulate) -> Result<bool, CliError> {
    let shows = std::io::stderr().is_terminal();
    let progress = |done: usize, broken: usize| {
        if shows && done.is_multiple_of(50) {
            eprint!("\r{done} of {} evenings, {broken} broken ", arguments.seeds);
        }
        !arguments.until_broken || broken == 0
    };
    let seeds = seeds(arguments.first, arguments.seeds, &progress)?;
    if shows {
        eprintln!("");
    }
    match arguments.format {
        Format::Json => answers::print(&seeds),
        Format::Text => print!("{}", seeds.text()),
    }
    Ok(seeds.broken.is_empty())
}
