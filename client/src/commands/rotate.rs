//! `rotate`: a new value for a field, who still has the old one, and the program that sets it at its origin.
//!
//! Without a hook there is one write, which succeeds only if the field is still what was read. With one the order
//! is: what could refuse is asked first; the new value is kept beside the secret (`kept`); the hook runs; the
//! secret gets the value; what was kept is removed. Whatever ends this in between, nothing is lost, and -resume
//! goes on. docs/rotation.md has the table.

mod generate;
mod holders;
mod hook;
mod hooked;
mod kept;
mod target;

use std::{ffi::OsString, io::IsTerminal as _, time::Duration};

use serde_json::json;
use strongroom_sdk::SecretString;

use self::{
    generate::{Generator, Rules},
    holders::{BEHIND, Holders},
    hooked::Hooked,
    kept::Kept,
    target::{Named, Rights, Target, Unstored},
};
use super::lease;
use crate::{
    context::Context,
    failure::{Failure, SERVER},
    input,
    output::{Format, note},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret rotate db#password                              32 letters and digits
  secret rotate -length=20 -symbols='!#%' db#password
  secret rotate -value-from=- api/stripe                 asks for it, or reads it from a pipe
  secret rotate -wait=10m db#password                    until nobody is known to have the old value
  secret rotate -wait=10m db#password -- ./set-password  sets it in the database first
  secret rotate -dry-run db#password                     who would be concerned

The hook gets a JSON object on standard input: path, field, old, new, secret (all fields), resumed.
If it fails the secret stays as it is, and the new value is kept at PATH.rotation, because the
origin may have it by then: -resume goes on, -abandon forgets it. docs/rotation.md has more.

Exit status 0: done. 1: typed wrongly, or the hook cannot be started. 2: the server refused. With
these two nothing was changed. 3: stored, but somebody that -wait waited for has the old value. 4: begun
and not finished.")]
pub(crate) struct Rotate {
    /// The secret and its field; without a field, the only one or `value`
    #[arg(value_name = "PATH[#FIELD]")]
    path: String,
    #[command(flatten)]
    rules: Rules,
    /// A file with the new value, or - for standard input; one line break behind a single line is left off
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["length", "chars", "symbols", "exclude"],
        help_heading = generate::HEADING
    )]
    value_from: Option<String>,
    /// Wait so long at most (90s, 10m) until nobody holds a lease of an older version
    #[arg(long, value_name = "TIME", value_parser = span)]
    wait: Option<Duration>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on with a rotation that was begun: with its value
    #[arg(long, conflicts_with_all = ["value_from", "length", "chars", "symbols", "exclude"])]
    resume: bool,
    /// Forget a rotation that was begun, and its value
    #[arg(long, conflicts_with_all = [
        "value_from", "length", "chars", "symbols", "exclude", "resume", "wait", "dry_run", "hook"
    ])]
    abandon: bool,
    /// A program, with its arguments, that sets the new value at its origin before it is stored
    #[arg(last = true, value_name = "HOOK")]
    hook: Vec<OsString>,
}

fn span(text: &str) -> Result<Duration, &'static str> {
    let text = input::duration(text)?;
    strongroom_api::params::parse_duration(&text).ok_or("not a span of time: write 90s, 5m or 24h")
}

pub(crate) async fn rotate(cx: &Context, args: Rotate) -> Result<u8, Failure> {
    // Whatever can be wrong with the value is said before the server is asked for anything.
    let value = NewValue::of(&args)?;
    let named = Named::find(cx, &args.path).await?;
    if args.abandon {
        return abandon(cx, &named).await;
    }
    let kept = match args.resume {
        true => Some(kept::find(cx, &named.at).await?.ok_or_else(|| {
            Failure::new(format!("no rotation was begun: nothing is kept at {}", kept::shown(&named.at)))
                .hint("without -resume one begins")
        })?),
        false => None,
    };
    let named = match &kept {
        Some(kept) => named.of_field(&kept.field)?,
        None => named,
    };
    let target = named.read(cx).await?;
    if !args.resume {
        kept::refuse_unfinished(cx, &target.named.at, &target.field).await?;
    }
    let rights = may(cx, &args, &target).await?;
    if args.wait.is_some() || args.dry_run {
        let holders = holders::of(cx, &target.data_path()).await?;
        if let (Holders::Unknown(why), true) = (&holders, args.wait.is_some()) {
            return Err(Failure::new(format!("-wait is not possible: {why}; nothing was changed"))
                .hint(format!("a policy lets it: read on sys/leases/holdings/{}", target.data_path()))
                .code(SERVER));
        }
        if args.dry_run {
            return planned(cx, &args, &target, &value.described(), holders);
        }
    }
    let hooked = Hooked { cx, rights: &rights, hook: &args.hook };
    let version = match kept {
        Some(kept) => hooked.resume(&target, &kept).await?,
        None => {
            let new = value.make()?;
            if new.is_same(&target.old) {
                return Err(Failure::new("that is the value that is there: nothing was changed")
                    .hint("give another one, or leave out -value-from to have one made"));
            }
            match args.hook.is_empty() {
                true => store(cx, &rights, &target, &new).await?,
                false => hooked.begin(&target, Kept { field: target.field.clone(), value: new }).await?,
            }
        }
    };
    note(&format!("Success! {}#{} has a new value: version {version}", target.path(), target.field));
    let behind = match args.wait {
        Some(limit) => Holders::Known(holders::wait(cx, &target.data_path(), version, limit).await?),
        // It is done; that this could not be asked changes nothing.
        None => match holders::of(cx, &target.data_path()).await {
            Ok(found) => found.behind(version),
            Err(_) => Holders::Unknown("the server did not answer"),
        },
    };
    let is_late = args.wait.is_some() && !behind.is_nobody();
    told(
        cx,
        &json!({ "path": target.path(), "field": target.field, "version": version, "changed": true }),
        behind,
    )?;
    Ok(if is_late { BEHIND } else { 0 })
}

/// Where the value comes from.
enum NewValue {
    Made(Generator),
    Given(SecretString),
    /// When the rotation was begun.
    Kept,
}

impl NewValue {
    fn of(args: &Rotate) -> Result<Self, Failure> {
        if args.resume || args.abandon {
            return Ok(Self::Kept);
        }
        let Some(from) = &args.value_from else { return Ok(Self::Made(Generator::new(&args.rules)?)) };
        let value = match from.as_str() {
            "-" if std::io::stdin().is_terminal() => input::secret_twice("The new value")?,
            file => one_line_or_all(&input::file_or_stdin(file)?),
        };
        if value.is_empty() {
            return Err(Failure::new("the new value is empty: nothing was changed")
                .hint("-value-from=FILE takes it from a file, `-` from a pipe; without it one is made"));
        }
        Ok(Self::Given(value))
    }

    fn make(self) -> Result<SecretString, Failure> {
        match self {
            Self::Made(generator) => generator.value(),
            Self::Given(value) => Ok(value),
            Self::Kept => Err(Failure::new("there is a value already")),
        }
    }

    fn described(&self) -> String {
        match self {
            Self::Made(generator) => generator.described(),
            Self::Given(_) => "the one that is given".to_owned(),
            Self::Kept => "the one that is kept".to_owned(),
        }
    }
}

/// A password's file ends in a line break that nobody meant; that of a key in PEM belongs to it.
fn one_line_or_all(text: &str) -> SecretString {
    let line = text.strip_suffix('\n').map_or(text, |it| it.strip_suffix('\r').unwrap_or(it));
    SecretString::new(if line.contains('\n') { text } else { line })
}

/// Asks beforehand for every right that will be needed: a refusal in the middle would leave the origin with a value
/// that the store does not have.
async fn may(cx: &Context, args: &Rotate, target: &Target) -> Result<Rights, Failure> {
    let place = kept::place(&target.named.at);
    let (data, kept, forget) = (target.data_path(), place.api("data"), place.api("metadata"));
    let rights = Rights::ask(cx, &[&data, &kept, &forget]).await?;
    rights.need(&data, &["update", "patch"])?;
    if args.resume || !args.hook.is_empty() {
        rights.need(&forget, &["delete"])?;
    }
    if !args.resume && !args.hook.is_empty() {
        rights.need(&kept, &["create"])?;
    }
    Ok(rights)
}

/// Stores the value where nothing outside has to be told.
async fn store(cx: &Context, rights: &Rights, target: &Target, new: &SecretString) -> Result<u64, Failure> {
    target.store(cx, rights, new).await.map_err(|why| match why {
        Unstored::Failed(failure) => failure,
        Unstored::Changed => Failure::new("somebody else has just given it a new value: nothing was stored")
            .hint("run this again if it shall have another one")
            .code(SERVER),
    })
}

async fn abandon(cx: &Context, named: &Named) -> Result<u8, Failure> {
    let kept = kept::find(cx, &named.at).await?;
    // Also of a value that has deleted itself: its history would be in the way of the next rotation.
    kept::remove(cx, &named.at).await?;
    note(&match kept {
        Some(kept) => format!(
            "Forgotten: {}#{} is as it was. If its origin had been given the kept value, set there what the secret has.",
            named.path(),
            kept.field
        ),
        None => format!("nothing was kept at {}", kept::shown(&named.at)),
    });
    Ok(0)
}

fn planned(
    cx: &Context,
    args: &Rotate,
    target: &Target,
    value: &str,
    holders: Holders,
) -> Result<u8, Failure> {
    let hook = if args.hook.is_empty() { "" } else { ", when the hook has set it at its origin" };
    let next = target.version.saturating_add(1);
    note(&format!(
        "{}#{} would have a new value as version {next}{hook}: {value}",
        target.path(),
        target.field
    ));
    let report =
        json!({ "path": target.path(), "field": target.field, "version": target.version, "changed": false });
    told(cx, &report, holders.behind(next))?;
    Ok(0)
}

/// What was done, and who has an older version than there is, or will be.
fn told(cx: &Context, report: &serde_json::Value, behind: Holders) -> Result<(), Failure> {
    if !matches!(cx.output.format, Format::Table | Format::Raw) || cx.output.field.is_some() {
        let mut report = report.clone();
        if let Some(report) = report.as_object_mut() {
            report.insert("holders".to_owned(), behind.into());
        }
        return cx.output.data(&report);
    }
    match behind {
        Holders::Unknown(why) => note(&format!("who has the old value is not known: {why}")),
        Holders::Known(all) => {
            match all.is_empty() {
                true => note("nobody holds a lease of the old value"),
                false => lease::table(cx, &all)?,
            }
            note("whoever reads without a lease is not seen here");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_break_behind_a_single_line_is_left_off() {
        for (text, value) in [
            ("one", "one"),
            ("one\n", "one"),
            ("one\r\n", "one"),
            (" one \n\n", " one \n\n"),
            ("-----BEGIN\nx\n-----END\n", "-----BEGIN\nx\n-----END\n"),
            ("\n", ""),
        ] {
            assert_eq!(one_line_or_all(text).expose(), value, "{text:?}");
        }
    }
}
