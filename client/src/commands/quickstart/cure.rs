//! The job with a password in it: found, moved into the store, rewritten, and rendered as Nomad renders it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde::Deserialize;
use serde_json::{Value, json};
use strongroom_sdk::{Client, Method, SecretString};

use super::{check, identity::Issuer, ok, room::Room, show};
use crate::failure::Failure;

const JOB: &str = include_str!("../../../../examples/rails-app.nomad.hcl");
/// The variable that is followed.
pub(super) const PASSWORD: &str = "DB_PASSWORD";
/// The job's name, and so that of the policy and the role that the fix writes.
pub(super) const NAME: &str = "rails-app";
/// Where tasks of Nomad log in.
const LOGIN: &str = "jwt-nomad";
const TASK: &str = "puma";

/// What became of the job.
pub(super) struct Cured {
    file: PathBuf,
    issuer: Issuer,
    /// The values by path and field, below the mount.
    pub(super) values: BTreeMap<(String, String), SecretString>,
}

impl Cured {
    /// Where the password went, and what it is.
    pub(super) fn password(&self) -> Result<(&str, &str, &SecretString), Failure> {
        let mut all = self.values.iter().map(|((path, field), value)| (path.as_str(), field.as_str(), value));
        all.find(|(_, field, _)| *field == PASSWORD).ok_or_else(|| Failure::new("the fix stored no password"))
    }
}

/// With the commands that a person would type.
pub(super) async fn cure(
    room: &Room,
    program: &Path,
    address: &str,
    client: &Client,
) -> Result<Cured, Failure> {
    let file = room.write("rails-app.nomad.hcl", JOB.as_bytes(), 0o600)?;
    let password = plain_password()?;
    let scanned = ask(program, "scan", &[], &file, None)?;
    check(scanned.status.code() == Some(1), "the scan found nothing in the job")?;
    check(!is_in(&scanned, password.expose()), "the scan printed the password")?;
    let report = String::from_utf8_lossy(&scanned.stdout).into_owned();
    let found = report.lines().filter(|it| it.contains("rails-app.nomad.hcl:")).count();
    ok(&format!("the scan found {found} plaintext credentials in the job {NAME}, and printed none"))?;
    show(&report)?;

    let issuer = Issuer::new()?;
    client.call(Method::Put, format!("sys/auth/{LOGIN}")).json(&json!({ "type": "jwt" })).send().await?;
    let config = json!({ "jwt_validation_pubkeys": [issuer.public_key()], "jwt_supported_algs": ["EdDSA"] });
    client.call(Method::Put, format!("auth/{LOGIN}/config")).json(&config).send().await?;
    let server = Some((address, client.token()));
    let fixed = ask(program, "fix", &["-yes", "-apply", "-format=json"], &file, server)?;
    check(
        fixed.status.success(),
        &format!("the fix failed: {}", String::from_utf8_lossy(&fixed.stderr).trim()),
    )?;
    check(!is_in(&fixed, password.expose()), "the fix printed the password")?;
    let rewritten =
        std::fs::read_to_string(&file).map_err(|error| Failure::new(format!("the job: {error}")))?;
    check(!rewritten.contains(password.expose()), "the password still stands in the job")?;
    let values = stored(&fixed.stdout, client).await?;
    ok(&format!(
        "the fix moved them into the store ({} values, each once) and rewrote the job",
        values.len()
    ))?;
    values.keys().try_for_each(|(path, field)| show(&format!("secret/{path}#{field}")))?;
    let again = ask(program, "scan", &[], &file, None)?;
    check(again.status.code() == Some(0), "the scan still finds something in the job")?;
    ok("the scan of the rewritten job is silent")?;
    Ok(Cured { file, issuer, values })
}

/// What Nomad does with the rewritten job: it signs an identity for the task, logs in with it to the role that the fix
/// wrote, and renders the task's template.
pub(super) fn render(room: &Room, program: &Path, address: &str, cured: &Cured) -> Result<(), Failure> {
    let (_, _, password) = cured.password()?;
    let token = cured.issuer.identity(&json!({
        "aud": "vault.io", "sub": "global:default:rails-app:web:puma:default", "nomad_namespace": "default",
        "nomad_job_id": NAME, "nomad_task": TASK,
    }))?;
    let token = room.write("identity.jwt", token.as_bytes(), 0o600)?;
    let template = room.write("puma.env.tpl", template(&cured.file)?.as_bytes(), 0o600)?;
    let memory = Memory::new()?;
    let rendered = memory.path().join("strongroom.env");
    let quoted = |path: &Path| strongroom_hcl::quote(&path.to_string_lossy());
    let config = format!(
        "exit_after_auth = true\n\nauto_auth {{\n  method \"jwt\" {{\n    mount_path = \"auth/{LOGIN}\"\n    config = {{ path = {} role = \"{NAME}\" }}\n  }}\n}}\n\ntemplate {{\n  source      = {}\n  destination = {}\n}}\n",
        quoted(&token),
        quoted(&template),
        quoted(&rendered),
    );
    let config = room.write("agent.hcl", config.as_bytes(), 0o600)?;
    let mut command = Command::new(program);
    command
        .arg("agent")
        .arg(format!("-config={}", config.display()))
        .env_clear()
        .env("STRONGROOM_ADDR", address);
    let ran = run(&mut command)?;
    check(
        ran.status.success(),
        &format!("the job's template was not rendered: {}", String::from_utf8_lossy(&ran.stderr).trim()),
    )?;
    let environment = std::fs::read_to_string(&rendered)
        .map_err(|error| Failure::new(format!("the environment: {error}")))?;
    let line = environment.lines().find_map(|it| it.strip_prefix(PASSWORD)?.strip_prefix('='));
    let given: Option<SecretString> = line.and_then(|it| serde_json::from_str(it).ok());
    check(given.is_some_and(|it| it.is_same(password)), "the task would get another password than it had")?;
    ok(&format!(
        "the task's own identity, the role and the policy that the fix wrote: {PASSWORD} is what it was"
    ))?;
    show(&format!(
        "auth/{LOGIN}/role/{NAME}, policy {NAME}; the template of the rewritten job, rendered in memory"
    ))
}

/// The password as it stands in the shipped job.
fn plain_password() -> Result<SecretString, Failure> {
    let findings = strongroom_scan::scan("rails-app.nomad.hcl", JOB);
    let found = findings.iter().find(|it| it.key == PASSWORD);
    found
        .map(|it| SecretString::new(it.value.expose()))
        .ok_or_else(|| Failure::new("the job has no password"))
}

fn ask(
    program: &Path,
    command: &str,
    options: &[&str],
    file: &Path,
    server: Option<(&str, Option<SecretString>)>,
) -> Result<Output, Failure> {
    let mut asked = Command::new(program);
    asked.arg(command).args(options).arg(file.file_name().unwrap_or_default()).env_clear();
    asked.current_dir(file.parent().unwrap_or(Path::new(".")));
    if let Some((address, token)) = server {
        asked.env("STRONGROOM_ADDR", address);
        if let Some(token) = token {
            asked.env("STRONGROOM_TOKEN", token.expose());
        }
    }
    run(&mut asked)
}

fn run(command: &mut Command) -> Result<Output, Failure> {
    command.stdin(Stdio::null());
    let ran = strongroom_process::with_no_signal_blocked(command).output();
    ran.map_err(|error| Failure::new(format!("this program cannot be run: {error}")))
}

fn is_in(output: &Output, word: &str) -> bool {
    [&output.stdout, &output.stderr].iter().any(|it| String::from_utf8_lossy(it).contains(word))
}

/// What the store has of that which the fix says it stored.
async fn stored(report: &[u8], client: &Client) -> Result<BTreeMap<(String, String), SecretString>, Failure> {
    #[derive(Deserialize)]
    struct Report {
        files: Vec<File>,
    }
    #[derive(Deserialize)]
    struct File {
        stored: Vec<Place>,
        left: Vec<Value>,
    }
    #[derive(Deserialize)]
    struct Place {
        path: String,
        field: String,
    }
    let report: Report =
        serde_json::from_slice(report).map_err(|_| Failure::new("the fix said something else"))?;
    check(report.files.iter().all(|it| it.left.is_empty()), "the fix left something in the job")?;
    let mut values = BTreeMap::new();
    for place in report.files.into_iter().flat_map(|it| it.stored) {
        let secret = client.kv("secret").get(&place.path).await?;
        let value = secret
            .field(&place.field)
            .ok_or_else(|| Failure::new("the store has not what the fix stored"))?;
        check(JOB.contains(value.expose()), "the store has what the job had not")?;
        values.insert((place.path, place.field), value);
    }
    Ok(values)
}

/// The template of the task, out of the rewritten job.
fn template(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::new(format!("the job: {error}")))?;
    let found = strongroom_hcl::parse(&text).ok().and_then(|body| {
        let job = body.view().blocks("job", 1).ok()?.into_iter().next()?;
        let groups = job.body.blocks("group", 1).ok()?;
        let mut tasks = groups.into_iter().filter_map(|it| it.body.blocks("task", 1).ok()).flatten();
        let task = tasks.find(|it| it.label(0) == TASK)?;
        let template = task.body.blocks("template", 0).ok()?.into_iter().next()?;
        template.body.str("data").ok()?.map(str::to_owned)
    });
    found.ok_or_else(|| Failure::new("the rewritten job has no template"))
}

/// A directory in memory, which is removed when dropped.
struct Memory(PathBuf);

impl Memory {
    fn new() -> Result<Self, Failure> {
        use std::os::unix::fs::DirBuilderExt as _;
        let base = Path::new("/dev/shm");
        let path = base.join(format!("secret-quickstart-{}", std::process::id()));
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| Failure::new(format!("no directory in memory: {}: {error}", path.display())))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // It is in memory, and ours alone; that it could not be removed hinders nothing.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
