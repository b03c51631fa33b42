//! A secret id: one half of a login, of which only a MAC is kept (rule 72).
//!
//! It has two rows, in folders of its role: one under its MAC, which a login looks for, and one under its
//! accessor, which care takers know it by. So no accessor can reach another role's secret id.

use std::{collections::BTreeMap, time::Duration};

use data_encoding::HEXLOWER;

use super::role::Role;
use crate::{
    auth::login_key,
    barrier::{Class, Dir, Filed, Place, Record, filed},
    clock::Timestamp,
    crypto::CryptoError,
    error::{Error, Result},
    mounts::Mount,
    store::Store,
    tree::Tree,
    tx::Tx,
};

/// The folders of all roles' secret ids, and of their accessors.
pub(super) const SECRETS: &str = "secret-id/";
pub(super) const ACCESSORS: &str = "accessor/";

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct SecretId {
    #[n(0)]
    pub(super) accessor: String,
    #[cbor(n(1), with = "crate::codec::timestamp")]
    pub(super) created: Timestamp,
    #[cbor(n(2), with = "crate::codec::timestamp")]
    pub(super) updated: Timestamp,
    /// None: never.
    #[cbor(n(3), with = "crate::codec::maybe_timestamp")]
    pub(super) expires: Option<Timestamp>,
    #[cbor(n(4), with = "crate::codec::seconds")]
    pub(super) ttl: Duration,
    /// Logins that it is still good for; zero: without limit. The last one deletes it.
    #[n(5)]
    pub(super) uses_left: i64,
    #[n(6)]
    pub(super) metadata: BTreeMap<String, String>,
    /// Networks that the login may come from.
    #[n(7)]
    pub(super) networks: Vec<String>,
    /// Networks that its token may be used from, instead of the role's.
    #[n(8)]
    pub(super) token_networks: Vec<String>,
    /// The name of its row.
    #[n(9)]
    pub(super) mac: String,
}

impl Record for SecretId {}

impl SecretId {
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|it| now < it)
    }
}

/// What stands under an accessor.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Access {
    #[n(0)]
    pub(super) mac: String,
    #[cbor(n(1), with = "crate::codec::maybe_timestamp")]
    pub(super) expires: Option<Timestamp>,
}

impl Record for Access {}

pub(super) const KINDS: &[Filed] = &[filed::<SecretId>(Class::Login), filed::<Access>(Class::Login)];

/// The secret ids of one role.
#[derive(Clone, Copy)]
pub(super) struct Shelf<'a> {
    pub(super) mount: &'a Mount,
    pub(super) role: [u8; 16],
}

impl<'a> Shelf<'a> {
    pub(super) fn of(mount: &'a Mount, role: &Role) -> Self {
        Self { mount, role: role.id }
    }

    /// Under which name a secret id is filed.
    pub(super) fn mac(&self, store: &Store, secret: &str) -> Result<String, CryptoError> {
        let mac = login_key(store)?.parts(&[
            b"secret-id",
            self.mount.id.0.as_bytes(),
            &self.role,
            secret.trim().as_bytes(),
        ]);
        Ok(HEXLOWER.encode(&mac))
    }

    fn tree(&self) -> Tree {
        Tree { class: Class::Login, root: self.mount.root() }
    }

    pub(super) fn secrets_folder(&self) -> String {
        format!("{SECRETS}{}/", HEXLOWER.encode(&self.role))
    }

    pub(super) fn accessors_folder(&self) -> String {
        format!("{ACCESSORS}{}/", HEXLOWER.encode(&self.role))
    }

    pub(super) fn accessors_dir(&self, store: &Store) -> Dir {
        store.dir(self.mount.root(), &self.accessors_folder())
    }

    pub(super) fn secret(&self, store: &Store, mac: &str) -> Place {
        self.tree().place(store, &format!("{}{mac}", self.secrets_folder()))
    }

    pub(super) fn access(&self, store: &Store, accessor: &str) -> Result<Option<Place>> {
        // What has a slash in it would be a name in another folder.
        let is_plain = !accessor.is_empty() && !accessor.contains('/');
        Ok(is_plain.then(|| self.tree().place(store, &format!("{}{accessor}", self.accessors_folder()))))
    }

    /// The living secret id that `secret` is.
    pub(super) async fn find(&self, tx: &mut Tx, secret: &str, now: Timestamp) -> Result<Option<SecretId>> {
        let mac = self.mac(tx.store(), secret)?;
        self.filed(tx, &mac, now).await
    }

    pub(super) async fn find_by_accessor(
        &self,
        tx: &mut Tx,
        accessor: &str,
        now: Timestamp,
    ) -> Result<Option<SecretId>> {
        let Some(place) = self.access(tx.store(), accessor)? else { return Ok(None) };
        let Some(access) = tx.get::<Access>(&place).await? else { return Ok(None) };
        self.filed(tx, &access.mac, now).await
    }

    async fn filed(&self, tx: &mut Tx, mac: &str, now: Timestamp) -> Result<Option<SecretId>> {
        let place = self.secret(tx.store(), mac);
        Ok(tx.get::<SecretId>(&place).await?.filter(|it| it.is_live(now)))
    }

    /// Stages a secret id that is new. The folders' markers lead to what a dead role leaves behind.
    pub(super) async fn add(&self, tx: &mut Tx, secret: &SecretId, now: Timestamp) -> Result<()> {
        let place = self.secret(tx.store(), &secret.mac);
        if let Some(old) = tx.get::<SecretId>(&place).await? {
            if old.is_live(now) {
                return Err(Error::invalid("failed to store secret_id: SecretID is already registered"));
            }
            self.delete(tx, &old)?;
        }
        let path = format!("{}{}", self.secrets_folder(), secret.mac);
        self.tree().put(tx, &path, secret, true).await?;
        let access = Access { mac: secret.mac.clone(), expires: secret.expires };
        let path = format!("{}{}", self.accessors_folder(), secret.accessor);
        self.tree().put(tx, &path, &access, true).await
    }

    pub(super) fn put(&self, tx: &mut Tx, secret: &SecretId) -> Result<()> {
        let place = self.secret(tx.store(), &secret.mac);
        tx.put(&place, secret)
    }

    pub(super) fn delete(&self, tx: &mut Tx, secret: &SecretId) -> Result<()> {
        let store = tx.store().clone();
        tx.delete(&self.secret(&store, &secret.mac));
        if let Some(place) = self.access(&store, &secret.accessor)? {
            tx.delete(&place);
        }
        Ok(())
    }
}
