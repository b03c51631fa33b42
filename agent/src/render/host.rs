//! What templates reach: secrets that are followed, the time, and what the agent's own configuration allows.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
    time::SystemTime,
};

use serde::Deserialize;
use strongroom_inject::{Access, Medium, Missing, Single};
use strongroom_sdk::SecretString;
use strongroom_template::{Answer, Certificate, FileWrite, Host, Refusal, Secret, Text};
use zeroize::Zeroizing;

use crate::{
    config::Allowed,
    env,
    fetch::{Ask, Body, Fetch, Known, Private},
};

/// Files that a template reads are at most this long.
const LARGEST: u64 = 16 << 20;

/// One rendering's view of the world.
pub(super) struct Reach<'a> {
    pub(super) fetch: &'a Fetch,
    pub(super) allow: Allowed,
    pub(super) sandbox: Option<&'a Path>,
    /// Where `writeToFile` may write.
    pub(super) medium: Medium,
    /// All that was asked for.
    pub(super) used: BTreeSet<Ask>,
    /// Something of it was revoked.
    pub(super) is_gone: bool,
    /// Something of it is what an earlier agent has left.
    pub(super) is_left: bool,
}

impl Reach<'_> {
    fn ask(&mut self, ask: Ask) -> Option<Body> {
        let known = self.fetch.get(&ask);
        self.used.insert(ask);
        match known {
            Known::Body(body) => Some(body),
            Known::Left(body) => {
                self.is_left = true;
                Some(body)
            }
            Known::Nothing => None,
            Known::Gone => {
                self.is_gone = true;
                None
            }
        }
    }
}

impl Host for Reach<'_> {
    fn secret(&mut self, path: &Text, fields: &[(Text, Text)]) -> Result<Answer<Secret>, Refusal> {
        let path = utf8(path)?.trim_matches('/').to_owned();
        let ask = match fields {
            [] => Ask::Read { path },
            fields => Ask::Write { path, fields: pairs(fields)? },
        };
        match self.ask(ask) {
            None => Ok(Answer::Pending),
            // A write may answer nothing.
            Some(body) if body.is_empty() => Secret::from_json(b"{}").map(Answer::Ready).ok_or(MALFORMED),
            Some(body) => Secret::from_json(&body).map(Answer::Ready).ok_or(MALFORMED),
        }
    }

    fn secrets(&mut self, path: &Text) -> Result<Answer<Vec<Text>>, Refusal> {
        #[derive(Deserialize)]
        struct List {
            data: Keys,
        }
        #[derive(Deserialize)]
        struct Keys {
            keys: Vec<String>,
        }
        let path = utf8(path)?.trim_matches('/').to_owned();
        let Some(body) = self.ask(Ask::List { path }) else { return Ok(Answer::Pending) };
        let list: List = serde_json::from_slice(&body).map_err(|_| MALFORMED)?;
        Ok(Answer::Ready(list.data.keys.iter().map(|it| Text::from(it.as_str())).collect()))
    }

    fn now(&mut self) -> (i64, u32) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        (i64::try_from(now.as_secs()).unwrap_or(i64::MAX), now.subsec_nanos())
    }

    fn certificate(&mut self, path: &Text, fields: &[(Text, Text)]) -> Result<Answer<Certificate>, Refusal> {
        let ask = Ask::Write { path: utf8(path)?.trim_matches('/').to_owned(), fields: pairs(fields)? };
        let Some(body) = self.ask(ask) else { return Ok(Answer::Pending) };
        certificate(&body).map(Answer::Ready).ok_or(MALFORMED)
    }

    fn env(&mut self, name: &Text) -> Result<Option<Text>, Refusal> {
        if !self.allow.env {
            return Err(Refusal::NotAllowed);
        }
        let name = utf8(name)?;
        // How the agent itself proves who it is, is no template's business.
        if strongroom_sdk::env::is_credential(name) {
            return Err(Refusal::NotAllowed);
        }
        Ok(env::variable(name).map(|it| Text::from(it.as_str())))
    }

    fn file(&mut self, path: &Text) -> Result<Answer<Text>, Refusal> {
        if !self.allow.file {
            return Err(Refusal::NotAllowed);
        }
        let path = Path::new(utf8(path)?);
        let content = match self.sandbox {
            Some(sandbox) => read_below(sandbox, path),
            None => read(std::fs::File::open(path).ok()),
        };
        content.map(|it| Answer::Ready(Text::new(&it))).ok_or(Refusal::Failed("the file cannot be read"))
    }

    fn plugin(&mut self, program: &Text, arguments: &[Text]) -> Result<Text, Refusal> {
        if !self.allow.plugin {
            return Err(Refusal::NotAllowed);
        }
        let mut command = std::process::Command::new(utf8(program)?);
        for argument in arguments {
            command.arg(utf8(argument)?);
        }
        env::take_credentials_from(&mut command);
        let output = command.stdin(std::process::Stdio::null()).output();
        let output = output.map_err(|_| Refusal::Failed("the program cannot be started"))?;
        let stdout = Zeroizing::new(output.stdout);
        match output.status.success() {
            true => Ok(Text::new(stdout.trim_ascii())),
            false => Err(Refusal::Failed("the program has failed")),
        }
    }

    fn write_file(&mut self, write: &FileWrite<'_>) -> Result<(), Refusal> {
        if !self.allow.write {
            return Err(Refusal::NotAllowed);
        }
        let failed = |_| Refusal::Failed("the file cannot be written");
        let some = |text| Ok::<_, Refusal>(Some(utf8(text)?).filter(|it: &&str| !it.is_empty()));
        let flags = utf8(write.flags)?;
        let missing = if flags.contains("create_dest_dirs") { Missing::Create } else { Missing::Refuse };
        let access =
            Access::parse(some(write.user)?, some(write.group)?, utf8(write.permissions)?).map_err(failed)?;
        let place = Single::open(Path::new(utf8(write.path)?), self.medium, missing).map_err(failed)?;
        let mut content = Zeroizing::new(Vec::new());
        if flags.contains("append")
            && let Some(old) = place.content().map_err(failed)?
        {
            content.extend_from_slice(&old);
        }
        content.extend_from_slice(write.content.bytes());
        if flags.contains("newline") {
            content.push(b'\n');
        }
        place.replace(&content, &access).map_err(failed)
    }

    fn random(&mut self, buffer: &mut [u8]) -> Result<(), Refusal> {
        getrandom::fill(buffer).map_err(|_| Refusal::Failed("there is no randomness"))
    }
}

const MALFORMED: Refusal = Refusal::Failed("the server's answer is not what was asked for");

fn utf8(text: &Text) -> Result<&str, Refusal> {
    text.utf8().ok_or(Refusal::Failed("an argument is not UTF-8"))
}

fn pairs(fields: &[(Text, Text)]) -> Result<Vec<(String, Private)>, Refusal> {
    fields.iter().map(|(name, value)| Ok((utf8(name)?.to_owned(), Private::new(utf8(value)?)))).collect()
}

/// A file below a directory, reached through no link that leads out of it.
fn read_below(sandbox: &Path, path: &Path) -> Option<Zeroizing<Vec<u8>>> {
    let inside: PathBuf = path.strip_prefix(sandbox).unwrap_or(path).to_owned();
    let is_plain = inside.components().all(|it| matches!(it, Component::Normal(_) | Component::CurDir));
    is_plain.then(|| read(strongroom_inject::open_below(sandbox, &inside).ok())).flatten()
}

fn read(file: Option<std::fs::File>) -> Option<Zeroizing<Vec<u8>>> {
    use std::io::Read as _;
    let file = file?;
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(length.min(LARGEST)).ok()? + 1));
    file.take(LARGEST).read_to_end(&mut content).ok()?;
    Some(content)
}

/// What a PKI engine answers, as `pkiCert` hands it to templates.
fn certificate(body: &[u8]) -> Option<Certificate> {
    #[derive(Deserialize)]
    struct Issued {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        certificate: String,
        #[serde(default)]
        private_key: Option<SecretString>,
        #[serde(default)]
        issuing_ca: String,
        #[serde(default)]
        ca_chain: Option<Vec<String>>,
    }
    let data = serde_json::from_slice::<Issued>(body).ok()?.data;
    // Each block of PEM ends with a line's end.
    let whole = |pem: &str| Text::from(format!("{}\n", pem.trim_end()).as_str());
    Some(Certificate {
        cert: whole(&data.certificate),
        key: whole(data.private_key.as_ref().map_or("", SecretString::expose)),
        ca: whole(&data.issuing_ca),
        ca_chain: data.ca_chain.unwrap_or_default().iter().map(|it| whole(it)).collect(),
    })
}
