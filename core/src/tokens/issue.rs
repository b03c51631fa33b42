//! Making a token: the one place where one comes into being.

use std::{collections::BTreeMap, time::Duration};

use super::{Selector, Token, TokenKind, Tokens, format};
use crate::{clock::Timestamp, crypto::SecretBytes, error::Result, ids::NamespaceId, tx::Tx};

/// What a token shall be. Whoever asks has checked that it may: [`issue`](Tokens::issue) only makes it.
#[derive(Debug)]
pub struct NewToken {
    pub namespace: NamespaceId,
    pub parent: Option<Selector>,
    pub policies: Vec<String>,
    pub path: String,
    pub display_name: String,
    pub metadata: Option<BTreeMap<String, String>>,
    /// Zero: without end.
    pub ttl: Duration,
    pub explicit_max_ttl: Duration,
    pub period: Duration,
    pub renewable: bool,
    pub num_uses: i64,
    pub role: String,
    pub bound_cidrs: Vec<String>,
    pub no_default_policy: bool,
    /// An id that the caller chose.
    pub id: Option<SecretBytes>,
}

impl NewToken {
    /// A root token without end.
    pub fn root(id: Option<SecretBytes>) -> Self {
        Self {
            namespace: NamespaceId::ROOT,
            parent: None,
            policies: vec!["root".to_owned()],
            path: "auth/token/root".to_owned(),
            display_name: "root".to_owned(),
            metadata: None,
            ttl: Duration::ZERO,
            explicit_max_ttl: Duration::ZERO,
            period: Duration::ZERO,
            renewable: false,
            num_uses: 0,
            role: String::new(),
            bound_cidrs: Vec::new(),
            no_default_policy: false,
            id,
        }
    }
}

/// A token that was staged: valid once its transaction is committed.
#[derive(Debug)]
pub struct Issued {
    pub id: SecretBytes,
    pub token: Token,
    pub accessor: super::Accessor,
}

impl Tokens {
    /// Stages a service token.
    pub async fn issue(&self, tx: &mut Tx, new: NewToken, now: Timestamp) -> Result<Issued> {
        let (selector, id) = match new.id {
            Some(id) => (self.selector(id.expose()), id),
            None => format::generate()?,
        };
        let token = Token {
            mac: self.mac(id.expose()),
            selector: selector.0,
            namespace: new.namespace,
            kind: TokenKind::Service,
            parent: new.parent.map(|it| it.0),
            policies: new.policies,
            path: new.path,
            display_name: new.display_name,
            metadata: new.metadata,
            created: now,
            creation_ttl: new.ttl,
            expires: (!new.ttl.is_zero()).then(|| now.plus(new.ttl)),
            explicit_max_ttl: new.explicit_max_ttl,
            period: new.period,
            renewable: new.renewable,
            renewed: None,
            uses_left: new.num_uses,
            role: new.role,
            entity: String::new(),
            bound_cidrs: new.bound_cidrs,
            revoked: false,
            no_default_policy: new.no_default_policy,
        };
        let place = self.place(tx.store(), selector);
        tx.put(&place, &token)?;
        Ok(Issued { id, accessor: self.accessor(selector), token })
    }
}
