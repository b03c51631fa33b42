//! `secret inject`: secrets as files, for something that starts later.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use strongroom_inject::{Access, Error, Files, Notice, Target, publish, publish_and_tell, remove};

use crate::{
    context::Global,
    failure::Failure,
    inject::{Source, Wanted, leftover, warn_of},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret inject --to /run/shop db                    /run/shop/db/user, /run/shop/db/password
  secret inject --to /run/shop db#password=pgpass    /run/shop/pgpass
  secret inject --to /run/shop --role-id-file R --secret-id-file S --owner shop --mode 0400 db
  secret inject --to /run/shop --notify /run/shop/ready db      /run/shop/ready is written last
  secret inject --to /run/shop --remove              removes what was injected there")]
pub(crate) struct Args {
    /// A directory on a tmpfs
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Whose the files are: a name or a number
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
    /// The files' group: a name or a number
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// A group for all, as Kubernetes' fsGroup: it may read the files, and list the directories
    #[arg(long, value_name = "GROUP", conflicts_with = "group")]
    fs_group: Option<String>,
    /// The files' mode
    #[arg(long, value_name = "MODE", default_value = "0400")]
    mode: String,
    /// A file on a tmpfs that is written anew when all others are in place: the generation's name and the time
    #[arg(long, value_name = "FILE")]
    notify: Option<PathBuf>,
    /// Remove what was injected there
    #[arg(long, conflicts_with = "secrets")]
    remove: bool,
    #[command(flatten)]
    source: Source,
    /// Secrets: NAME/FIELD is written for each field, NAME being the path's last segment if none is given
    #[arg(value_name = "PATH[#FIELD][=NAME]", required_unless_present = "remove")]
    secrets: Vec<Wanted>,
}

pub(crate) fn inject(global: &Global, args: Args) -> Result<(), Failure> {
    // What can be wrong here is found before the server is asked, and before anything is logged there.
    let at = |path: &Path, error: Error| {
        let failure = Failure::new(format!("{}: {error}", path.display()));
        match error {
            Error::NotInMemory => failure
                .hint("mount one: mount -t tmpfs -o size=1m,mode=0755,noswap tmpfs DIR; /run often is one"),
            Error::Foreign(_) | Error::Taken(_) => {
                failure.hint("remove it, or call the secret something else with PATH=NAME")
            }
            Error::Io { ref source, .. } if source.kind() == ErrorKind::NotFound => {
                failure.hint("`mkdir -p DIR` makes it, on a tmpfs: below /run, /dev/shm or $XDG_RUNTIME_DIR")
            }
            Error::Link => failure.hint("write the path without links, /run for /var/run"),
            _ => failure,
        }
    };
    let failed = |error: Error| at(&args.to, error);
    let access = access(&args).map_err(|error| Failure::new(error.to_string()))?;
    let target = Target::open(&args.to).map_err(failed)?;
    let notice = || match &args.notify {
        Some(path) => Notice::open(path).map(Some).map_err(|error| at(path, error)),
        None => Ok(None),
    };
    let told = notice()?;
    if args.remove {
        // First what says that the rest is there.
        let untold = told.map_or(Ok(()), |it| it.remove());
        return remove(&target).and(untold).map_err(failed);
    }
    drop(target);
    let cx = args.source.context(global)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let read = runtime.block_on(args.source.read(&cx, &args.secrets))?;
    let mut files = Files::default();
    for (wanted, picked) in args.secrets.iter().zip(read) {
        wanted.add_to(&mut files, picked).map_err(|error| Failure::new(error.to_string()))?;
    }
    // The directory as it is now: it may have been mounted over while the server was waited for.
    let target = Target::open(&args.to).map_err(failed)?;
    warn_of(&target, &args.to).map_err(failed)?;
    match notice()? {
        Some(notice) => publish_and_tell(&target, &files, &access, &notice, &leftover),
        None => publish(&target, &files, &access, &leftover),
    }
    .map_err(failed)
}

fn access(args: &Args) -> Result<Access, Error> {
    let access = Access::parse(args.owner.as_deref(), args.group.as_deref(), &args.mode)?;
    args.fs_group.as_ref().map_or(Ok(access), |group| access.shared_with(group))
}
