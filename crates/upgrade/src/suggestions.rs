//! The names that somebody may have meant.

/// At most this many are offered.
const OFFERED: usize = 3;

/// Of the names that there are, those nearest to what was written, nearest first. When nothing is near, the first few
/// in their order: who wrote it sees at least what kind of name is wanted.
#[must_use]
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let lower = written.to_lowercase();
    let mut ranked: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .collect();
    // A name is near when at least half of it is what was written.
    let near =
        |distance: usize, name: &str| distance * 2 <= name.chars().count().max(written.chars().count());
    if ranked.iter().any(|(distance, name)| near(*distance, name)) {
        ranked.retain(|(distance, name)| near(*distance, name));
        ranked.sort_by_key(|(distance, _)| *distance);
    }
    ranked.into_iter().take(OFFERED).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn offers_what_may_have_been_meant() {
        let ids = ["WebGroup", "WorkerGroup", "GpuWorkerGroup", "Database", "HttpsListener"];
        for (written, offered) in [
            ("WrokerGroup", &["WorkerGroup", "WebGroup", "GpuWorkerGroup"][..]),
            ("databse", &["Database"]),
            ("httpslistener", &["HttpsListener"]),
            ("Q", &["WebGroup", "WorkerGroup", "GpuWorkerGroup"]),
        ] {
            assert_eq!(nearest(written, ids), offered, "{written}");
        }
        assert!(nearest("x", []).is_empty());
    }
}
