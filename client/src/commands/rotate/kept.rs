//! The new value while a hook sets it at its origin: kept beside the secret.
//!
//! Between the hook and the store there is no transaction. So that the origin never has a value that the store has
//! not, it is stored before the hook runs, at `PATH.rotation`, and removed when the secret has it. Whatever ends us
//! in between, `--resume` goes on with the same value. And it is written only where nothing is: two rotations with
//! hooks exclude each other.

use serde::{Deserialize, Serialize};
use strongroom_sdk::{Kind, SecretString, kv::Expect};

use crate::{
    context::{Context, Located},
    failure::{Failure, SERVER},
};

/// A rotation was begun and is not finished.
pub(super) const UNFINISHED: u8 = 4;

#[derive(Deserialize, Serialize)]
pub(super) struct Kept {
    pub(super) field: String,
    pub(super) value: SecretString,
}

/// Where it lies.
pub(super) fn place(at: &Located) -> Located {
    Located { path: format!("{}.rotation", at.path), ..at.clone() }
}

/// The same, as people read it.
pub(super) fn shown(at: &Located) -> String {
    let place = place(at);
    format!("{}{}", place.mount, place.path)
}

/// The secret that is rotated.
fn typed(at: &Located) -> String {
    format!("{}{}", at.mount, at.path)
}

/// Keeps the value, if no other rotation has begun.
pub(super) async fn keep(cx: &Context, at: &Located, kept: &Kept) -> Result<(), Failure> {
    let place = place(at);
    match cx.client.kv(&place.mount).put_if(&place.path, kept, Expect::Absent).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == Kind::CasMismatch => Err(unfinished(at)),
        Err(error) => Err(Failure::from(error).within(&shown(at))),
    }
}

fn unfinished(at: &Located) -> Failure {
    Failure::new(format!(
        "another rotation is under way or was not finished: its value is kept at {}",
        shown(at)
    ))
    .hint(format!(
        "if nobody is at it, `secret rotate -resume {0} -- HOOK` finishes it, and `secret rotate -abandon {0}` \
         forgets it",
        typed(at)
    ))
    .code(UNFINISHED)
}

/// A new value now would be replaced by the older one that is kept, as soon as somebody resumes.
pub(super) async fn refuse_unfinished(cx: &Context, at: &Located, field: &str) -> Result<(), Failure> {
    // Who rotates without a hook need not be allowed to look there, and what is no rotation's is in nobody's way.
    match find(cx, at).await {
        Ok(Some(kept)) if kept.field == field => Err(unfinished(at)),
        _ => Ok(()),
    }
}

pub(super) async fn find(cx: &Context, at: &Located) -> Result<Option<Kept>, Failure> {
    let place = place(at);
    match cx.client.kv(&place.mount).get_as(&place.path).await {
        Ok(kept) => Ok(Some(kept)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) if error.kind() == Kind::Malformed => {
            Err(Failure::new(format!("what lies at {} is not of a rotation", shown(at)))
                .hint("somebody has put it there: move it away, and run this again")
                .code(SERVER))
        }
        Err(error) => Err(Failure::from(error).within(&shown(at))),
    }
}

/// Removes it with its history.
pub(super) async fn remove(cx: &Context, at: &Located) -> Result<(), Failure> {
    let place = place(at);
    let removed = cx.client.kv(&place.mount).delete_all(&place.path).await;
    removed.map_err(|error| Failure::from(error).within(&shown(at)))
}
