//! Smithy's RPC v2 CBOR protocol, as far as CloudWatch's clients use it: CBOR (RFC 8949) to the JSON tree that
//! handlers read, and their answers back. <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>

use std::convert::Infallible;

use minicbor::data::{IanaTag, Type};
use minicbor::{Decoder, Encoder};
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

impl From<minicbor::decode::Error> for CborError {
    fn from(_: minicbor::decode::Error) -> CborError {
        CborError
    }
}

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
    let mut decoder = Decoder::new(bytes);
    let value = read(&mut decoder, 0)?;
    if decoder.position() == bytes.len() { Ok(value) } else { Err(CborError) }
}

fn read(decoder: &mut Decoder<'_>, depth: usize) -> Result<Value, CborError> {
    if depth > DEEPEST {
        return Err(CborError);
    }
    // JSON has no infinities.
    let float = |number| Number::from_f64(number).map(Value::Number).ok_or(CborError);
    match decoder.datatype()? {
        Type::Bool => Ok(Value::Bool(decoder.bool()?)),
        Type::Null | Type::Undefined => {
            decoder.skip()?;
            Ok(Value::Null)
        }
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Ok(Value::from(decoder.u64()?)),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => Ok(Value::from(decoder.i64()?)),
        Type::F16 => {
            let at = decoder.position() + 1;
            let bits = decoder.input().get(at..).and_then(<[u8]>::first_chunk).ok_or(CborError)?;
            decoder.set_position(at + bits.len());
            float(half(u16::from_be_bytes(*bits)))
        }
        Type::F32 => float(decoder.f32()?.into()),
        Type::F64 => float(decoder.f64()?),
        Type::String | Type::StringIndef => text(decoder).map(Value::String),
        Type::Array | Type::ArrayIndef => {
            let length = decoder.array()?;
            let mut items = Vec::new();
            let mut read_so_far = 0;
            while follows(decoder, length, read_so_far)? {
                items.push(read(decoder, depth + 1)?);
                read_so_far += 1;
            }
            Ok(Value::Array(items))
        }
        Type::Map | Type::MapIndef => {
            let length = decoder.map()?;
            let mut fields = Map::new();
            let mut read_so_far = 0;
            while follows(decoder, length, read_so_far)? {
                fields.insert(text(decoder)?, read(decoder, depth + 1)?);
                read_so_far += 1;
            }
            Ok(Value::Object(fields))
        }
        // A tag says more about the value that follows; a time stays the number that it is.
        Type::Tag => {
            decoder.tag()?;
            read(decoder, depth + 1)
        }
        Type::Int | Type::Bytes | Type::BytesIndef | Type::Simple | Type::Break | Type::Unknown(_) => {
            Err(CborError)
        }
    }
}

/// Whether another item of a list or map follows, given how many were read. Takes the break.
fn follows(decoder: &mut Decoder<'_>, length: Option<u64>, read: u64) -> Result<bool, CborError> {
    match length {
        Some(length) => Ok(read < length),
        None if decoder.datatype()? == Type::Break => {
            decoder.set_position(decoder.position() + 1);
            Ok(false)
        }
        None => Ok(true),
    }
}

fn text(decoder: &mut Decoder<'_>) -> Result<String, CborError> {
    Ok(decoder.str_iter()?.collect::<Result<String, _>>()?)
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
    let mut encoder = Encoder::new(Vec::new());
    // A vector takes everything.
    let _infallible = write(&mut encoder, value, is_time);
    encoder.into_writer()
}

/// Depth is the answer's, which our own handlers wrote.
fn write(
    encoder: &mut Encoder<Vec<u8>>,
    value: &Value,
    is_time: fn(&str) -> bool,
) -> Result<(), minicbor::encode::Error<Infallible>> {
    match value {
        Value::Null => encoder.null()?,
        Value::Bool(flag) => encoder.bool(*flag)?,
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => encoder.u64(number)?,
            (None, Some(number)) => encoder.i64(number)?,
            (None, None) => encoder.f64(number.as_f64().unwrap_or_default())?,
        },
        Value::String(text) => encoder.str(text)?,
        Value::Array(items) => {
            encoder.array(length(items.len()))?;
            items.iter().try_for_each(|item| write(encoder, item, is_time))?;
            encoder
        }
        Value::Object(fields) => {
            let fields: Vec<_> = fields.iter().filter(|(_, field)| !field.is_null()).collect();
            encoder.map(length(fields.len()))?;
            for (name, field) in fields {
                encoder.str(name)?;
                match field.as_u64() {
                    Some(milliseconds) if is_time(name) => {
                        encoder.tag(IanaTag::Timestamp)?.f64(super::times::seconds(milliseconds))?;
                    }
                    _ => write(encoder, field, is_time)?,
                }
            }
            encoder
        }
    };
    Ok(())
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
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
        for nesting in [&[0x81][..], &[0x9f], &[0xc1], &[0xa1, 0x61, b'a'], &[0xbf, 0x61, b'a']] {
            assert_eq!(decode(&nesting.repeat(100_000)), Err(CborError), "deep");
        }
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
