//! The field that gets a new value: read, and written only as long as it is what was read.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use strongroom_sdk::{Error, Kind, SecretString, kv::Expect};

use crate::{
    commands::kv,
    context::{Context, Located},
    failure::{Failure, SERVER},
};

/// A field's values by name, numbers as they were written.
pub(super) type Values = BTreeMap<String, Box<RawValue>>;

/// How often somebody else may change other fields of the secret while it is being written.
const TRIES: usize = 5;

/// Where the secret lies, and which field was typed.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) at: Located,
    pub(super) field: Option<String>,
    /// Without the field.
    typed: String,
}

impl Named {
    pub(super) async fn find(cx: &Context, typed: &str) -> Result<Self, Failure> {
        let (typed, field) = match typed.rsplit_once('#') {
            Some((typed, field)) => (typed, Some(field.to_owned()).filter(|it| !it.is_empty())),
            None => (typed, None),
        };
        let mut at = cx.locate(typed).await?;
        at.path.truncate(at.path.trim_end_matches('/').len());
        if at.path.is_empty() {
            return Err(Failure::new("which secret? that is a mount, or nothing")
                .hint("write PATH#FIELD, as in db#password; `secret ls` shows what is there"));
        }
        if !at.is_kv || at.version == 1 {
            return Err(Failure::new("what is rotated lies in version 2 of the KV engine: it keeps the old value, and notices whoever else writes")
                .hint(format!("`secret kv enable-versioning {}` upgrades a mount of version 1", at.mount)));
        }
        Ok(Self { at, field, typed: typed.to_owned() })
    }

    /// As people and hooks read it: `secret/apps/shop/db`.
    pub(super) fn path(&self) -> String {
        format!("{}{}", self.at.mount, self.at.path)
    }

    /// The same where a field is known; none but that may have been typed.
    pub(super) fn of_field(self, known: &str) -> Result<Self, Failure> {
        match self.field.as_ref().is_none_or(|it| it == known) {
            true => Ok(Self { field: Some(known.to_owned()), ..self }),
            false => {
                let path = self.path();
                Err(Failure::new(format!("the rotation of {path} that was begun is of the field `{known}`"))
                    .hint(format!("`secret rotate -resume {path}` goes on with it")))
            }
        }
    }

    /// The current version, with the field that was typed, or else the only one or the one called `value`.
    pub(super) async fn read(self, cx: &Context) -> Result<Target, Failure> {
        let (values, version) = self.current(cx).await?;
        let known = || values.keys().cloned().collect::<Vec<_>>().join(", ");
        let field = match &self.field {
            Some(field) => field.clone(),
            None => match values.keys().next() {
                Some(only) if values.len() == 1 => only.clone(),
                _ if values.contains_key("value") => "value".to_owned(),
                _ => {
                    return Err(Failure::new(format!("which field of {}? write PATH#FIELD", self.typed))
                        .hint(format!("it has: {}", known())));
                }
            },
        };
        let Some(old) = values.get(&field) else {
            return Err(Failure::new(format!("{} has no field `{field}`", self.typed))
                .hint(format!("it has: {}", known())));
        };
        let old = serde_json::from_str::<SecretString>(old.get()).map_err(|_| {
            Failure::new(format!("the field `{field}` is no text: it is not replaced by text"))
                .hint(format!("`secret put -patch {} {field}=VALUE` sets what it is to be", self.typed))
        })?;
        Ok(Target { named: self, field, values, old, version })
    }

    async fn current(&self, cx: &Context) -> Result<(Values, u64), Failure> {
        match cx.client.kv(&self.at.mount).get(&self.at.path).await {
            Ok(secret) => Ok((secret.fields.decode()?, secret.metadata.version)),
            // What there is instead, and how it comes back.
            Err(error) if error.is_not_found() => match kv::read(cx, &self.at, None, &self.typed).await {
                Ok(_) => Err(error.into()),
                Err(failure) => Err(failure),
            },
            Err(error) => Err(Failure::from(error).within(&self.path())),
        }
    }
}

pub(super) struct Target {
    pub(super) named: Named,
    pub(super) field: String,
    /// All fields of the version, this one among them.
    pub(super) values: Values,
    pub(super) old: SecretString,
    pub(super) version: u64,
}

/// Why a value was not stored.
pub(super) enum Unstored {
    /// Somebody else gave the field another value.
    Changed,
    Failed(Failure),
}

impl Target {
    pub(super) fn data_path(&self) -> String {
        self.named.at.api("data")
    }

    /// As people and hooks read it: `secret/apps/shop/db`.
    pub(super) fn path(&self) -> String {
        self.named.path()
    }

    /// The same as it is now.
    pub(super) async fn again(&self, cx: &Context) -> Result<Self, Failure> {
        Named { field: Some(self.field.clone()), ..self.named.clone() }.read(cx).await
    }

    /// Stores the value as a new version and answers its number. Other fields are what they are by then; the field
    /// itself must be what was read.
    pub(super) async fn store(
        &self,
        cx: &Context,
        rights: &Rights,
        new: &SecretString,
    ) -> Result<u64, Unstored> {
        let mut now;
        let mut seen = self;
        for _ in 0..TRIES {
            match seen.write(cx, rights, new).await {
                Ok(version) => return Ok(version),
                // Or deleted: what was read says that better.
                Err(error) if matches!(error.kind(), Kind::CasMismatch | Kind::NotFound) => {}
                Err(error) => return Err(Unstored::Failed(Failure::from(error).within(&self.path()))),
            }
            now = self.again(cx).await.map_err(Unstored::Failed)?;
            seen = &now;
            // An attempt that was taken for a failure may have been none.
            if seen.old.is_same(new) {
                return Ok(seen.version);
            }
            if !seen.old.is_same(&self.old) {
                return Err(Unstored::Changed);
            }
        }
        let why = format!("others change {} all the time: nothing was stored", self.path());
        Err(Unstored::Failed(Failure::new(why).hint("run this again when it is quiet").code(SERVER)))
    }

    async fn write(&self, cx: &Context, rights: &Rights, new: &SecretString) -> Result<u64, Error> {
        let (kv, path) = (cx.client.kv(&self.named.at.mount), &self.named.at.path);
        let expect = Expect::Version(self.version);
        let one = BTreeMap::from([(self.field.as_str(), new)]);
        let written = match rights.patches(&self.data_path()) {
            true => kv.patch_if(path, &one, expect).await?,
            false => kv.put_if(path, &With { values: &self.values, one: &one }, expect).await?,
        };
        Ok(written.version)
    }
}

/// Fields, with another value for one of them.
struct With<'a> {
    values: &'a Values,
    one: &'a BTreeMap<&'a str, &'a SecretString>,
}

impl serde::Serialize for With<'_> {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = out.serialize_map(Some(self.values.len()))?;
        for (name, value) in self.values {
            match self.one.get(name.as_str()) {
                Some(new) => map.serialize_entry(name, new)?,
                None => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

/// What the token may do, as far as it may ask that.
pub(super) struct Rights(Option<BTreeMap<String, Vec<String>>>);

impl Rights {
    pub(super) async fn ask(cx: &Context, paths: &[&str]) -> Result<Self, Failure> {
        match cx.client.sys().capabilities(paths).await {
            Ok(found) => Ok(Self(Some(found))),
            Err(error) if error.is_denied() => Ok(Self(None)),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses if the token is known not to have one of these rights.
    pub(super) fn need(&self, path: &str, any: &[&str]) -> Result<(), Failure> {
        let Some(found) = &self.0 else { return Ok(()) };
        let has = found.get(path).map(Vec::as_slice).unwrap_or_default();
        match has.iter().any(|it| it == "root" || any.contains(&it.as_str())) {
            true => Ok(()),
            false => Err(Failure::new(format!(
                "your token may not {} {path}: nothing was changed",
                any.join(" or ")
            ))
            .hint("docs/rotation.md has the policy of whoever rotates")
            .code(SERVER)),
        }
    }

    /// A patch is the smallest change, where it is allowed.
    fn patches(&self, path: &str) -> bool {
        let has = self.0.as_ref().and_then(|it| it.get(path));
        has.is_some_and(|it| it.iter().any(|it| it == "patch" || it == "root"))
    }
}
