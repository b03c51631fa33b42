//! `secret inject`: secrets as files, for something that starts later.

use std::path::PathBuf;

use strongroom_inject::{Access, Error, Files, Target, publish, remove};

use crate::{
    context::Global,
    failure::Failure,
    inject::{Source, Wanted, leftover},
    output::note,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret inject --to /run/shop db                    /run/shop/db/user, /run/shop/db/password
  secret inject --to /run/shop db#password=pgpass    /run/shop/pgpass
  secret inject --to /run/shop --role-id-file R --secret-id-file S --owner shop --mode 0400 db
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
    /// The files' mode
    #[arg(long, value_name = "MODE", default_value = "0400")]
    mode: String,
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
    let failed = |error: Error| {
        let failure = Failure::new(format!("{}: {error}", args.to.display()));
        match error {
            Error::NotInMemory => failure
                .hint("mount one: mount -t tmpfs -o size=1m,mode=0755,noswap tmpfs DIR; /run often is one"),
            Error::Foreign(_) => failure.hint("remove it, or call the secret something else with PATH=NAME"),
            Error::Link => failure.hint("write the path without links, /run for /var/run"),
            _ => failure,
        }
    };
    let access = Access::parse(args.owner.as_deref(), args.group.as_deref(), &args.mode)
        .map_err(|error| Failure::new(error.to_string()))?;
    let target = Target::open(&args.to).map_err(failed)?;
    if args.remove {
        return remove(&target).map_err(failed);
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
    if target.is_open_to_all() {
        note(&format!("warning: everybody may write to {}, and replace what is there", args.to.display()));
    }
    publish(&target, &files, &access, &leftover).map_err(failed)
}
