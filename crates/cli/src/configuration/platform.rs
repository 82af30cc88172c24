//! `[deployments.NAME.platform]`: how the platform's own API is reached. Its token is named, never written.

use std::path::PathBuf;

use platform::{ADAPTERS, AdapterKind, TokenSource};

use super::problem::ProblemKind;
use super::reader::{Table, Word};

/// How the platform's own API is reached.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlatformSettings {
    /// What speaks with it.
    pub adapter: &'static AdapterKind,
    /// Its address.
    pub url: Option<String>,
    /// Where its token is; a file's path is meant from the configuration's directory.
    pub token: Option<TokenSource>,
    /// A file with the certificates of those who may vouch for it, PEM.
    pub ca_file: Option<String>,
}

pub(super) fn read(table: &Table<'_>) -> PlatformSettings {
    let adapters: Vec<(&'static str, &'static AdapterKind)> =
        ADAPTERS.iter().map(|one| (one.word, *one)).collect();
    let adapter = table.one_of("adapter", &adapters).unwrap_or_default();
    let url = table.text("url");
    if let Some(word) = &url {
        check_url(table, "url", word);
    }
    let token = secret(table, "token_env", "token_file", "the token");
    if adapter.is_reached() {
        if url.is_none() && !table.has("url") {
            table.missing("url", "the platform's address, such as url = \"https://platform.example.com\"");
        }
        if token.is_none() && !table.has("token_env") {
            table.missing("token_env", "the environment variable that holds the platform's token");
        }
        if let Some(url) = &url
            && is_in_the_clear(&url.text)
        {
            table.unfit("url", url, "over plain http the network would see the token: use https");
        }
    } else if let Some(url) = &url {
        let reached = ADAPTERS.iter().filter(|one| one.is_reached());
        let words: Vec<String> = reached.map(|one| format!("\"{}\"", one.word)).collect();
        let words = words.join(" or ");
        let conflict =
            format!("there is a url, but adapter is \"{}\": write adapter = {words}", adapter.word);
        table.problem(url.at.clone(), ProblemKind::Conflict(conflict));
    }
    PlatformSettings {
        adapter,
        url: url.map(|word| word.text),
        token,
        ca_file: table.text("ca_file").map(|word| word.text),
    }
}

/// Where a secret is: an environment variable, or a file. `what` it is, in words.
pub(super) fn secret(
    table: &Table<'_>,
    variable_key: &'static str,
    file_key: &'static str,
    what: &str,
) -> Option<TokenSource> {
    let (variable, file) = (variable(table, variable_key), table.text(file_key));
    if let (Some(_), Some(file)) = (&variable, &file) {
        let words = format!("{variable_key} and {file_key} both say where {what} is: leave one out");
        table.problem(file.at.clone(), ProblemKind::Conflict(words));
    }
    let file = file.map(|file| TokenSource::File(PathBuf::from(file.text)));
    variable.map(TokenSource::Environment).or(file)
}

/// The name of an environment variable. What stands there isn't repeated: somebody may have written the secret itself.
fn variable(table: &Table<'_>, key: &'static str) -> Option<String> {
    let word = table.text(key)?;
    let is_name = !word.text.is_empty()
        && word.text.chars().all(|one| one.is_ascii_alphanumeric() || one == '_')
        && !word.text.starts_with(|one: char| one.is_ascii_digit())
        // Names are short; tokens that happen to be made of letters aren't.
        && word.text.len() <= 64;
    if !is_name {
        table.problem(
            word.at,
            ProblemKind::Secret {
                key: key.to_owned(),
                instead: "Wanted is the name of an environment variable (letters, digits and _).",
            },
        );
        return None;
    }
    Some(word.text)
}

/// `http://` or `https://`, and nobody's password in it.
pub(super) fn check_url(table: &Table<'_>, key: &'static str, word: &Word) {
    let rest = word.text.strip_prefix("https://").or_else(|| word.text.strip_prefix("http://"));
    let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
        table.unfit(key, word, "an address that begins with https:// or http:// is wanted");
        return;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        table.problem(
            word.at.clone(),
            ProblemKind::Secret {
                key: key.to_owned(),
                instead: "Leave out what stands before the @ of the address.",
            },
        );
    }
}

/// Plain HTTP to another machine.
pub(super) fn is_in_the_clear(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.strip_prefix('[').map_or_else(
        || host.split(':').next().unwrap_or_default(),
        |address| address.split(']').next().unwrap_or_default(),
    );
    !is_here(host)
}

/// Whether a host is this machine.
pub(super) fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
