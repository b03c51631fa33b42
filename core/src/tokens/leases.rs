//! Tokens as leases: what `sys/leases` sees of them.
//!
//! A token's lease is its record, and the lease's id is the token's path and, in hexadecimal, the permuted
//! selector with a MAC of it: `auth/userpass/login/ann/h3f0c…`. So nothing more has to be stored, and knowing
//! an id grants nothing.

use std::{collections::BTreeSet, sync::Arc};

use data_encoding::HEXLOWER;

use super::{
    Selector, Token, Tokens,
    index::{self, Row},
};
use crate::{
    barrier::Class, clock::Timestamp, core::Unsealed, crypto::equal, error::Result, mounts::MountClass,
    store::PAGE,
};

impl Tokens {
    /// The id of a token's lease; none for a batch token.
    pub fn lease_id(&self, token: &Token) -> Option<String> {
        Some(format!("{}/{}", token.path, self.lease_name(token.selector()?)))
    }

    /// The live token whose lease has this id.
    pub async fn find_by_lease(
        &self,
        open: &Unsealed,
        lease_id: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<Token>>> {
        let Some((path, name)) = lease_id.rsplit_once('/') else { return Ok(None) };
        let Some(selector) = self.by_lease_name(name) else { return Ok(None) };
        let found = self.find_by_accessor(open, &self.accessor(selector), now).await?;
        Ok(found.filter(|it| it.path == path))
    }

    fn lease_name(&self, selector: Selector) -> String {
        let permuted = self.leases.permute(selector);
        let mac = self.mac.short(&[b"lease", &permuted]);
        format!("h{}{}", HEXLOWER.encode(&permuted), HEXLOWER.encode(&mac))
    }

    fn by_lease_name(&self, name: &str) -> Option<Selector> {
        let bytes = HEXLOWER.decode(name.strip_prefix('h')?.as_bytes()).ok()?;
        let (permuted, mac) = bytes.split_first_chunk::<16>()?;
        equal(&self.mac.short(&[b"lease", permuted]), mac).then(|| self.leases.invert(*permuted))
    }

    /// What lies in `folder` (empty, or ending in a slash) among the leases of live tokens, sorted. Reads every
    /// token of the mounts in question: it is asked for by people.
    pub async fn leases_in(&self, open: &Unsealed, folder: &str, now: Timestamp) -> Result<Vec<String>> {
        let mounts = open.mounts.current(&open.store).await?;
        let mut keys = BTreeSet::new();
        for mount in mounts.all(MountClass::Auth) {
            let full = mount.full_path();
            if !full.starts_with(folder) && !folder.starts_with(&full) {
                continue;
            }
            let dir = index::made_by(&open.store, mount.id);
            let mut after = None;
            loop {
                let rows = open.store.ordered::<Row>(Class::TokenIndex, dir, after, None, PAGE).await?;
                after = rows.last().map(|it| it.ordinal);
                let full = rows.len() == PAGE;
                for row in rows {
                    keys.extend(self.key_in(open, folder, &row, now).await?);
                }
                if !full {
                    break;
                }
            }
        }
        Ok(keys.into_iter().collect())
    }

    /// The part of a token's lease id that stands in `folder`.
    async fn key_in(
        &self,
        open: &Unsealed,
        folder: &str,
        row: &crate::store::Ordered<Row>,
        now: Timestamp,
    ) -> Result<Option<String>> {
        let place = self.place(&open.store, row.value.selector());
        let Some(token) = open.store.cached::<Token>(&place).await?.map(|it| it.value) else {
            return Ok(None);
        };
        let id = self.lease_id(&token);
        let Some(rest) = id.as_deref().and_then(|it| it.strip_prefix(folder)) else { return Ok(None) };
        let key = match rest.split_once('/') {
            Some((segment, _)) => format!("{segment}/"),
            None => rest.to_owned(),
        };
        Ok(if self.is_live(open, &token, now).await? { Some(key) } else { None })
    }
}
