//! Numbers as the transform writes them into the texts that it hashes: whole ones as they stand, others in the shortest form that
//! reads back, with an exponent from 1e16 on and below 0.0001.

/// The plain form of a number.
pub(super) fn plain(text: &str) -> String {
    let is_whole = !text.contains(['.', 'e', 'E']);
    match text.parse::<f64>() {
        Ok(_) if is_whole => text.strip_prefix('+').unwrap_or(text).to_owned(),
        Ok(number) => shortest(number),
        Err(_) => text.to_owned(),
    }
}

fn shortest(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if (-4..16).contains(&exponent) => {
            let plain = format!("{number}");
            if plain.contains('.') { plain } else { format!("{plain}.0") }
        }
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        Err(_) => scientific,
    }
}
