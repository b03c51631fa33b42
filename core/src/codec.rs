//! How the core's own types are written in CBOR.

macro_rules! codec {
    ($name:ident, $type:ty, |$value:ident| $to:expr, |$wire:ident: $wire_type:ty| $from:expr) => {
        pub(crate) mod $name {
            use minicbor::{CborLen, Decoder, Encoder};

            #[allow(unused_imports)]
            use super::*;

            pub(crate) fn encode<C, W: minicbor::encode::Write>(
                $value: &$type,
                e: &mut Encoder<W>,
                ctx: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                minicbor::Encode::encode(&$to, e, ctx)
            }

            pub(crate) fn decode<'b, C>(
                d: &mut Decoder<'b>,
                ctx: &mut C,
            ) -> Result<$type, minicbor::decode::Error> {
                let $wire = <$wire_type as minicbor::Decode<'b, C>>::decode(d, ctx)?;
                $from
            }

            pub(crate) fn cbor_len<C>($value: &$type, ctx: &mut C) -> usize {
                CborLen::cbor_len(&$to, ctx)
            }
        }
    };
}

use std::time::Duration;

use minicbor::bytes::ByteArray;

use crate::{
    clock::Timestamp,
    crypto::SecretBytes,
    ids::{MountId, NamespaceId},
};

codec!(mount_id, MountId, |it| ByteArray::from(*it.0.as_bytes()), |wire: ByteArray<16>| Ok(MountId(
    uuid::Uuid::from_bytes(wire.into())
)));
codec!(
    maybe_mount_id,
    Option<MountId>,
    |it| it.map(|it| ByteArray::from(*it.0.as_bytes())),
    |wire: Option<ByteArray<16>>| Ok(wire.map(|it| MountId(uuid::Uuid::from_bytes(it.into()))))
);
codec!(namespace, NamespaceId, |it| it.0, |wire: u32| Ok(NamespaceId(wire)));
codec!(timestamp, Timestamp, |it| it.0, |wire: i64| Ok(Timestamp(wire)));
codec!(maybe_timestamp, Option<Timestamp>, |it| it.map(|it| it.0), |wire: Option<i64>| Ok(
    wire.map(Timestamp)
));
codec!(seconds, Duration, |it| it.as_secs(), |wire: u64| Ok(Duration::from_secs(wire)));
codec!(hash, [u8; 32], |it| ByteArray::from(*it), |wire: ByteArray<32>| Ok(wire.into()));
codec!(selector, [u8; 16], |it| ByteArray::from(*it), |wire: ByteArray<16>| Ok(wire.into()));
codec!(maybe_selector, Option<[u8; 16]>, |it| it.map(ByteArray::from), |wire: Option<ByteArray<16>>| Ok(
    wire.map(Into::into)
));

/// Secret bytes, decoded straight into a buffer that is wiped.
pub(crate) mod secret {
    use minicbor::{Decoder, Encoder};

    use super::SecretBytes;

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        value: &SecretBytes,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(value.expose()).map(|_| ())
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<SecretBytes, minicbor::decode::Error> {
        d.bytes().map(SecretBytes::copy_of)
    }

    pub(crate) fn cbor_len<C>(value: &SecretBytes, ctx: &mut C) -> usize {
        minicbor::CborLen::cbor_len(<&minicbor::bytes::ByteSlice>::from(value.expose()), ctx)
    }
}
