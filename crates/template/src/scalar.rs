//! What a plain (unquoted) YAML scalar means to CloudFormation.
//!
//! CloudFormation reads YAML 1.1 (user guide, "CloudFormation template format"): `yes`, `no`, `on` and `off`
//! are booleans, and a number with a leading zero is octal, so that the account `012345670123` arrives as
//! 1402433619 (coverage roadmap issue 745); where its digits are no octal ones it is a floating point number, written as Java
//! writes them: `08` is 8.0 (sam 1135), the account `012345678901` 1.2345678901E10 (aws-cli 6908). Dates are text: the timestamp tag is not supported. Numbers that
//! JSON can write too keep their text; the others (octal, hexadecimal, binary, base 60, with underscores)
//! are written out in decimal.

use crate::node::NodeKind;

/// The meaning of a plain scalar.
pub(crate) fn resolve_plain(text: &str) -> NodeKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => NodeKind::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => NodeKind::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => NodeKind::Bool(false),
        _ => match number(text) {
            Some(decimal) => NodeKind::Number(decimal),
            None => NodeKind::String(text.to_owned()),
        },
    }
}

/// The text of a number in the form JSON can write, or nothing if the scalar is none.
pub(crate) fn number(text: &str) -> Option<String> {
    if !text.bytes().next().is_some_and(|first| first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.'))
    {
        return None;
    }
    if is_json_number(text) {
        return Some(text.to_owned());
    }
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = integer(unsigned).or_else(|| float(unsigned)).or_else(|| no_octal(unsigned))?;
    Some(if negative { format!("-{magnitude}") } else { magnitude })
}

/// Whether the text is a number as RFC 8259 (JSON) writes it.
pub(crate) fn is_json_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let digits_end = unsigned.find(|character: char| !character.is_ascii_digit()).unwrap_or(unsigned.len());
    let (integer, rest) = unsigned.split_at(digits_end);
    if integer.is_empty() || (integer.len() > 1 && integer.starts_with('0')) {
        return false;
    }
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let end = fraction.find(|character: char| !character.is_ascii_digit()).unwrap_or(fraction.len());
            let (digits, rest) = fraction.split_at(end);
            if digits.is_empty() {
                return false;
            }
            rest
        }
        None => rest,
    };
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => all_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => rest.is_empty(),
    }
}

/// YAML 1.1 integers that are not JSON's: base 2, 8, 16, 60, and underscores.
fn integer(unsigned: &str) -> Option<String> {
    if unsigned.starts_with('_') {
        return None;
    }
    if unsigned.contains(':') {
        return base_sixty(unsigned);
    }
    let without_underscores: String = unsigned.chars().filter(|one| *one != '_').collect();
    let in_base =
        |digits: &str, base: u32| u128::from_str_radix(digits, base).ok().map(|value| value.to_string());
    if let Some(digits) = without_underscores.strip_prefix("0b") {
        return in_base(digits, 2);
    }
    if let Some(digits) = without_underscores.strip_prefix("0x") {
        return in_base(digits, 16);
    }
    if !all_digits(&without_underscores) {
        return None;
    }
    match without_underscores.strip_prefix('0') {
        Some("") => Some("0".to_owned()),
        Some(octal) => in_base(octal, 8),
        None => Some(without_underscores),
    }
}

/// `190:20:30` is 685230 in YAML 1.1. The first digit is not zero, so that `01:30` is text.
fn base_sixty(unsigned: &str) -> Option<String> {
    if !unsigned.starts_with(|first: char| ('1'..='9').contains(&first)) {
        return None;
    }
    let mut total: u128 = 0;
    for (index, place) in unsigned.split(':').enumerate() {
        let digits: String = place.chars().filter(|one| *one != '_').collect();
        if !all_digits(&digits) || (index > 0 && digits.len() > 2) {
            return None;
        }
        let value: u128 = digits.parse().ok()?;
        if index > 0 && value > 59 {
            return None;
        }
        total = total.checked_mul(60)?.checked_add(value)?;
    }
    Some(total.to_string())
}

/// YAML 1.1 floats that are not JSON's: `.5`, `1.`, `1_000.5`. Infinity and not-a-number stay text.
fn float(unsigned: &str) -> Option<String> {
    let without_underscores: String = unsigned.chars().filter(|one| *one != '_').collect();
    let (mantissa, exponent) = match without_underscores.find(['e', 'E']) {
        Some(at) => without_underscores.split_at(at),
        None => (without_underscores.as_str(), ""),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some(parts) => parts,
        None => (mantissa, "0"),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let decimal = format!(
        "{}.{}{}",
        if whole.is_empty() { "0" } else { whole },
        if fraction.is_empty() { "0" } else { fraction },
        exponent
    );
    // A plain run of digits has been tried as an integer already; see `no_octal`.
    let is_float = mantissa.contains('.') || !exponent.is_empty();
    (is_float && is_json_number(&decimal)).then_some(decimal)
}

/// Digits after a leading zero of which one is 8 or 9.
fn no_octal(unsigned: &str) -> Option<String> {
    if !unsigned.starts_with('0') {
        return None;
    }
    let digits: String = unsigned.chars().filter(|one| *one != '_').collect();
    let number: f64 = all_digits(&digits).then(|| digits.parse().ok())??;
    Some(if number < 1e7 {
        format!("{number:.1}")
    } else {
        let scientific = format!("{number:E}");
        match scientific.split_once('E') {
            Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
            _ => scientific,
        }
    })
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_yaml_1_1_says() {
        let cases = [
            ("", NodeKind::Null),
            ("~", NodeKind::Null),
            ("yes", NodeKind::Bool(true)),
            ("NO", NodeKind::Bool(false)),
            ("On", NodeKind::Bool(true)),
            ("off", NodeKind::Bool(false)),
            ("y", text("y")),
            ("yEs", text("yEs")),
            ("0", digits("0")),
            ("42", digits("42")),
            ("-7", digits("-7")),
            ("+7", digits("7")),
            ("1.50", digits("1.50")),
            ("1e3", digits("1e3")),
            (".5", digits("0.5")),
            ("1.", digits("1.0")),
            ("1_000", digits("1000")),
            ("012345670123", digits("1402433619")),
            ("065115117704", digits("7133765572")),
            ("0x1F", digits("31")),
            ("0b101", digits("5")),
            ("190:20:30", digits("685230")),
            ("01:30", text("01:30")),
            ("08", digits("8.0")),
            ("-089", digits("-89.0")),
            ("012345678901", digits("1.2345678901E10")),
            ("09000000000", digits("9.0E9")),
            ("0_9", digits("9.0")),
            ("123456789012345678901234567890", digits("123456789012345678901234567890")),
            ("2012-10-17", text("2012-10-17")),
            ("2010-09-09T00:00:00Z", text("2010-09-09T00:00:00Z")),
            ("1.2.3", text("1.2.3")),
            ("10.0.0.0/16", text("10.0.0.0/16")),
            (".inf", text(".inf")),
            (".", text(".")),
            ("-", text("-")),
            ("+", text("+")),
            ("0x", text("0x")),
            ("1e", text("1e")),
            ("::/0", text("::/0")),
            ("22:80", text("22:80")),
            ("_1", text("_1")),
        ];
        for (written, meant) in cases {
            assert_eq!(resolve_plain(written), meant, "{written:?}");
        }
    }

    fn text(text: &str) -> NodeKind {
        NodeKind::String(text.to_owned())
    }

    fn digits(text: &str) -> NodeKind {
        NodeKind::Number(text.to_owned())
    }
}
