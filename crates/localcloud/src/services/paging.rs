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

impl<T> Page<T> {
    /// The same page of other items.
    pub(crate) fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(each).collect(), next_token: self.next_token }
    }
}

/// The page after a token (an empty one counts as none) of items with unique keys, in the keys' order.
pub(crate) fn page<T>(
    items: impl IntoIterator<Item = (String, T)>,
    token: Option<&str>,
    most: usize,
) -> Result<Page<T>, InvalidToken> {
    let after = after(token)?;
    let mut rest: Vec<(String, T)> =
        items.into_iter().filter(|(key, _)| Some(key) > after.as_ref()).collect();
    rest.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(in_order(rest, most))
}

/// The key after which the page of a token begins.
pub(crate) fn after(token: Option<&str>) -> Result<Option<String>, InvalidToken> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
    let key = URL_SAFE_NO_PAD.decode(token).map_err(|_| InvalidToken)?;
    String::from_utf8(key).map(Some).map_err(|_| InvalidToken)
}

/// The first page of items that are in their keys' order already and begin where the page does. Who has an index
/// looks at no more items than one beyond the page.
pub(crate) fn in_order<T>(items: impl IntoIterator<Item = (String, T)>, most: usize) -> Page<T> {
    let mut items = items.into_iter();
    let (mut page, mut last) = (Vec::new(), None);
    for (key, item) in items.by_ref().take(most) {
        page.push(item);
        last = Some(key);
    }
    let has_more = items.next().is_some();
    let next_token = last.filter(|_| has_more).map(|key| URL_SAFE_NO_PAD.encode(key));
    Page { items: page, next_token }
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
