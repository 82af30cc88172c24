//! A platform's token: where it is read from, and that it is shown nowhere.

use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// No token is longer. A larger file is some other file.
const LONGEST_TOKEN_BYTES: u64 = 64 * 1024;

/// A token. It has no `Debug` and no `Display`, so that a type that holds one can't show it by accident, and its
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

/// Where a token is read from. Never a command line: other processes see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// An environment variable, by name.
    Environment(String),
    /// A file that holds the token and nothing else; white space around it is dropped.
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

/// Why there is no token. None of these says what was read.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The environment variable is not set.
    #[error("the environment variable {0} is not set; it should hold the platform's token")]
    NotSet(String),
    /// The environment variable or file holds something else.
    #[error("{0} holds no text that could be a token")]
    NotText(String),
    /// The environment variable or file is empty.
    #[error("{0} is empty; it should hold the platform's token")]
    Empty(String),
    /// The file is too large to be a token.
    #[error("{} is too large for a token", .0.display())]
    TooLarge(PathBuf),
    /// The file can't be read.
    #[error("the token in {} can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        source: std::io::Error,
    },
}

/// Read the token. The error says what to put right, and nothing of what was read.
///
/// # Errors
/// As [`TokenError`] says.
pub fn read_token(source: &TokenSource) -> Result<Secret, TokenError> {
    match source {
        TokenSource::Environment(name) => {
            let value = std::env::var_os(name).ok_or_else(|| TokenError::NotSet(name.clone()))?;
            let place = format!("the environment variable {name}");
            match value.into_string() {
                Ok(text) => trimmed(Zeroizing::new(text), place),
                Err(_) => Err(TokenError::NotText(place)),
            }
        }
        TokenSource::File(path) => {
            let unreadable = |source| TokenError::Unreadable { path: path.clone(), source };
            let file = std::fs::File::open(path).map_err(unreadable)?;
            let mut bytes = Zeroizing::new(Vec::new());
            file.take(LONGEST_TOKEN_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
            if bytes.len() as u64 > LONGEST_TOKEN_BYTES {
                return Err(TokenError::TooLarge(path.clone()));
            }
            let place = path.display().to_string();
            match std::str::from_utf8(&bytes) {
                Ok(text) => trimmed(Zeroizing::new(text.to_owned()), place),
                Err(_) => Err(TokenError::NotText(place)),
            }
        }
    }
}

fn trimmed(text: Zeroizing<String>, place: String) -> Result<Secret, TokenError> {
    let token = text.trim();
    if token.is_empty() {
        return Err(TokenError::Empty(place));
    }
    // What a header can carry as it is: a token with a line break inside is two lines of some other file.
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TokenError::NotText(place));
    }
    Ok(Secret::new(token.to_owned()))
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
            (b"cop_1234\nsecond line", Err("holds no text that could be a token")),
            (b"cop_\xff1234", Err("holds no text that could be a token")),
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
    fn a_missing_token_says_where_it_should_be() {
        let cases = [
            (TokenSource::File("/nowhere/token".into()), "the token in /nowhere/token can't be read"),
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
