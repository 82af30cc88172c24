//! Where the file of settings is looked for.

use std::path::{Path, PathBuf};

/// What the process's environment says of places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// `XDG_CONFIG_HOME`.
    pub config_home: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
}

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn of_process() -> Environment {
        let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Environment { config_home: path("XDG_CONFIG_HOME"), home: path("HOME") }
    }
}

/// The file: the given one, `./slackwater.toml`, or `slackwater/slackwater.toml` in the user's configuration
/// (XDG Base Directory Specification: `$XDG_CONFIG_HOME`, else `~/.config`; a relative one is ignored).
///
/// # Errors
/// Where it was looked for.
pub fn find_file(
    given: Option<&Path>,
    environment: &Environment,
    is_file: impl Fn(&Path) -> bool,
) -> Result<PathBuf, Vec<PathBuf>> {
    // A given file is meant: that it can't be read is said when it is read.
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let config_home = environment
        .config_home
        .clone()
        .filter(|path| path.is_absolute())
        .or_else(|| environment.home.as_ref().map(|home| home.join(".config")));
    let mut looked_for = vec![PathBuf::from("slackwater.toml")];
    looked_for.extend(config_home.map(|home| home.join("slackwater/slackwater.toml")));
    match looked_for.iter().find(|path| is_file(path)) {
        Some(path) => Ok(path.clone()),
        None => Err(looked_for),
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, find_file};
    use std::path::{Path, PathBuf};

    #[test]
    fn the_nearest_file_is_taken() {
        let environment = |config_home: Option<&str>| Environment {
            config_home: config_home.map(PathBuf::from),
            home: Some(PathBuf::from("/home/me")),
        };
        let users = "/home/me/.config/slackwater/slackwater.toml";
        for (given, config_home, there, expected) in [
            (Some("x.toml"), None, vec![users], Ok("x.toml")),
            (None, None, vec!["slackwater.toml", users], Ok("slackwater.toml")),
            (None, None, vec![users], Ok(users)),
            (None, Some("/etc/me"), vec![users], Err(2)),
            (
                None,
                Some("/etc/me"),
                vec!["/etc/me/slackwater/slackwater.toml"],
                Ok("/etc/me/slackwater/slackwater.toml"),
            ),
            (None, Some("relative"), vec![users], Ok(users)),
            (None, None, vec![], Err(2)),
        ] {
            let found = find_file(given.map(Path::new), &environment(config_home), |path| {
                there.contains(&path.to_str().unwrap_or_default())
            });
            let expected = expected.map(PathBuf::from);
            assert_eq!(found.map_err(|looked_for| looked_for.len()), expected);
        }
    }
}
