//! `secret setup`: what a platform's workloads need to log in, made in one go and again without harm.

mod kubernetes;
mod nomad;

use serde_json::{Value, json};
use strongroom_sdk::{Error, Method};

use super::wish::{State, Wish};
use crate::{
    context::Context,
    failure::Failure,
    output::{Format, line, note},
};

super::commands! {
    enum Setup
    asking {
        /// Let the tasks of Nomad's jobs log in, each to the secrets of its own job
        Nomad(nomad::Nomad) => nomad::nomad,
        /// Let service accounts of Kubernetes log in, each to secrets of its own
        Kubernetes(kubernetes::Kubernetes) => kubernetes::kubernetes,
    }
}

/// How much is done.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Manner {
    /// Say what would change, and change nothing
    #[arg(long)]
    plan: bool,
    /// As -plan, and the exit status is 1 if anything would change
    #[arg(long)]
    check: bool,
}

/// What was found of each wish, and done about it.
struct Work<'a> {
    cx: &'a Context,
    manner: Manner,
    lines: Vec<Done>,
}

struct Done {
    path: String,
    state: State,
}

impl<'a> Work<'a> {
    fn new(cx: &'a Context, manner: Manner) -> Self {
        Self { cx, manner, lines: Vec::new() }
    }

    fn is_dry(&self) -> bool {
        self.manner.plan || self.manner.check
    }

    /// Enables an auth method if it is not there. Answers its accessor, or what stands for one that is not made yet.
    async fn method(&mut self, mount: &str, kind: &str) -> Result<String, Failure> {
        let found = accessor(self.cx, mount, kind).await?;
        let path = format!("auth/{mount}");
        let state = if found.is_some() { State::Same } else { State::Absent };
        if found.is_none() && !self.is_dry() {
            let body = json!({ "type": kind });
            self.cx.client.call(Method::Post, format!("sys/{path}")).json(&body).send().await?;
        }
        self.lines.push(Done { path, state });
        match found {
            Some(accessor) => Ok(accessor),
            None if self.is_dry() => Ok(format!("ACCESSOR-OF-{mount}")),
            None => {
                accessor(self.cx, mount, kind).await?.ok_or_else(|| Failure::new("the method was not made"))
            }
        }
    }

    /// Whether the method was there before.
    fn had_method(&self) -> bool {
        self.lines.first().is_some_and(|it| matches!(it.state, State::Same))
    }

    async fn grant(&mut self, wish: &Wish) -> Result<(), Failure> {
        let state = wish.state(&self.cx.client).await?;
        if !matches!(state, State::Same) && !self.is_dry() {
            wish.fulfil(&self.cx.client).await?;
        }
        self.lines.push(Done { path: wish.path.clone(), state });
        Ok(())
    }

    /// Prints what was done, and the texts that belong elsewhere, each under its title. Answers the exit status.
    fn tell(self, texts: &[(&str, String)]) -> Result<u8, Failure> {
        let is_dry = self.is_dry();
        let changed = self.lines.iter().filter(|it| !matches!(it.state, State::Same)).count();
        if self.cx.output.format == Format::Table {
            let rows: Vec<_> = self.lines.iter().map(|it| (it.path.clone(), it.state.told(is_dry))).collect();
            self.cx.output.table(&rows)?;
            for (title, text) in texts {
                line(&format!("\n# {title}\n{}", text.trim_end()))?;
            }
        } else {
            let steps: Vec<Value> = self
                .lines
                .iter()
                .map(|it| json!({ "path": it.path, "state": it.state.word(), "fields": it.state.fields() }))
                .collect();
            let texts: serde_json::Map<_, _> =
                texts.iter().map(|(title, text)| ((*title).to_owned(), json!(text))).collect();
            self.cx
                .output
                .data(&json!({ "planned": is_dry, "changes": changed, "steps": steps, "texts": texts }))?;
        }
        note(&match (changed, is_dry) {
            (0, _) => "Nothing changes: all of it is there.".to_owned(),
            (_, false) => format!("Done: {changed} made or changed."),
            (_, true) => format!("Planned: {changed} to be made or changed. Nothing was done."),
        });
        Ok(u8::from(self.manner.check && changed > 0))
    }
}

/// The accessor of the auth method at a mount, if there is one.
async fn accessor(cx: &Context, mount: &str, kind: &str) -> Result<Option<String>, Failure> {
    let methods: Value = cx.client.call(Method::Get, "sys/auth").send().await?.data()?;
    let Some(found) = methods.get(format!("{mount}/")) else { return Ok(None) };
    if found.get("type").and_then(Value::as_str) != Some(kind) {
        let other = format!("auth/{mount} is there already, and is no `{kind}` method");
        return Err(Failure::new(other).hint("-path puts it elsewhere"));
    }
    Ok(found.get("accessor").and_then(Value::as_str).map(str::to_owned))
}

/// Between a KV engine and a path: `data/` and `metadata/` where there are versions.
struct Engine {
    mount: String,
    has_versions: bool,
}

impl Engine {
    async fn find(cx: &Context, mount: &str) -> Result<Self, Failure> {
        let mount = mount.trim_matches('/');
        let engines = match cx.client.call(Method::Get, "sys/mounts").send().await {
            Ok(answer) => answer.data::<Value>()?,
            // Whoever may write policies need not see what is mounted.
            Err(Error::Api { status: 403, .. }) => Value::Null,
            Err(error) => return Err(error.into()),
        };
        let missing = || {
            Failure::new("there is no KV engine at that mount")
                .hint("`secret mount enable -path=MOUNT -version=2 kv` makes one, -kv names another")
        };
        let has_versions = match engines.get(format!("{mount}/")) {
            None if engines.is_null() => true,
            None => return Err(missing()),
            Some(found) if found.get("type") != Some(&json!("kv")) => return Err(missing()),
            Some(found) => found.pointer("/options/version") == Some(&json!("2")),
        };
        Ok(Self { mount: mount.to_owned(), has_versions })
    }

    /// Rules by which a folder is read, with what lies below it, and listed.
    fn rules_for(&self, folder: &str) -> String {
        let Self { mount, has_versions } = self;
        let (data, metadata) = if *has_versions { ("data/", "metadata/") } else { ("", "") };
        let read = |path: String| format!("path \"{path}\" {{\n  capabilities = [\"read\"]\n}}\n");
        let mut rules = read(format!("{mount}/{data}{folder}"));
        if *has_versions {
            rules.push_str(&read(format!("{mount}/{data}{folder}/*")));
            rules.push_str(&format!(
                "path \"{mount}/{metadata}{folder}/*\" {{\n  capabilities = [\"list\"]\n}}\n"
            ));
        } else {
            rules.push_str(&format!(
                "path \"{mount}/{folder}/*\" {{\n  capabilities = [\"read\", \"list\"]\n}}\n"
            ));
        }
        rules
    }
}

/// A mount's name as it was typed, without what is around it.
fn mount_of(typed: &str) -> &str {
    let typed = typed.trim_matches('/');
    typed.strip_prefix("auth/").unwrap_or(typed)
}

fn read(file: &std::path::Path) -> Result<String, Failure> {
    std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))
}
