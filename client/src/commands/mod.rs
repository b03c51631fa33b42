//! One file for each group of commands, and the one list of them all.
//!
//! A new command is a file with its arguments and a function, and one line in [`Command`] below: the macro
//! makes clap's enum and the dispatch out of it.

#[cfg(not(all(feature = "kubernetes", feature = "scan", feature = "server")))]
mod absent;
pub(crate) mod agent;
#[cfg(feature = "server")]
pub(crate) mod audit;
pub(crate) mod completion;
#[cfg(feature = "kubernetes")]
pub(crate) mod csi;
pub(crate) mod docker;
#[cfg(feature = "scan")]
pub(crate) mod fix;
#[cfg(feature = "server")]
pub(crate) mod fsck;
pub(crate) mod import;
pub(crate) mod inject;
pub(crate) mod kv;
pub(crate) mod lease;
pub(crate) mod login;
pub(crate) mod mounts;
pub(crate) mod nomad_plugin;
pub(crate) mod operator;
pub(crate) mod policy;
#[cfg(feature = "server")]
pub(crate) mod quickstart;
pub(crate) mod raw;
pub(crate) mod rotate;
pub(crate) mod run;
#[cfg(feature = "scan")]
pub(crate) mod scan;
#[cfg(feature = "server")]
pub(crate) mod server;
pub(crate) mod setup;
#[cfg(feature = "server")]
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod vault_kv;
#[cfg(feature = "kubernetes")]
pub(crate) mod webhook;
mod wish;

use std::pin::Pin;

use crate::{
    context::{Context, Global},
    failure::Failure,
};

/// What needs the server's own code, in a build that has none of it.
#[cfg(not(feature = "server"))]
mod parts {
    pub(crate) mod audit {
        pub(crate) use crate::commands::absent::Group as Audit;
    }
    pub(crate) mod fsck {
        pub(crate) use crate::commands::absent::{Absent as Fsck, ask as fsck};
    }
    pub(crate) mod quickstart {
        pub(crate) use crate::commands::absent::{Absent as Args, run};
    }
    pub(crate) mod server {
        pub(crate) use crate::commands::absent::{Absent as Args, run};
    }
    pub(crate) mod snapshot {
        pub(crate) use crate::commands::absent::Group as Snapshot;
    }
}
/// The same, for what a cluster runs.
#[cfg(not(feature = "kubernetes"))]
mod webhook {
    pub(crate) use crate::commands::absent::{Absent as Args, run};
}
#[cfg(not(feature = "server"))]
use parts::{audit, fsck, quickstart, server, snapshot};

/// The same, for what goes through files.
#[cfg(not(feature = "scan"))]
mod fix {
    pub(crate) use crate::commands::absent::{Absent as Fix, ask as fix};
}
#[cfg(not(feature = "scan"))]
mod scan {
    pub(crate) use crate::commands::absent::{Absent as Scan, run as scan};
}

/// What a cluster's nodes need, in a build that has none of it.
#[cfg(not(feature = "kubernetes"))]
mod csi {
    pub(crate) use crate::commands::absent::Group as Csi;
}

/// What a command's function answers: an exit status, or nothing, which is 0.
pub(crate) trait Outcome {
    fn status(self) -> u8;
}

impl Outcome for () {
    fn status(self) -> u8 {
        0
    }
}

impl Outcome for u8 {
    fn status(self) -> u8 {
        self
    }
}

/// Runs a command that asks a server.
pub(crate) fn asking<T: Outcome>(
    global: &Global,
    ask: impl AsyncFnOnce(&Context) -> Result<T, Failure>,
) -> Result<u8, Failure> {
    let cx = Context::new(global, &strongroom_sdk::env::Process)?;
    wait(Box::pin(async { ask(&cx).await.map(Outcome::status) }))
}

/// Compiled once and not for each command.
fn wait(asked: Pin<Box<dyn Future<Output = Result<u8, Failure>> + '_>>) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    runtime.block_on(asked)
}

/// Commands and what runs them. `asking` have a server to talk to and get a `&Context`; `groups` have
/// commands below them; `alone` need no server and get the `&Global` options.
macro_rules! commands {
    (
        $(#[$meta:meta])* enum $name:ident
        $(asking { $($(#[$a_meta:meta])* $a:ident($a_args:ty) => $a_run:path,)* })?
        $(groups { $($(#[$g_meta:meta])* $g:ident($g_args:ty),)* })?
        $(alone { $($(#[$l_meta:meta])* $l:ident($l_args:ty) => $l_run:path,)* })?
    ) => {
        $(#[$meta])*
        #[derive(clap::Subcommand)]
        #[allow(clippy::large_enum_variant, reason = "there is one, and it is used at once")]
        pub(crate) enum $name {
            $($($(#[$a_meta])* $a($a_args),)*)?
            $($($(#[$g_meta])* #[command(subcommand)] $g($g_args),)*)?
            $($($(#[$l_meta])* $l($l_args),)*)?
        }

        impl $name {
            /// Answers the exit status.
            pub(crate) fn run(
                self,
                global: &$crate::context::Global,
            ) -> Result<u8, $crate::failure::Failure> {
                match self {
                    $($(Self::$a(args) => {
                        $crate::commands::asking(global, async move |cx| $a_run(cx, args).await)
                    })*)?
                    $($(Self::$g(command) => command.run(global),)*)?
                    $($(Self::$l(args) => $l_run(global, args).map($crate::commands::Outcome::status),)*)?
                }
            }
        }
    };
}
pub(crate) use commands;

commands! {
    enum Command
    asking {
        /// Store a secret
        Put(kv::Put) => kv::put,
        /// Read a secret
        Get(kv::Get) => kv::get,
        /// List secrets
        Ls(kv::Ls) => kv::ls,
        /// Delete a secret or some of its versions
        Rm(kv::Rm) => kv::rm,
        /// Bring deleted versions back
        Undelete(kv::Undelete) => kv::undelete,
        /// The versions of a secret
        History(kv::History) => kv::history,
        /// Which fields differ between two versions
        Diff(kv::Diff) => kv::diff,
        /// Move plaintext credentials out of files and into the store
        Fix(fix::Fix) => fix::fix,
        /// Edit a secret's fields
        Edit(kv::Edit) => kv::edit,
        /// Give a secret's field a new value, and see who still has the old one
        Rotate(rotate::Rotate) => rotate::rotate,
        /// Log in
        Login(login::Login) => login::login,
        /// Whether the server is sealed
        Status(status::Status) => status::status,
        /// Make a new store
        Init(operator::Init) => operator::init,
        /// Unseal the store
        Unseal(operator::Unseal) => operator::unseal,
        /// Seal the store
        Seal(operator::Seal) => operator::seal,
        /// Whether the store is sound
        Fsck(fsck::Fsck) => fsck::fsck,
        /// Read any path of the API
        Read(raw::Read) => raw::read,
        /// Write any path of the API
        Write(raw::Write) => raw::write,
        /// Change fields at any path of the API
        Patch(raw::Patch) => raw::patch,
        /// List any path of the API
        List(raw::List) => raw::list,
        /// Delete any path of the API
        Delete(raw::Delete) => raw::delete,
        /// Open a wrapped answer
        Unwrap(raw::Unwrap) => raw::unwrap,
        /// What a path of the API is for
        PathHelp(raw::PathHelp) => raw::path_help,
        /// The versions that the server has had
        VersionHistory(raw::VersionHistory) => raw::version_history,
    }
    groups {
        /// Secrets, in Vault's spelling
        Kv(vault_kv::Kv),
        /// Policies: what may be done
        Policy(policy::Policy),
        /// Tokens
        Token(token::Token),
        /// Leases: who holds which version of a secret, and what else ends
        Lease(lease::Lease),
        /// Back up the store, and put it back
        Snapshot(snapshot::Snapshot),
        /// Init, unseal, seal, rotate: in Vault's spelling
        Operator(operator::Operator),
        /// Let the workloads of a platform log in: Nomad, Kubernetes
        Setup(setup::Setup),
        /// Secrets engines: which answers where
        #[command(alias = "secrets")]
        Mount(mounts::Secrets),
        /// Auth methods: which answers where
        Auth(mounts::Auth),
        /// The audit log: is it whole, who did what
        Audit(audit::Audit),
        /// Secrets as volumes of Kubernetes
        Csi(csi::Csi),
        /// Docker's logins to registries, as its credential helper
        DockerCredential(docker::Docker),
        /// Nomad's `secret` blocks, as its plugin
        NomadPlugin(nomad_plugin::NomadPlugin),
        /// What this program knows
        Print(raw::Print),
    }
    alone {
        /// Turn the values of a file into secrets: .env, JSON, a Nomad job
        Import(import::Import) => import::import,
        /// Print what completes commands in bash, zsh or fish
        Completion(completion::Completion) => completion::completion,
        /// Write the manual's pages
        #[command(hide = true)]
        Man(completion::Man) => completion::man,
        /// This program's version
        Version(completion::Version) => completion::version,
        /// Run the server
        Server(server::Args) => server::run,
        /// Keep secrets fresh for the programs of a machine: files from templates, tokens, variables
        Agent(agent::Args) => agent::run,
        /// Give pods of Kubernetes that ask for secrets an agent: an admission webhook
        Webhook(webhook::Args) => webhook::run,
        /// Write secrets as files, for something that starts later
        Inject(inject::Args) => inject::inject,
        /// Run a program that finds its secrets on a tmpfs of its own
        Run(run::Args) => run::run,
        /// Find credentials that stand in files in plain text
        Scan(scan::Scan) => scan::scan,
        /// See it all at work: a server, an import, a workload, the audit log
        Quickstart(quickstart::Args) => quickstart::run,
    }
}
