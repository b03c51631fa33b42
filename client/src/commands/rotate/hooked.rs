//! A rotation with a hook: the order in which nothing is lost.
//!
//! Kept, set at the origin, stored, forgotten. A hook that was not started has changed nothing: then nothing is
//! kept either. One that failed may have changed the origin all the same, so that the value must stay.

use std::ffi::OsString;

use super::{
    hook::{self, Failed, Told},
    kept::{self, Kept, UNFINISHED},
    target::{Rights, Target, Unstored},
};
use crate::{context::Context, failure::Failure, output::note};

pub(super) struct Hooked<'a> {
    pub(super) cx: &'a Context,
    pub(super) rights: &'a Rights,
    /// May be empty where a rotation is resumed: somebody has seen to the origin.
    pub(super) hook: &'a [OsString],
}

impl Hooked<'_> {
    /// Answers the version that has the value.
    pub(super) async fn begin(&self, target: &Target, kept: Kept) -> Result<u64, Failure> {
        kept::keep(self.cx, &target.named.at, &kept).await?;
        // Said before anything can end us.
        note(&format!(
            "The new value is kept at {} until the hook has set it and the secret has it.",
            kept::shown(&target.named.at)
        ));
        let set = async {
            // Only now nobody else rotates it: what was read before may be old.
            let target = target.again(self.cx).await?;
            self.set(&target, &kept, false).await.map(|()| target)
        };
        match set.await {
            Ok(target) => self.finish(&target, &kept).await,
            Err(failure) if failure.code == UNFINISHED => Err(failure),
            Err(failure) => {
                self.forget(target).await?;
                Err(failure)
            }
        }
    }

    /// From wherever the rotation was stopped.
    pub(super) async fn resume(&self, target: &Target, kept: &Kept) -> Result<u64, Failure> {
        if !target.old.is_same(&kept.value) {
            self.set(target, kept, true).await?;
        }
        self.finish(target, kept).await
    }

    /// Runs the hook. Unless the failure is of [`UNFINISHED`] it has changed nothing.
    async fn set(&self, target: &Target, kept: &Kept, resumed: bool) -> Result<(), Failure> {
        let told = Told {
            path: &target.path(),
            field: &target.field,
            old: &target.old,
            new: &kept.value,
            secret: &target.values,
            resumed,
        };
        hook::run(self.hook, &told).await.map_err(|why| match why {
            Failed::NotStarted(error) => {
                Failure::new(format!("the hook cannot be started: {error}; nothing was changed, and nothing is kept"))
                    .hint("behind `--` stands a program by its path, which may be executed, and its arguments")
            }
            Failed::Ended(why) => {
                Failure::new(format!("the hook failed: {why}; {} is as it was", target.named.path()))
                    .hint(format!(
                        "the origin may have the new value, which is kept: `secret rotate -resume {0} -- HOOK` runs \
                         the hook with it again; if the origin has the old one, `secret rotate -abandon {0}` forgets it",
                        target.named.path()
                    ))
                    .code(UNFINISHED)
            }
        })
    }

    /// The origin has the value: the secret gets it, and nothing is kept any more.
    async fn finish(&self, target: &Target, kept: &Kept) -> Result<u64, Failure> {
        let stored = match target.old.is_same(&kept.value) {
            true => Ok(target.version),
            false => target.store(self.cx, self.rights, &kept.value).await,
        };
        let version = stored.map_err(|why| {
            let why = match &why {
                Unstored::Changed => "somebody else has given the field another value meanwhile",
                Unstored::Failed(failure) => failure.message(),
            };
            Failure::new(format!("the origin has the new value, and the secret has not: {why}"))
                .hint(format!(
                    "the value is kept: `secret rotate -resume {}` stores it, whatever the field is by then",
                    target.named.path()
                ))
                .code(UNFINISHED)
        })?;
        self.forget(target).await.map(|()| version)
    }

    async fn forget(&self, target: &Target) -> Result<(), Failure> {
        kept::remove(self.cx, &target.named.at).await.map_err(|failure| {
            let place = kept::shown(&target.named.at);
            Failure::new(format!("a value is still kept at {place}: {}", failure.message()))
                .hint(format!("`secret rotate -abandon {}` removes it", target.named.path()))
                .code(UNFINISHED)
        })
    }
}
