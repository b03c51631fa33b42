//! What outlives the driver: which volume is where, and whose. Neither secrets nor tokens.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    path::Path,
};

use data_encoding::HEXLOWER;
use rustix::{
    fs::{AtFlags, Dir, Mode, OFlags, openat, renameat, unlinkat},
    io::Errno,
};
use serde::{Deserialize, Serialize};

use super::place::own_directory;
use crate::{Error, keyed::fingerprint};

const SCHEMA: u32 = 1;
/// Of one record.
const LARGEST: u64 = 64 << 10;
/// Of records: a node has some hundred pods.
const MOST: usize = 20_000;

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Record {
    schema: u32,
    pub(crate) volume: String,
    pub(crate) target: String,
    pub(crate) pod_uid: String,
}

impl Record {
    pub(crate) fn new(volume: &str, target: &str, pod_uid: &str) -> Self {
        Self {
            schema: SCHEMA,
            volume: volume.to_owned(),
            target: target.to_owned(),
            pod_uid: pod_uid.to_owned(),
        }
    }
}

/// A directory with a file for each volume.
pub(crate) struct Records(OwnedFd);

impl Records {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        own_directory(path).map(Self)
    }

    /// Whole, or as before.
    pub(crate) fn write(&self, record: &Record) -> Result<(), Error> {
        let failed = "write down where a volume is";
        let text = serde_json::to_vec(record).map_err(|it| Error::io(failed)(std::io::Error::from(it)))?;
        let name = name(&record.volume);
        let fresh = format!("{name}.new");
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = openat(&self.0, fresh.as_str(), flags, Mode::RUSR | Mode::WUSR);
        let mut file = made.map(File::from).map_err(Error::io(failed))?;
        file.write_all(&text).map_err(Error::io(failed))?;
        renameat(&self.0, fresh.as_str(), &self.0, name.as_str()).map_err(Error::io(failed))
    }

    pub(crate) fn remove(&self, volume: &str) -> Result<(), Error> {
        match unlinkat(&self.0, name(volume).as_str(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(Error::io("forget a volume")(error)),
        }
    }

    /// All that can be read; `other` is told of what cannot.
    pub(crate) fn read_all(&self, other: &dyn Fn(&str)) -> Result<Vec<Record>, Error> {
        let failed = "read which volumes there are";
        let mut records = Vec::new();
        for entry in Dir::read_from(&self.0).map_err(Error::io(failed))?.take(MOST) {
            let entry = entry.map_err(Error::io(failed))?;
            let Ok(file) = entry.file_name().to_str() else { continue };
            if !file.ends_with(".json") {
                continue;
            }
            match self.read(file).filter(|it| name(&it.volume) == file) {
                Some(record) => records.push(record),
                None => other(file),
            }
        }
        Ok(records)
    }

    fn read(&self, name: &str) -> Option<Record> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&self.0, name, flags, Mode::empty()).ok()?);
        let mut text = Vec::new();
        file.take(LARGEST).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok().filter(|it: &Record| it.schema == SCHEMA)
    }
}

/// A volume's id may be no name for a file.
fn name(volume: &str) -> String {
    HEXLOWER.encode(&fingerprint(volume)) + ".json"
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn records_are_kept_and_others_pass_by() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open(&dir.path().join("volumes")).unwrap();
        let one = Record::new("csi-1/../x", "/pods/u/mount", "u");
        records.write(&one).unwrap();
        records.write(&one).unwrap();
        let at = dir.path().join("volumes");
        std::fs::write(at.join("junk.json"), "{").unwrap();
        std::fs::copy(at.join(name("csi-1/../x")), at.join(name("csi-2"))).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", at.join("link.json")).unwrap();
        let others = Cell::new(0);
        let read = records.read_all(&|_| others.set(others.get() + 1)).unwrap();
        assert_eq!((read, others.get()), (vec![one.clone()], 3));
        records.remove("csi-1/../x").unwrap();
        records.remove("csi-1/../x").unwrap();
        assert!(records.read_all(&|_| ()).unwrap().is_empty());
        assert_eq!(std::fs::metadata(&at).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_record_holds_nothing_that_is_secret() {
        let text = serde_json::to_value(Record::new("v", "t", "u")).unwrap();
        let keys: Vec<&String> = text.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["pod_uid", "schema", "target", "volume"]);
    }
}
