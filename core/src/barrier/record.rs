//! What is inside of an envelope: a schema number, then CBOR with integer field ids.

use super::class::Class;
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

/// A type of record, as whoever checks the store knows it: where it lies, and whether bytes are one.
pub(crate) struct Filed {
    pub(crate) class: Class,
    pub(crate) is: fn(&[u8]) -> bool,
}

/// What another type left over (types are lenient towards fields that they do not know) is missing when it is
/// written again.
pub(crate) const fn filed<R: Record>(class: Class) -> Filed {
    Filed { class, is: |bytes| keeps_all::<R>(bytes) }
}

fn keeps_all<R: Record>(bytes: &[u8]) -> bool {
    let again = decode::<R>(bytes).and_then(|record| encode(&record));
    again.is_ok_and(|it| it.len() >= bytes.len())
}

pub(crate) fn decode<R: Record>(bytes: &[u8]) -> Result<R, Malformed> {
    let (schema, cbor) = bytes.split_first_chunk::<2>().ok_or(Malformed)?;
    match u16::from_be_bytes(*schema) {
        schema if schema == R::SCHEMA => minicbor::decode(cbor).map_err(|_| Malformed),
        schema => R::decode_previous(schema, cbor),
    }
}
