//! Holdings: which version of a secret a token has read, and until when it may use it.
//!
//! A read that asks for a lease (`X-Strongroom-Lease: 1h`) leaves one row, keyed by the secret and the token.
//! The next such read by the same token finds it and changes nothing, unless there is another version by now,
//! or less than half of the time that is asked for remains and more can be had. So reading again and again
//! costs what reading costs, and one look-up more.
//!
//! A holding ends with its token. That is not written anywhere: a holding is alive only as long as the token
//! is, so that whoever revokes a token has ended them all. Rows of the dead are swept away later.
//!
//! The rows lie in a tree below the mount, at the path of the request and the token's selector, so that the
//! holders of a secret, and of all below a folder, are found by listing.

use std::time::Duration;

use data_encoding::HEXLOWER;

use super::{
    id,
    index::{self, Ref},
    prefix,
    quota::{self, Quota},
};
use crate::{
    barrier::{Class, Filed, Place, Record, Root, filed},
    clock::Timestamp,
    core::Unsealed,
    crypto::random,
    dispatch::Cx,
    error::{Error, Result},
    mounts::{Mount, Mounted},
    request::Operation,
    response::{self, Response},
    settings::Settings,
    store::Store,
    tokens::{Caller, Epoch, Selector, Token, TokenKind, ttl::Limits},
    tree::Tree,
    tx::Tx,
};

/// What a read found: a version, and when that was written. The number alone would not tell a secret from
/// another one that was made at its path later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Held {
    pub version: u64,
    pub written: Timestamp,
}

/// What is stored of a holding.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct Holding {
    #[cbor(n(0), with = "crate::codec::selector")]
    pub(crate) handle: [u8; 16],
    #[cbor(n(1), with = "crate::codec::selector")]
    pub(crate) serial: [u8; 16],
    #[n(2)]
    pub version: u64,
    #[cbor(n(3), with = "crate::codec::timestamp")]
    pub written: Timestamp,
    #[cbor(n(4), with = "crate::codec::timestamp")]
    pub issued: Timestamp,
    /// Since when it is this version.
    #[cbor(n(5), with = "crate::codec::timestamp")]
    pub since: Timestamp,
    #[cbor(n(6), with = "crate::codec::timestamp")]
    pub expires: Timestamp,
    /// What a renewal without an increment asks for.
    #[cbor(n(7), with = "crate::codec::seconds")]
    pub granted: Duration,
    #[cbor(n(8), with = "crate::codec::maybe_timestamp")]
    pub renewed: Option<Timestamp>,
    /// When its token was made: another one may get its id.
    #[cbor(n(9), with = "crate::codec::timestamp")]
    pub(crate) holder_made: Timestamp,
    #[n(10)]
    pub(crate) epoch: Epoch,
    /// The minute under which it stands in the expiry index.
    #[n(11)]
    pub(crate) filed: u64,
}

impl Record for Holding {}

pub(super) const KINDS: &[Filed] = &[filed::<Holding>(Class::Holding)];

impl Holding {
    pub fn held(&self) -> Held {
        Held { version: self.version, written: self.written }
    }

    /// The last part of its id.
    pub fn name(&self) -> String {
        id::holding(self.handle, self.serial)
    }

    /// Whether it is the holding of this token, and still runs.
    pub(crate) fn is_of(&self, token: &Token, now: Timestamp) -> bool {
        self.holder_made == token.created && now < self.expires
    }

    /// Tells its rows from others of the same moment.
    pub(crate) fn row_tail(&self) -> [u8; 8] {
        self.serial.first_chunk().copied().unwrap_or_default()
    }

    /// Its end, which is never later than that of its token: that may have been given less time since.
    pub(crate) fn end(&self, token: &Token) -> Timestamp {
        token.expires.map_or(self.expires, |it| it.min(self.expires))
    }

    pub(crate) fn answer(&self, path: &str, token: &Token, now: Timestamp) -> response::Lease {
        let id = format!("{path}/{}", self.name());
        response::Lease { id, renewable: true, duration: self.end(token).since(now) }
    }

    /// Whether `until` is so much later that it is worth a write.
    fn is_short_of(&self, until: Timestamp, now: Timestamp) -> bool {
        until > self.expires && self.expires.since(now) * 2 < until.since(now)
    }
}

pub(crate) fn tree(root: Root) -> Tree {
    Tree { class: Class::Holding, root }
}

/// Where a token's holding of what lies at `path` in a mount is kept.
pub(crate) fn place(store: &Store, root: Root, path: &str, holder: Selector) -> Place {
    store.place(Class::Holding, root, &row_path(path, holder))
}

/// The same as a path in the tree of holdings.
pub(crate) fn row_path(path: &str, holder: Selector) -> String {
    let mut out = String::with_capacity(path.len() + 33);
    out.push_str(path);
    out.push('/');
    HEXLOWER.encode_append(&holder.0, &mut out);
    out
}

/// Until when a token may hold something, if it asks for `asked`.
pub(crate) fn until(
    mount: &Mount,
    settings: &Settings,
    token: &Token,
    asked: Duration,
    now: Timestamp,
) -> Timestamp {
    let asked = now.plus(asked.min(Limits::of(&mount.config, settings).max));
    token.expires.map_or(asked, |it| it.min(asked))
}

/// Gives the caller a holding of what the answer shows, if the request asks for one.
pub(super) async fn hold(cx: &Cx<'_>, tx: &mut Tx, response: &mut Response, held: Held) -> Result<()> {
    let Some(asked) = cx.request.lease_ttl else { return Ok(()) };
    let token = match holder(cx.caller) {
        Ok(token) => token,
        Err(why) => {
            response.warnings.push(format!("No lease was given: {why}."));
            return Ok(());
        }
    };
    let open = cx.open()?;
    let mount = cx.mount()?;
    let until = until(mount, cx.core.settings(), token, asked, cx.now);
    let place = place(&open.store, mount.root(), cx.path, Selector(token.selector));
    let found = open.store.cached::<Holding>(&place).await?.map(|it| it.value);
    let found = match found {
        Some(found) if found.is_of(token, cx.now) => {
            let revoked = prefix::covers_holding(open, mount.id, cx.path, found.epoch).await?;
            if !revoked && found.held() == held && !found.is_short_of(until, cx.now) {
                response.lease = Some(found.answer(cx.request.path.as_str(), token, cx.now));
                return Ok(());
            }
            !revoked
        }
        _ => false,
    };
    let wanted = Wanted { held, until, is_alive: found };
    let holding = write(cx, tx, token, &place, wanted).await?;
    response.lease = Some(holding.answer(cx.request.path.as_str(), token, cx.now));
    Ok(())
}

/// What a holding shall become.
struct Wanted {
    held: Held,
    until: Timestamp,
    /// There is one already, and it goes on.
    is_alive: bool,
}

async fn write(cx: &Cx<'_>, tx: &mut Tx, token: &Token, place: &Place, wanted: Wanted) -> Result<Holding> {
    let open = cx.open()?;
    let mount = cx.mount()?;
    let selector = Selector(token.selector);
    // Rule 41: with the token, its mount and the revocations as they are at the commit.
    still_there(open, tx, mount).await?;
    let token_place = open.tokens.place(tx.store(), selector);
    let current = tx.cached::<Token>(&token_place).await?;
    if !current.is_some_and(|it| it.created == token.created && it.is_live(cx.now)) {
        return Err(Error::Denied);
    }
    let epoch = crate::tokens::prefixes::epoch(tx).await?;
    let old = tx.get::<Holding>(place).await?;
    let Wanted { held, until, is_alive } = wanted;
    if let Some(mut holding) = old.clone().filter(|_| is_alive) {
        if holding.held() != held {
            holding.since = cx.now;
            (holding.version, holding.written) = (held.version, held.written);
        }
        if until > holding.expires {
            (holding.expires, holding.renewed) = (until, Some(cx.now));
            holding.granted = until.since(cx.now);
        }
        tx.put(place, &holding)?;
        return Ok(holding);
    }
    let holding = Holding {
        handle: open.leases.handle(mount.id, cx.path, selector),
        serial: random::bytes()?,
        version: held.version,
        written: held.written,
        issued: cx.now,
        since: cx.now,
        expires: until,
        granted: until.since(cx.now),
        renewed: None,
        holder_made: token.created,
        epoch,
        filed: index::minute_after(until),
    };
    let here = Site { root: mount.root(), path: cx.path, holder: selector };
    if let Some(old) = &old {
        here.forget_rows(tx, old).await?;
    }
    let quota = Quota { limit: cx.core.settings().max_leases, path: cx.request.path.as_str() };
    quota::take(tx, mount.root(), holding.row_tail(), &quota).await?;
    let row = Ref::Holding {
        namespace: mount.namespace,
        mount: mount.id,
        path: cx.path.to_owned(),
        holder: selector.0,
    };
    let expiry = index::expiry(tx.store(), holding.filed, holding.row_tail());
    tx.put(&expiry, &row)?;
    let of_token = index::token(tx.store(), selector, index::ordinal(holding.issued, holding.row_tail()));
    tx.put(&of_token, &row)?;
    tree(mount.root()).put(tx, &row_path(cx.path, selector), &holding, old.is_none()).await?;
    Ok(holding)
}

/// Where one holding lies.
pub(crate) struct Site<'a> {
    pub(crate) root: Root,
    pub(crate) path: &'a str,
    pub(crate) holder: Selector,
}

impl Site<'_> {
    pub(crate) fn place(&self, store: &Store) -> Place {
        place(store, self.root, self.path, self.holder)
    }

    /// Stages the end of a holding: there is nothing but its rows.
    pub(crate) async fn forget(&self, tx: &mut Tx, holding: &Holding) -> Result<()> {
        self.forget_besides(tx, holding, 0).await
    }

    /// As [`Site::forget`], where the transaction ends so many other holdings of the same secret.
    pub(super) async fn forget_besides(&self, tx: &mut Tx, holding: &Holding, others: usize) -> Result<()> {
        self.forget_rows(tx, holding).await?;
        let row = row_path(self.path, self.holder);
        let folder = tx.store().dir(self.root, &format!("{}/", self.path));
        // Folders are looked after only by whoever takes the last one out.
        match tx.store().has_more_than(Class::Holding, folder, others + 1).await? {
            true => {
                let place = self.place(tx.store());
                tx.delete(&place);
                Ok(())
            }
            false => tree(self.root).delete_last(tx, &row).await,
        }
    }

    /// Stages the end of the rows beside a holding, its part in the count among them.
    async fn forget_rows(&self, tx: &mut Tx, holding: &Holding) -> Result<()> {
        let tail = holding.row_tail();
        let expiry = index::expiry(tx.store(), holding.filed, tail);
        tx.delete(&expiry);
        let of_token = index::token(tx.store(), self.holder, index::ordinal(holding.issued, tail));
        tx.delete(&of_token);
        quota::give_back(tx, self.root, tail).await
    }
}

/// Refuses if the mount was disabled or moved since the request was routed, and fails the commit if that
/// happens until then.
pub(super) async fn still_there(open: &Unsealed, tx: &mut Tx, mount: &Mount) -> Result<()> {
    let table = open.mounts.checked(tx).await?;
    let found: Option<&std::sync::Arc<Mounted>> = table.at(&mount.full_path());
    match found.is_some_and(|it| it.mount.id == mount.id && !it.mount.tainted) {
        true => Ok(()),
        false => Err(Error::Busy),
    }
}

/// The token that may hold something, or why there is none.
fn holder(caller: &Caller) -> std::result::Result<&Token, &'static str> {
    match caller.token() {
        None => Err("only the holder of a token can hold a lease"),
        Some(token) if token.kind == TokenKind::Batch => Err("a batch token cannot hold one"),
        Some(token) if token.uses_left < 0 => Err("this was the token's last use"),
        Some(token) => Ok(token),
    }
}

/// Of whoever asked for a lease where there is none to be had.
pub(super) fn say_that_nothing_is_held(cx: &Cx<'_>, response: &mut Response) {
    let reads = matches!(cx.request.operation, Operation::Read | Operation::List | Operation::Scan);
    if cx.request.lease_ttl.is_some() && reads && response.data.is_some() && response.raw.is_none() {
        response.warnings.push("No lease was given: what was read is no secret's version.".to_owned());
    }
}
