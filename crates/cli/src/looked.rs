//! A look at one thing of a deployment, which hides no other where it can't be made.

/// What is observed, where it is of the kind that was asked for; else why not, in words.
macro_rules! looked {
    ($site:expr, $query:expr, $kind:ident) => {
        match $site.ports.observe(&$query.into()).await {
            Ok(upgrade::Observation::$kind(found)) => Ok(found),
            Ok(other) => Err(format!("answered with {}", other.kind())),
            Err(error) => Err(error.to_string()),
        }
    };
}
