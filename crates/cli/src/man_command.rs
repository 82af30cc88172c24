//! `slackwater man`: manual pages, from the commands themselves. What `--help` says is what they say.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::arguments::{Arguments, ManPages};
use crate::error::{CliError, Exit};
use crate::files::FileError;

pub(crate) fn run(man: &ManPages) -> Result<ExitCode, CliError> {
    let program = built();
    match &man.directory {
        None => print!("{}", page(&program).map_err(CliError::cannot_start)?),
        Some(directory) => {
            std::fs::create_dir_all(directory).map_err(FileError::unwritable(directory))?;
            let count = write(&program, directory)?;
            println!("{count} pages are in {}", directory.display());
        }
    }
    Ok(Exit::Done.into())
}

/// The commands, as `--help` has them of each. The command that only prints another one's help has no page.
fn built() -> Command {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    program
}

/// Write a command's page and those of the commands below it; gives how many.
fn write(command: &Command, directory: &Path) -> Result<usize, CliError> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = directory.join(format!("{name}.1"));
    let text = page(command).map_err(FileError::unwritable(&path))?;
    std::fs::write(&path, text).map_err(FileError::unwritable(&path))?;
    let mut count = 1;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        count += write(below, directory)?;
    }
    Ok(count)
}

/// A command's page. Every command ends with one of the same codes, which the program's help lists.
fn page(command: &Command) -> io::Result<String> {
    let program = concat!("slackwater ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone().after_help(None::<&str>)).source(program);
    let mut text = Vec::new();
    man.render(&mut text)?;
    let mut exits = Roff::new();
    exits.control("SH", ["EXIT STATUS"]);
    for exit in Exit::ALL {
        exits.control("TP", []).text([bold(exit.code().to_string())]).text([roman(exit.sentence())]);
    }
    exits.to_writer(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
