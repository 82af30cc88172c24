//! Our tags, and what other people's tags say.

use serde::Deserialize;

/// The tag on everything that maintenance makes; its value is the run's id.
pub(crate) const RUN_TAG: &str = "slackwater:run-id";

/// The tag that keeps how a resource was before maintenance.
pub(crate) const MEMORY_TAG: &str = "slackwater:before";

/// A tag as services show it: EC2 and ECS write its members small, others with capitals.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tag {
    #[serde(alias = "Key")]
    pub key: String,
    #[serde(alias = "Value")]
    pub value: String,
}

impl Tag {
    /// The value of the tag with this key.
    pub(crate) fn find(tags: &[Tag], key: &str) -> Option<String> {
        tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.clone())
    }
}

/// Names of tags that say whose something is, most telling first.
const OWNERS: [&str; 3] = ["owner", "user", "created-by"];

/// Whose something is: the tag `owner`, `user` or `created-by`, in any case and with any prefix (`codeocean:user`).
pub(crate) fn owner<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for (key, value) in tags {
        let name = key.rsplit([':', '/', '.']).next().unwrap_or(key).to_lowercase().replace('_', "-");
        let rank = OWNERS.iter().position(|owner| *owner == name);
        if let Some(rank) = rank
            && !value.is_empty()
            && best.is_none_or(|(known, _)| rank < known)
        {
            best = Some((rank, value));
        }
    }
    best.map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn a_tag_says_whose_it_is() {
        for (tags, found) in [
            (vec![("Name", "x")], None),
            (vec![("Owner", "ada")], Some("ada")),
            (vec![("codeocean:User", "bob"), ("x/created_by", "eve")], Some("bob")),
            (vec![("created-by", "eve"), ("team.OWNER", "ada")], Some("ada")),
            (vec![("owner", ""), ("user", "bob")], Some("bob")),
            (vec![("ownership", "x")], None),
        ] {
            assert_eq!(owner(tags.iter().copied()).as_deref(), found, "{tags:?}");
        }
    }
}
