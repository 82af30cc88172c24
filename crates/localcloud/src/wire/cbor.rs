//! Smithy's RPC v2 CBOR protocol, as far as CloudWatch's clients use it: CBOR (RFC 8949) to the JSON tree that
//! handlers read, and their answers back. <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>

use serde_json::{Map, Number, Value};

use super::error::WireError;

/// The header that a request and its answer carry.
pub const PROTOCOL_HEADER: &str = "smithy-protocol";
/// What it says.
pub const PROTOCOL: &str = "rpc-v2-cbor";
/// Deeper than any request of ours goes.
const DEEPEST: usize = 32;

/// Why bytes aren't a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a CBOR map of the kinds that AWS uses")]
pub struct CborError;

/// The operation, which the path names (`/service/NAME/operation/OPERATION`), and its input.
///
/// # Errors
/// When the path names none or the body isn't a CBOR map.
pub fn decode_request(path: &str, body: &[u8]) -> Result<(String, Value), WireError> {
    let operation = path.rsplit_once("/operation/").map(|(_, operation)| operation);
    let operation = operation.filter(|name| !name.is_empty()).ok_or(WireError::NoOperation)?;
    let input = if body.is_empty() { Value::Object(Map::new()) } else { decode(body)? };
    if input.is_object() { Ok((operation.to_owned(), input)) } else { Err(CborError.into()) }
}

/// One value and nothing behind it.
///
/// # Errors
/// When it isn't well formed, is too deep, or is of a kind that JSON has no counterpart for (byte strings).
pub fn decode(bytes: &[u8]) -> Result<Value, CborError> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(0)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(CborError) }
}

struct Reader<'a> {
    rest: &'a [u8],
}

/// A value's first bytes: its major type and its argument (`None`: of indefinite length, or a break).
struct Head {
    major: u8,
    detail: u8,
    argument: Option<u64>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], CborError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CborError)?;
        self.rest = rest;
        Ok(taken)
    }

    fn head(&mut self) -> Result<Head, CborError> {
        let first = self.take(1)?.first().copied().ok_or(CborError)?;
        let (major, detail) = (first >> 5, first & 31);
        let argument = match detail {
            0..=23 => Some(u64::from(detail)),
            24..=27 => {
                let bytes = self.take(1 << (detail - 24))?;
                Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
            }
            31 => None,
            _ => return Err(CborError),
        };
        Ok(Head { major, detail, argument })
    }

    fn is_break(&self) -> bool {
        self.rest.first() == Some(&0xff)
    }

    /// Whether another item of a list or map follows, given how many were read. Takes the break.
    fn follows(&mut self, length: Option<u64>, read: u64) -> Result<bool, CborError> {
        match length {
            Some(length) => Ok(read < length),
            None if self.is_break() => self.take(1).map(|_| false),
            None => Ok(true),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, CborError> {
        if depth > DEEPEST {
            return Err(CborError);
        }
        let head = self.head()?;
        match (head.major, head.argument) {
            (0, Some(number)) => Ok(Value::from(number)),
            (1, Some(number)) => {
                let number = i64::try_from(number).map_err(|_| CborError)?;
                Ok(Value::from(-1 - number))
            }
            (3, length) => self.text(length).map(Value::String),
            (4, length) => {
                let mut items = Vec::new();
                let mut read = 0;
                while self.follows(length, read)? {
                    items.push(self.value(depth + 1)?);
                    read += 1;
                }
                Ok(Value::Array(items))
            }
            (5, length) => {
                let mut fields = Map::new();
                let mut read = 0;
                while self.follows(length, read)? {
                    let name = self.head().and_then(|head| match head.major {
                        3 => self.text(head.argument),
                        _ => Err(CborError),
                    })?;
                    fields.insert(name, self.value(depth + 1)?);
                    read += 1;
                }
                Ok(Value::Object(fields))
            }
            // A tag says more about the value that follows; a time stays the number that it is.
            (6, Some(_)) => self.value(depth + 1),
            (7, Some(bits)) => simple(head.detail, bits),
            _ => Err(CborError),
        }
    }

    fn text(&mut self, length: Option<u64>) -> Result<String, CborError> {
        let Some(length) = length else {
            let mut whole = String::new();
            while !self.is_break() {
                let head = self.head()?;
                match (head.major, head.argument) {
                    (3, Some(length)) => whole.push_str(&self.text(Some(length))?),
                    _ => return Err(CborError),
                }
            }
            self.take(1)?;
            return Ok(whole);
        };
        let bytes = self.take(usize::try_from(length).map_err(|_| CborError)?)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| CborError)
    }
}

fn simple(detail: u8, bits: u64) -> Result<Value, CborError> {
    let number = match detail {
        20 => return Ok(Value::Bool(false)),
        21 => return Ok(Value::Bool(true)),
        22 | 23 => return Ok(Value::Null),
        25 => half(u16::try_from(bits).map_err(|_| CborError)?),
        26 => f64::from(f32::from_bits(u32::try_from(bits).map_err(|_| CborError)?)),
        27 => f64::from_bits(bits),
        _ => return Err(CborError),
    };
    // JSON has no infinities.
    Number::from_f64(number).map(Value::Number).ok_or(CborError)
}

/// A half-precision number (RFC 8949, appendix D).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let number = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 => f64::INFINITY,
        _ => (fraction + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { number } else { -number }
}

/// A value as CBOR. Milliseconds under a name that `is_time` says is a time become a tagged time; null in a map
/// is left out, as Smithy's structures do.
#[must_use]
pub fn encode(value: &Value, is_time: fn(&str) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, value, is_time);
    out
}

/// Depth is the answer's, which our own handlers wrote.
fn write(out: &mut Vec<u8>, value: &Value, is_time: fn(&str) -> bool) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(flag) => out.push(if *flag { 0xf5 } else { 0xf4 }),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => write_head(out, 0, number),
            (None, Some(number)) => write_head(out, 1, (-1 - number).unsigned_abs()),
            (None, None) => write_float(out, number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            write_head(out, 4, length(items.len()));
            items.iter().for_each(|item| write(out, item, is_time));
        }
        Value::Object(fields) => {
            let fields: Vec<_> = fields.iter().filter(|(_, field)| !field.is_null()).collect();
            write_head(out, 5, length(fields.len()));
            for (name, field) in fields {
                write_text(out, name);
                match field.as_u64() {
                    Some(milliseconds) if is_time(name) => {
                        write_head(out, 6, 1);
                        write_float(out, super::times::seconds(milliseconds));
                    }
                    _ => write(out, field, is_time),
                }
            }
        }
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_head(out, 3, length(text.len()));
    out.extend_from_slice(text.as_bytes());
}

fn write_float(out: &mut Vec<u8>, number: f64) {
    out.push(0xfb);
    out.extend_from_slice(&number.to_be_bytes());
}

fn write_head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    match u8::try_from(argument) {
        Ok(small @ 0..=23) => out.push(major | small),
        Ok(byte) => out.extend_from_slice(&[major | 24, byte]),
        Err(_) => {
            out.push(major | 27);
            out.extend_from_slice(&argument.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Examples of RFC 8949, appendix A, and their JSON counterparts.
    #[test]
    fn the_specification_s_examples_are_read() {
        for (hex, value) in [
            ("00", json!(0)),
            ("1818", json!(24)),
            ("1903e8", json!(1000)),
            ("1b000000e8d4a51000", json!(1_000_000_000_000_u64)),
            ("3903e7", json!(-1000)),
            ("f93c00", json!(1.0)),
            ("f9c400", json!(-4.0)),
            ("f90001", json!(5.960_464_477_539_063e-8)),
            ("fa47c35000", json!(100_000.0)),
            ("fb3ff199999999999a", json!(1.1)),
            ("c1fb41d452d9ec200000", json!(1_363_896_240.5)),
            ("f6", json!(null)),
            ("63c3bc61", json!("üa")),
            ("7f657374726561646d696e67ff", json!("streaming")),
            ("8301820203820405", json!([1, [2, 3], [4, 5]])),
            ("9f018202039f0405ffff", json!([1, [2, 3], [4, 5]])),
            ("bf61610161629f0203ffff", json!({"a": 1, "b": [2, 3]})),
            ("a201f5", json!("refused: a number as a name")),
            ("4401020304", json!("refused: bytes")),
            ("ff", json!("refused: a break alone")),
            ("81", json!("refused: an item is missing")),
            ("9bffffffffffffffff", json!("refused: a length beyond the end")),
            ("7bffffffffffffffff", json!("refused: a length beyond the end")),
            ("0000", json!("refused: something behind the value")),
            ("f97c00", json!("refused: infinity")),
            ("1f", json!("refused: a number of indefinite length")),
        ] {
            let bytes: Vec<u8> = (0..hex.len() / 2)
                .map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).expect("hex"))
                .collect();
            let refused = value.as_str().is_some_and(|text| text.starts_with("refused"));
            assert_eq!(decode(&bytes), if refused { Err(CborError) } else { Ok(value) }, "{hex}");
        }
        assert_eq!(decode(&[0x81].repeat(100_000)), Err(CborError), "deep");
    }

    #[test]
    fn what_is_written_is_read() {
        let value = json!({
            "A": "x".repeat(300), "B": [1, -1, 23, 24, 255, 256, 70_000, -5_000_000_000_i64], "C": {"D": true}, "E": 0.25,
        });
        assert_eq!(decode(&encode(&value, |_| false)), Ok(value));
        let times = encode(&json!({"At": 1500, "N": null}), |name| name == "At");
        assert_eq!(times, [0xa1, 0x62, b'A', b't', 0xc1, 0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]);
    }
}
