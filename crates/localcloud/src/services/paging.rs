//! Pages of a list. A token is the last key that was given, so a page is right even when the list has changed
//! since the one before.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A token that wasn't given by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidToken;

/// One page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    /// At most as many as were asked for.
    pub(crate) items: Vec<T>,
    /// Set when there are more.
    pub(crate) next_token: Option<String>,
}

/// The page after a token (an empty one counts as none) of items with unique keys, in the keys' order.
pub(crate) fn page<T>(
    items: impl IntoIterator<Item = (String, T)>,
    token: Option<&str>,
    most: usize,
) -> Result<Page<T>, InvalidToken> {
    let after = match token.filter(|token| !token.is_empty()) {
        None => None,
        Some(token) => {
            let key = URL_SAFE_NO_PAD.decode(token).map_err(|_| InvalidToken)?;
            Some(String::from_utf8(key).map_err(|_| InvalidToken)?)
        }
    };
    let mut rest: Vec<(String, T)> =
        items.into_iter().filter(|(key, _)| Some(key) > after.as_ref()).collect();
    rest.sort_by(|(a, _), (b, _)| a.cmp(b));
    let has_more = rest.len() > most;
    rest.truncate(most);
    let next_token = rest.last().filter(|_| has_more).map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
    Ok(Page { items: rest.into_iter().map(|(_, item)| item).collect(), next_token })
}

#[cfg(test)]
mod tests {
    use super::{InvalidToken, page};

    #[test]
    fn pages_follow_each_other() {
        let items = || ["c", "a", "b"].map(|key| (key.to_owned(), key));
        let first = page(items(), None, 2).expect("page");
        assert_eq!(first.items, ["a", "b"]);
        let second = page(items(), first.next_token.as_deref(), 2).expect("page");
        assert_eq!((second.items, second.next_token), (vec!["c"], None));
        assert_eq!(page(items(), Some(""), 3).expect("page").next_token, None);
        assert_eq!(page(items(), Some("%"), 3), Err(InvalidToken));
    }
}
