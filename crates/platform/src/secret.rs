//! Secrets, a platform's token first of all: where they are read from, and that they are shown nowhere.

use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// No secret is longer. A larger file is some other file.
const LONGEST_SECRET_BYTES: u64 = 64 * 1024;

/// What [`read_token`] reads, for its errors.
const TOKEN: &str = "the platform's token";

/// A secret. It has no `Debug` and no `Display`, so that a type that holds one can't show it by accident, and its
/// memory is overwritten when it is dropped (copies inside the HTTP client's buffers are not).
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keep `text`.
    #[must_use]
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// The text itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Where a secret is read from. Never a command line: other processes see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// An environment variable, by name.
    Environment(String),
    /// A file that holds the secret and nothing else; white space around it is dropped.
    File(PathBuf),
}

impl TokenSource {
    /// A file's path is meant from this directory.
    #[must_use]
    pub fn from_directory(&self, directory: &Path) -> TokenSource {
        match self {
            TokenSource::Environment(name) => TokenSource::Environment(name.clone()),
            TokenSource::File(path) => TokenSource::File(directory.join(path)),
        }
    }
}

/// Why there is no secret. None of these says what was read; `what` is what should have been there, such as "the
/// platform's token".
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The environment variable is not set.
    #[error("the environment variable {name} is not set; it should hold {what}")]
    NotSet {
        /// The variable.
        name: String,
        what: &'static str,
    },
    /// The environment variable or file holds something else.
    #[error("{place} holds no text that could be {what}")]
    NotText { place: String, what: &'static str },
    /// The environment variable or file is empty.
    #[error("{place} is empty; it should hold {what}")]
    Empty { place: String, what: &'static str },
    /// The file is too large to be a secret.
    #[error("{} is too large to hold {what}", path.display())]
    TooLarge { path: PathBuf, what: &'static str },
    /// The file can't be read.
    #[error("{}, which should hold {what}, can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        what: &'static str,
        source: std::io::Error,
    },
}

/// Read the platform's token: one word.
///
/// # Errors
/// As [`TokenError`] says.
pub fn read_token(source: &TokenSource) -> Result<Secret, TokenError> {
    // What a header can carry as it is: a token with a line break inside is two lines of some other file.
    read(source, TOKEN, |one| one.is_ascii_graphic())
}

/// Read another secret, one line of text. `what` it is, for the error.
///
/// # Errors
/// As [`TokenError`] says.
pub fn read_secret(source: &TokenSource, what: &'static str) -> Result<Secret, TokenError> {
    // A password may have spaces and letters of every script.
    read(source, what, |one| !one.is_control())
}

fn read(
    source: &TokenSource,
    what: &'static str,
    may_hold: impl Fn(char) -> bool,
) -> Result<Secret, TokenError> {
    let (text, place) = match source {
        TokenSource::Environment(name) => {
            let value =
                std::env::var_os(name).ok_or_else(|| TokenError::NotSet { name: name.clone(), what })?;
            let place = format!("the environment variable {name}");
            match value.into_string() {
                Ok(text) => (Zeroizing::new(text), place),
                Err(_) => return Err(TokenError::NotText { place, what }),
            }
        }
        TokenSource::File(path) => {
            let unreadable = |source| TokenError::Unreadable { path: path.clone(), what, source };
            let file = std::fs::File::open(path).map_err(unreadable)?;
            let mut bytes = Zeroizing::new(Vec::new());
            file.take(LONGEST_SECRET_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
            if bytes.len() as u64 > LONGEST_SECRET_BYTES {
                return Err(TokenError::TooLarge { path: path.clone(), what });
            }
            let place = path.display().to_string();
            match std::str::from_utf8(&bytes) {
                Ok(text) => (Zeroizing::new(text.to_owned()), place),
                Err(_) => return Err(TokenError::NotText { place, what }),
            }
        }
    };
    let secret = text.trim();
    if secret.is_empty() {
        return Err(TokenError::Empty { place, what });
    }
    if !secret.chars().all(may_hold) {
        return Err(TokenError::NotText { place, what });
    }
    Ok(Secret::new(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_file_is_read_or_the_error_says_why_without_its_content() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("token");
        let cases: [(&[u8], Result<&str, &str>); 6] = [
            (b"cop_1234\n", Ok("cop_1234")),
            (b"  cop_1234  ", Ok("cop_1234")),
            (b"\n", Err("is empty")),
            (b"cop_1234\nsecond line", Err("holds no text that could be the platform's token")),
            (b"cop_\xff1234", Err("holds no text that could be the platform's token")),
            (&[b'x'; 70_000], Err("too large")),
        ];
        for (content, expected) in cases {
            std::fs::write(&path, content).expect("the file can be written");
            match (read_token(&TokenSource::File(path.clone())), expected) {
                (Ok(secret), Ok(token)) => assert_eq!(secret.expose(), token),
                (Err(error), Err(words)) => {
                    let shown = format!("{error} {error:?}");
                    assert!(shown.contains(words), "{shown}");
                    assert!(!shown.contains("1234"), "{shown}");
                }
                (found, _) => panic!("{content:?}: {:?}", found.map(|_| "a token")),
            }
        }
    }

    #[test]
    fn a_password_may_have_spaces_and_every_letter_but_is_one_line() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("password");
        let source = TokenSource::File(path.clone());
        std::fs::write(&path, " abcd efgh ijkl für \n").expect("written");
        let secret = read_secret(&source, "the mail server's password").expect("a password");
        assert_eq!(secret.expose(), "abcd efgh ijkl für");
        assert!(read_token(&source).is_err(), "no header carries it");
        std::fs::write(&path, "hunter2\nhunter3").expect("written");
        let shown = read_secret(&source, "the mail server's password").err().expect("two lines").to_string();
        assert!(shown.ends_with("holds no text that could be the mail server's password"), "{shown}");
    }

    #[test]
    fn a_missing_token_says_where_it_should_be() {
        let cases = [
            (
                TokenSource::File("/nowhere/token".into()),
                "/nowhere/token, which should hold the platform's token, can't be read",
            ),
            (
                TokenSource::Environment("SLACKWATER_NO_SUCH_TOKEN".to_owned()),
                "SLACKWATER_NO_SUCH_TOKEN is not set",
            ),
        ];
        for (source, words) in cases {
            let shown = read_token(&source).err().expect("there is none").to_string();
            assert!(shown.contains(words), "{shown}");
        }
    }

    #[test]
    fn a_token_in_the_environment_is_read() {
        // Set for every process of the test run by cargo, so nothing needs to be set here.
        let source = TokenSource::Environment("CARGO_PKG_NAME".to_owned());
        assert_eq!(read_token(&source).expect("it is set").expose(), "platform");
    }
}
