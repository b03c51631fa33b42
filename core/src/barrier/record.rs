//! What is inside of an envelope: a schema number, then CBOR with integer field ids.

use crate::crypto::SecretBytes;

/// A type that is stored.
///
/// Fields have integer ids (`#[n(0)]`) that are never reused; a field that is added is an `Option` or has a
/// default. What an older binary does not know it skips; it can lose nothing by that, because it refuses to
/// write a store whose head names a newer `min_writer`.
pub trait Record:
    Sized + minicbor::CborLen<()> + minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>
{
    /// The schema that is written.
    const SCHEMA: u16 = 1;

    /// Reads the schema before [`Record::SCHEMA`]; it is upgraded when it is next written.
    fn decode_previous(_schema: u16, _cbor: &[u8]) -> Result<Self, Malformed> {
        Err(Malformed)
    }
}

/// A record that decrypted but is not what it should be: written by another version, or a defect.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a record is malformed")]
pub struct Malformed;

pub(crate) fn encode<R: Record>(record: &R) -> Result<SecretBytes, Malformed> {
    let len = minicbor::len(record);
    // At its final capacity: growing would leave copies of a secret behind.
    let mut out = Vec::with_capacity(2 + len);
    out.extend(R::SCHEMA.to_be_bytes());
    minicbor::encode(record, &mut out).map_err(|_| Malformed)?;
    Ok(SecretBytes::new(out))
}

pub(crate) fn decode<R: Record>(bytes: &[u8]) -> Result<R, Malformed> {
    let (schema, cbor) = bytes.split_first_chunk::<2>().ok_or(Malformed)?;
    match u16::from_be_bytes(*schema) {
        schema if schema == R::SCHEMA => minicbor::decode(cbor).map_err(|_| Malformed),
        schema => R::decode_previous(schema, cbor),
    }
}
