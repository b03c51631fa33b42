//! The examples of docs/storage-format.md, read by the code. They were made by a program of their own, from the
//! document: if one of these fails, the format has changed, and stores out there cannot be read any more.

use std::collections::HashMap;

use super::{
    Barrier, Class, Place, Root,
    envelope::{self, Binding, Part},
    head::{Head, Sum, bucket},
    keyring::Keyring,
};
use crate::{
    clock::Timestamp,
    crypto::{Key, aead::Suite},
    ids::{NamespaceId, StoreId},
    seal::rotate::Rotation,
};

const DOCUMENT: &str = include_str!("../../../docs/storage-format.md");

/// The examples by the first word of their headings, and a second one where it tells them apart.
fn examples() -> HashMap<String, Vec<u8>> {
    let (_, text) = DOCUMENT.split_once("<!-- golden -->").unwrap();
    let mut parts = text.trim().split("```");
    let mut out = HashMap::new();
    while let (Some(heading), Some(hex)) = (parts.next(), parts.next()) {
        let hex: String = hex.split_whitespace().collect();
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        let mut words = heading.split_whitespace();
        let first = words.next().unwrap();
        let name = if heading.contains("suite 2") { "value 2" } else { first };
        out.insert(name.to_owned(), bytes);
    }
    out
}

fn barrier() -> Barrier {
    let keyring = Keyring::decode(&examples()["keyring"]).unwrap();
    Barrier::new(Key::generate().unwrap(), keyring, Suite::default()).unwrap()
}

fn place(barrier: &Barrier) -> Place {
    barrier.place(Class::System, Root::internal(20), "rotation")
}

#[test]
fn the_keyring_reads_and_writes_back() {
    let examples = examples();
    let keyring = Keyring::decode(&examples["keyring"]).unwrap();
    assert_eq!(keyring.store, StoreId(uuid::Uuid::from_bytes(std::array::from_fn(|at| at as u8))));
    assert_eq!(
        (keyring.active().number, keyring.active().created),
        (1, Timestamp(1_700_000_000_000_000_000))
    );
    assert_eq!(keyring.encode().unwrap().expose(), examples["keyring"]);
}

#[test]
fn the_key_of_a_path_is_the_documented_one() {
    let barrier = barrier();
    assert_eq!(place(&barrier).key.0.as_slice(), examples()["key"]);
}

#[test]
fn envelopes_of_both_suites_open() {
    let (barrier, examples) = (barrier(), examples());
    let place = place(&barrier);
    for value in ["value", "value 2"] {
        let plain =
            barrier.inspect(place.class, NamespaceId::ROOT, &place.key, &examples["name"], &examples[value]);
        assert_eq!(plain.unwrap().expose(), examples["plaintext"], "{value}");
        let record: Rotation =
            barrier.open(place.class, NamespaceId::ROOT, &place.key, &examples[value]).unwrap();
        assert!(record.enabled);
        assert_eq!((record.max_operations, record.interval.as_secs()), (1_000_000, 86_400));
    }
    let dir = barrier.dir(Root::internal(20), "");
    assert_eq!(barrier.open_name(place.class, dir, &place.key, &examples["name"]).unwrap(), "rotation");
}

#[test]
fn the_associated_data_is_the_documented_one() {
    let (barrier, examples) = (barrier(), examples());
    let place = place(&barrier);
    let binding = Binding { store: barrier.store(), class: place.class, key: &place.key, part: Part::Value };
    assert_eq!(envelope::associated(binding, Suite::XChaCha20Poly1305, 1), examples["aad"]);
}

#[test]
fn the_head_holds_the_documented_sum() {
    let (barrier, examples) = (barrier(), examples());
    let place = place(&barrier);
    let leaf = barrier.digest().leaf(&place.key, &examples["value"]).unwrap();
    assert_eq!(leaf.as_slice(), examples["leaf"]);
    let head = Head::decode(&examples["head"]).unwrap();
    assert_eq!((head.sequence, head.term, head.encryptions), (3, 1, 9));
    let mut sum = Sum::default();
    sum.add(&leaf);
    assert_eq!(head.class(Class::System).get(&bucket(&place.key)), Some(&sum));
    assert_eq!(head.encode(), examples["head"]);
}

#[test]
fn the_share_and_the_wrapped_root_key_read() {
    let examples = examples();
    crate::seal::golden(&examples["share"], &examples["root"]);
}
