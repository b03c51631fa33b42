//! `secret nomad-plugin`: the `secret` blocks of Nomad's jobs, answered from the store.
//!
//! Nomad starts it as `<common_plugin_dir>/secrets/strongroom`, with a word and perhaps a path, and with variables most
//! of which the job's author chose. It reads standard output, and must find nothing on standard error. A failure is
//! told in the answer, with exit status 0: Nomad shows the text of an answer, and only the number of an exit status.

mod ask;
mod job;
mod private;
mod settings;
mod wanted;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::json;
use strongroom_sdk::SecretString;
use zeroize::Zeroizing;

use self::{job::Job, settings::Settings, wanted::Wanted};
use crate::{context::Global, env, failure::Failure, output};

/// The command's own name.
pub(crate) const COMMAND: &str = "nomad-plugin";
/// What a job calls the provider; `strongroom-NAME` is another one, with settings of its own.
const PROVIDER: &str = "strongroom";
/// Where the settings are if they are not beside the plugin.
const SETTINGS: &str = "/etc/strongroom/nomad-plugin.hcl";

#[derive(Clone, Debug, clap::Subcommand)]
#[command(
    after_help = "Setup: link this program as <common_plugin_dir>/secrets/strongroom, and write its settings beside it \
into strongroom.hcl, mode 0600. docs/nomad.md has an example of everything."
)]
pub(crate) enum NomadPlugin {
    /// Print what Nomad wants to know of a plugin
    #[command(after_help = "Examples:\n  secret nomad-plugin fingerprint")]
    Fingerprint,
    /// Print a secret's fields, for the job that the environment names
    #[command(after_help = "Examples:
  NOMAD_NAMESPACE=default NOMAD_JOB_ID=shop secret nomad-plugin fetch default/shop/db
  NOMAD_NAMESPACE=default NOMAD_JOB_ID=shop secret nomad-plugin fetch -config=try.hcl 'default/shop/db?version=2#password'")]
    Fetch(Fetch),
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Fetch {
    /// The settings [default: strongroom.hcl beside the plugin, else /etc/strongroom/nomad-plugin.hcl]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Settings that may be there or not.
    #[arg(long, value_name = "FILE", hide = true)]
    beside: Option<PathBuf>,
    /// The secret: `app`, `secret/data/app`; one field of it, one version
    #[arg(value_name = "PATH[?version=N][#FIELD]")]
    path: String,
}

/// What Nomad reads.
#[derive(Serialize)]
struct Answer {
    result: Option<BTreeMap<String, SecretString>>,
    error: Option<String>,
}

impl NomadPlugin {
    pub(crate) fn run(self, _: &Global) -> Result<u8, Failure> {
        let said = match self {
            Self::Fingerprint => {
                json!({ "type": "secrets", "version": env!("CARGO_PKG_VERSION") }).to_string().into()
            }
            Self::Fetch(args) => {
                let answer = match fetch(&args) {
                    Ok(fields) => Answer { result: Some(fields), error: None },
                    Err(failure) => Answer { result: None, error: Some(failure.message().to_owned()) },
                };
                let said = serde_json::to_string(&answer).map(Zeroizing::new);
                said.map_err(|_| Failure::new("the answer cannot be written as JSON"))?
            }
        };
        output::line(&said).map(|()| 0)
    }
}

fn fetch(args: &Fetch) -> Result<BTreeMap<String, SecretString>, Failure> {
    let job = env::nomad_job();
    // The rest is the job's: no variable of it says whom we ask, whom we trust or who we are.
    env::forget_all();
    let (namespace, id) = job;
    let job = Job::new(namespace.as_deref(), id.as_deref()).map_err(|it| Failure::new(it.to_string()))?;
    let wanted = Wanted::parse(&args.path).map_err(|it| Failure::new(it.to_string()))?;
    let settings = Settings::read(&place(args)).map_err(|it| Failure::new(it.to_string()))?;
    ask::fetch(&settings, &job, &wanted)
}

fn place(args: &Fetch) -> PathBuf {
    let settings = PathBuf::from(SETTINGS);
    // Where there is neither, it is missed beside the plugin.
    let beside = args.beside.clone().filter(|it| it.symlink_metadata().is_ok() || !settings.exists());
    args.config.clone().or(beside).unwrap_or(settings)
}

/// What Nomad typed, as this command reads it; nothing if it was not Nomad that called us.
pub(crate) fn called_by_nomad(args: &[OsString]) -> Option<Vec<OsString>> {
    let program = Path::new(args.first()?);
    let name = program.file_name()?.to_str()?;
    let is_ours = name.strip_prefix(PROVIDER).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let word = args.get(1).filter(|it| is_ours && (*it == "fingerprint" || *it == "fetch"))?;
    let mut said = vec![program.into(), COMMAND.into(), word.clone()];
    if word == "fetch" {
        // Where the name was looked up on the PATH there is no telling where it lies.
        if let Some(dir) = program.parent().filter(|it| it.as_os_str() != OsStr::new("")) {
            said.push("--beside".into());
            said.push(dir.join(format!("{name}.hcl")).into());
        }
        // What follows is the job's, and no option.
        said.push("--".into());
    }
    said.extend(args.iter().skip(2).cloned());
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &[&str], expected: Option<&[&str]>) {
        let typed: Vec<OsString> = typed.iter().map(OsString::from).collect();
        let expected = expected.map(|it| it.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(called_by_nomad(&typed), expected);
    }

    // Rule 123: what a job calls its secret is a path, even if it looks like an option.
    #[test]
    fn nomad_is_told_by_the_name_and_the_word() {
        let plugin = "/opt/nomad/plugins/secrets/strongroom";
        check(&[plugin, "fingerprint"], Some(&[plugin, "nomad-plugin", "fingerprint"]));
        let beside = "/opt/nomad/plugins/secrets/strongroom.hcl";
        check(
            &[plugin, "fetch", "--config=/alloc/evil.hcl"],
            Some(&[plugin, "nomad-plugin", "fetch", "--beside", beside, "--", "--config=/alloc/evil.hcl"]),
        );
        let second =
            ["/p/strongroom-eu", "nomad-plugin", "fetch", "--beside", "/p/strongroom-eu.hcl", "--", "a"];
        check(&["/p/strongroom-eu", "fetch", "a"], Some(&second));
        check(&["strongroom", "fetch", "a"], Some(&["strongroom", "nomad-plugin", "fetch", "--", "a"]));
        // People may call the program so, and other programs may begin so.
        check(&[plugin, "get", "a"], None);
        check(&["/bin/secret", "fetch", "a"], None);
        check(&["/bin/strongrooms", "fetch", "a"], None);
        check(&[], None);
    }
}
