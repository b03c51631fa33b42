//! `secret run`: a program that finds its secrets in a tmpfs of its own.
//!
//! The order is what keeps it closed: namespaces first, while this is one thread; then the token is taken from
//! the environment and the process is closed to others; then the secrets are read, written, and forgotten; and
//! only then the program is started, with nothing of ours but its directory.

mod supervise;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use strongroom_inject::{Access, Error, Files, Held, PrivateMount, Target, publish};
use strongroom_process::Signals;
use strongroom_sdk::SecretString;

use crate::{
    context::{Context, Global},
    env,
    failure::Failure,
    inject::{Picked, Source, Wanted, leftover, warn_of},
    output::note,
};

/// A tmpfs is at least this large: some megabytes cost nothing until they are used.
const SMALLEST: u64 = 1 << 20;
/// What failed is us, as `env` and container runtimes have it; the program's own codes are passed on.
const OWN_FAILURE: u8 = 125;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret run --map db -- ./server                        $SECRETS_DIR/db/user, $SECRETS_DIR/db/password
  secret run --map db#password=pgpass -- ./server        $SECRETS_DIR/pgpass
  secret run --env --map db -- ./server                  $DB_USER, $DB_PASSWORD: see below
  secret run --env --map db#password=PGPASSWORD -- psql  $PGPASSWORD

A variable can be read by every process of the same user (/proc/PID/environ), is shown by `docker inspect`
where a container runtime sets it, and is inherited by whatever the program starts. Files are none of that.

Exit codes: the program's own, 128 + N if signal N ended it; 125 if it was not started, 126 if it cannot be
executed, 127 if it was not found.")]
pub(crate) struct Args {
    /// Give the secrets as environment variables, not as files
    #[arg(long)]
    env: bool,
    /// A secret, a field of it, and what it is called; may be repeated
    #[arg(long, value_name = "PATH[#FIELD][=NAME]", required = true)]
    map: Vec<Wanted>,
    /// Mount the tmpfs over this directory; only the program sees it
    #[arg(long, value_name = "DIR", conflicts_with = "env")]
    at: Option<PathBuf>,
    /// Use this directory, which must be a tmpfs, and mount nothing: for containers that may not mount. One
    /// program for each; what was injected there before is replaced
    #[arg(long, value_name = "DIR", conflicts_with_all = ["env", "at"])]
    tmpfs: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Answers the program's exit code.
pub(crate) fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let args = &args;
    let own = |failure: Failure| failure.code(OWN_FAILURE);
    let cx = args.source.context(global).map_err(own)?;
    if !args.env && args.tmpfs.is_none() {
        strongroom_process::enter_mount_namespace().map_err(|error| {
            own(Failure::new(format!("no private tmpfs can be had here: {error}"))).hint(
                "where namespaces are forbidden, --tmpfs DIR takes a tmpfs that is there; --env does without files",
            )
        })?;
    }
    close_to_others().map_err(own)?;
    let signals = Signals::take().map_err(|error| own(Failure::new(format!("signals: {error}"))))?;
    let read = match read(&cx, args, &signals).map_err(own)? {
        Read::All(read) => read,
        Read::Ended { signal } => return Ok(supervise::code_of_signal(signal)),
    };
    // The last copy of the token: what the allocator gets back it zeroes.
    drop(cx);
    let place = Place::with(args, read).map_err(own)?;
    strongroom_process::close_files_on_exec()
        .map_err(|error| own(Failure::new(format!("open files cannot be kept from the program: {error}"))))?;
    let mut command = Command::new(args.command.first().map_or_else(OsString::default, Clone::clone));
    command.args(args.command.iter().skip(1));
    place.tell(&mut command);
    supervise::supervise(&mut command, &signals)
}

// Rules 26, 117
/// Takes all credentials from the environment, and keeps other processes of this user, the program among them,
/// out of this one's memory and environment.
fn close_to_others() -> Result<(), Failure> {
    for name in env::credentials() {
        strongroom_process::remove_variable(name);
    }
    strongroom_process::close_to_others()
        .map_err(|error| Failure::new(format!("this process cannot be closed to others: {error}")))
}

enum Read {
    All(Vec<Picked>),
    /// We were told to end.
    Ended {
        signal: i32,
    },
}

/// Reads what is wanted, unless a signal asks us to end meanwhile. When it answers there are no threads.
fn read(cx: &Context, args: &Args, signals: &Signals) -> Result<Read, Failure> {
    const LOOK: Duration = Duration::from_millis(50);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let told_to_end = async {
            loop {
                if let Some(signal) = signals.pending_end() {
                    return signal;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            read = args.source.read(cx, &args.map) => read.map(Read::All),
            signal = told_to_end => Ok(Read::Ended { signal }),
        }
    })
}

/// Where the program finds its secrets. What was written is removed when this is dropped.
enum Place {
    Environment(BTreeMap<String, SecretString>),
    Mounted(PrivateMount),
    Borrowed { held: Held, path: PathBuf },
}

impl Place {
    fn with(args: &Args, read: Vec<Picked>) -> Result<Self, Failure> {
        let each = args.map.iter().zip(read);
        if args.env {
            let mut variables = BTreeMap::new();
            for (wanted, picked) in each {
                for (name, value) in wanted.variables(picked)? {
                    // Else whoever writes one secret could exchange another's value.
                    if variables.contains_key(&name) {
                        return Err(Failure::new(format!("two secrets would be the variable {name}"))
                            .hint("write PATH=NAME or PATH#FIELD=NAME for one of them"));
                    }
                    variables.insert(name, value);
                }
            }
            return Ok(Self::Environment(variables));
        }
        let mut files = Files::default();
        for (wanted, picked) in each {
            wanted.add_to(&mut files, picked).map_err(|error| Failure::new(error.to_string()))?;
        }
        let outcome = match &args.tmpfs {
            Some(path) => Self::borrowed(path, &files),
            None => Self::mounted(args.at.as_deref(), &files),
        };
        outcome.map_err(|error| match args.tmpfs.as_ref().or(args.at.as_ref()) {
            Some(path) => Failure::new(format!("{}: {error}", path.display())),
            None => Failure::new(format!("the secrets were not written: {error}")),
        })
    }

    fn mounted(at: Option<&Path>, files: &Files) -> Result<Self, Error> {
        let mount = PrivateMount::create(at, &env::runtime_directories(), files.size().max(SMALLEST))?;
        if mount.may_be_swapped() {
            note("warning: the machine has swap, and this kernel may write the secrets to it");
        }
        publish(&mount.target()?, files, &Access::default(), &leftover)?;
        mount.make_read_only()?;
        Ok(Self::Mounted(mount))
    }

    fn borrowed(path: &Path, files: &Files) -> Result<Self, Error> {
        let target = Target::open(path)?;
        warn_of(&target, path)?;
        let held = Held::publish(target, files, &Access::default(), &leftover)?;
        Ok(Self::Borrowed { held, path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()) })
    }

    fn tell(&self, command: &mut Command) {
        match self {
            Self::Environment(variables) => {
                command.envs(variables.iter().map(|(name, value)| (name, value.expose())));
            }
            Self::Mounted(mount) => {
                command.env(env::SECRETS_DIR, mount.path());
            }
            Self::Borrowed { path, .. } => {
                command.env(env::SECRETS_DIR, path);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Borrowed { held, .. } = self
            && let Err(error) = held.remove()
        {
            note(&format!("warning: the secrets are still there: {error}"));
        }
    }
}
