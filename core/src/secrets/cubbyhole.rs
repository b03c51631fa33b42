//! Cubbyhole: a private store for each service token, which ends with it.
//!
//! What is in it is sealed twice: by the barrier like everything, and before that under a key that is derived
//! from the token as its holder presents it. The token itself is stored nowhere, so without it not even an
//! unsealed server can open a cubbyhole. A token's cubbyhole is a tree of its own: another token finds
//! nothing there, and neither does a later one that was given the same id.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::{
    barrier::{Class, Filed, Place, Record, Root, filed},
    crypto::{
        Key, SecretBytes,
        aead::{self, Suite},
        mac,
    },
    dispatch::Cx,
    engine::Engine,
    error::{Error, Result},
    ids::MountId,
    mounts::{Mount, MountClass},
    response::Response,
    route::{Route, Tables, delete, in_tx, list, read, store},
    store::Store,
    tokens::{Token, TokenKind},
    tree::Tree,
    tx::Tx,
};

pub struct Cubbyhole;

const ROUTES: &[Route] = &[Route {
    pattern: "{path...}",
    summary: "A secret that only the token which wrote it can read.",
    endpoints: &[
        read(in_tx!(get)),
        store(in_tx!(put)).any_fields(),
        delete(in_tx!(remove)).any_fields(),
        list(in_tx!(names)),
    ],
}];

impl Engine for Cubbyhole {
    fn kind(&self) -> &'static str {
        "cubbyhole"
    }

    fn class(&self) -> MountClass {
        MountClass::Secret
    }

    fn routes(&self, _: &Mount) -> Tables {
        &[ROUTES]
    }

    fn has_folders(&self) -> bool {
        true
    }

    fn is_singleton(&self) -> bool {
        true
    }

    fn enable<'a>(&'a self, mount: &'a mut Mount, _: &'a mut Tx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            mount.local = true;
            Ok(())
        })
    }

    fn summary(&self) -> &'static str {
        "per-token private secret storage"
    }
}

/// What is stored: an envelope under the token's key.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Sealed {
    /// `nonce(24) ciphertext tag(16)`: suite 1.
    #[cbor(n(0), with = "minicbor::bytes")]
    envelope: Vec<u8>,
}

impl Record for Sealed {}

pub(crate) const KINDS: &[Filed] = &[filed::<Sealed>(Class::Cubbyhole)];

/// Where a token's cubbyhole is filed: by the token's selector and by when it was made, so that a token that
/// is made again with an old id has a cubbyhole of its own.
pub fn root_of(token: &Token) -> Root {
    let hash = mac::sha256(&[b"strongroom/1/cubbyhole", &token.selector, &token.created.0.to_be_bytes()]);
    let mut id = [0; 16];
    id.iter_mut().zip(hash).for_each(|(id, byte)| *id = byte);
    Root { namespace: token.namespace, mount: MountId(Uuid::from_bytes(id)) }
}

/// Deletes all that a token has stored: part of what a token's own purge does. Idempotent.
pub async fn purge(store: &Arc<Store>, token: &Token) -> Result<()> {
    super::below(store, Class::Cubbyhole, root_of(token)).await
}

/// Stages the answer that a fresh wrapping token opens.
pub(crate) async fn keep_answer(tx: &mut Tx, token: &Token, text: &[u8], answer: &SecretBytes) -> Result<()> {
    let own = Own::of(token, text)?;
    let sealed = own.seal(&own.tree.place(tx.store(), ANSWER), answer)?;
    own.tree.put(tx, ANSWER, &sealed, true).await
}

/// Stages the removal of the answer that a wrapping token opens, and answers it.
pub(crate) async fn take_answer(tx: &mut Tx, token: &Token, text: &[u8]) -> Result<Option<SecretBytes>> {
    let own = Own::of(token, text)?;
    let place = own.tree.place(tx.store(), ANSWER);
    let Some(mut sealed) = own.tree.get::<Sealed>(tx, ANSWER).await? else { return Ok(None) };
    let answer = own.open(&place, &mut sealed)?;
    own.tree.delete(tx, ANSWER).await?;
    tx.scrub();
    Ok(Some(answer))
}

/// Where the answer of a wrapping token lies, and where older clients read it.
const ANSWER: &str = "response";

/// A request's view of the one cubbyhole that it can see.
struct Own {
    tree: Tree,
    key: Key,
}

impl Own {
    fn new(cx: &Cx<'_>) -> Result<Self> {
        let token = cx.caller.token().filter(|it| it.kind == TokenKind::Service);
        let (Some(token), Some(presented)) = (token, cx.presented) else {
            return Err(Error::invalid("cubbyhole operations are only supported by 'service' type tokens"));
        };
        Self::of(token, presented.expose())
    }

    /// The cubbyhole of `token`, whose text is `text`.
    fn of(token: &Token, text: &[u8]) -> Result<Self> {
        let root = root_of(token);
        let secret = zeroize::Zeroizing::new(mac::sha256(&[text]));
        let key = Key::from_slice(&*secret)?;
        let key = mac::derive(&key, b"cubbyhole", "cubbyhole", &[root.mount.0.as_bytes()])?;
        Ok(Self { tree: Tree { class: Class::Cubbyhole, root }, key })
    }

    /// Seals for one place: what is moved to another name does not open there.
    fn seal(&self, place: &Place, plain: &SecretBytes) -> Result<Sealed> {
        let suite = Suite::XChaCha20Poly1305;
        let mut envelope = Vec::with_capacity(suite.nonce_len() + plain.len() + aead::TAG_LEN);
        envelope.resize(suite.nonce_len(), 0);
        envelope.extend_from_slice(plain.expose());
        aead::seal(suite, &self.key, &place.key.0, &mut envelope, suite.nonce_len())?;
        Ok(Sealed { envelope })
    }

    fn open(&self, place: &Place, sealed: &mut Sealed) -> Result<SecretBytes> {
        let suite = Suite::XChaCha20Poly1305;
        let (nonce, body) = sealed
            .envelope
            .split_at_mut_checked(suite.nonce_len())
            .ok_or(Error::Internal("a cubbyhole record is too short"))?;
        let plain = aead::open(suite, &self.key, nonce, &place.key.0, body)?;
        let out = SecretBytes::copy_of(plain);
        zeroize::Zeroize::zeroize(plain);
        Ok(out)
    }
}

/// A wrapped answer as older clients read it: text within JSON.
#[derive(serde::Serialize)]
struct Wrapped<'a> {
    response: &'a str,
}

/// The path of a secret; None for a folder.
fn secret<'a>(cx: &'a Cx<'_>) -> Option<&'a str> {
    let path = cx.param("path");
    (!path.is_empty() && !path.ends_with('/')).then_some(path)
}

async fn get(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let own = Own::new(cx)?;
    if cx.param("path").is_empty() {
        return Err(Error::invalid("missing path"));
    }
    let path = secret(cx).ok_or(Error::NotFound)?;
    let place = own.tree.place(tx.store(), path);
    let mut sealed = tx.peek::<Sealed>(&place).await?.ok_or(Error::NotFound)?;
    let secret = own.open(&place, &mut sealed)?;
    if path == ANSWER && cx.caller.token().is_some_and(crate::wrapping::is_wrapping) {
        let response = secret.expose_str().ok_or(Error::Internal("a wrapped answer is no text"))?;
        return Ok(Response::data(&Wrapped { response })?
            .warn("'cubbyhole/response' is deprecated: use sys/wrapping/unwrap, which checks more"));
    }
    Ok(Response { data: Some(secret), ..Response::default() })
}

async fn put(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let own = Own::new(cx)?;
    let Some(path) = secret(cx) else {
        return Err(Error::invalid(match cx.path.is_empty() {
            true => "missing path",
            false => "cannot write to a path ending in '/'",
        }));
    };
    let fresh = own.tree.get::<Sealed>(tx, path).await?.is_none();
    cx.may_write(!fresh)?;
    if cx.request.body.is_empty() {
        return Err(Error::invalid("missing data fields"));
    }
    let data = super::object(&cx.request.body)?;
    let sealed = own.seal(&own.tree.place(tx.store(), path), &data)?;
    own.tree.put(tx, path, &sealed, fresh).await?;
    Ok(Response::empty())
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let Some(path) = secret(cx) else { return Ok(Response::empty()) };
    let own = Own::new(cx)?;
    if own.tree.get::<Sealed>(tx, path).await?.is_some() {
        own.tree.delete(tx, path).await?;
        tx.scrub();
    }
    Ok(Response::empty())
}

async fn names(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let own = Own::new(cx)?;
    let path = cx.param("path");
    let folder = match path.is_empty() || path.ends_with('/') {
        true => path.to_owned(),
        false => format!("{path}/"),
    };
    Response::keys(&own.tree.list(tx, &folder).await?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        request::Operation,
        testing::{ROOT, TestCore, data},
    };

    // The barrier's keys alone do not open it: that takes the token as its holder presents it.
    #[tokio::test]
    async fn not_even_an_unsealed_server_reads_it_without_the_token() {
        let test = TestCore::new().await;
        let path = "cubbyhole/x";
        test.write(path, json!({ "v": "planted" })).await.unwrap();
        let open = test.core.unsealed().unwrap();
        let entry = open.tokens.place(&open.store, open.tokens.selector(ROOT.as_bytes()));
        let token = open.store.read::<Token>(&entry).await.unwrap().unwrap().value;
        let tree = Tree { class: Class::Cubbyhole, root: root_of(&token) };
        let place = tree.place(&open.store, "x");
        let mut sealed = open.store.read::<Sealed>(&place).await.unwrap().unwrap().value;
        assert!(!sealed.envelope.windows(7).any(|it| it == b"planted"));

        let own = |token: &[u8]| {
            let key = Key::from_slice(&mac::sha256(&[token])).unwrap();
            let key = mac::derive(&key, b"cubbyhole", "cubbyhole", &[tree.root.mount.0.as_bytes()]).unwrap();
            Own { tree, key }
        };
        let mut copy = Sealed { envelope: sealed.envelope.clone() };
        assert!(own(b"another").open(&place, &mut copy).is_err());
        // Nor does it open at another name.
        let mut copy = Sealed { envelope: sealed.envelope.clone() };
        assert!(own(ROOT.as_bytes()).open(&tree.place(&open.store, "y"), &mut copy).is_err());
        assert_eq!(own(ROOT.as_bytes()).open(&place, &mut sealed).unwrap().expose(), br#"{"v":"planted"}"#);

        let read = test.as_token(ROOT, Operation::Read, path, Value::Null).await.unwrap();
        assert_eq!(data(&read), json!({ "v": "planted" }));
    }
}
