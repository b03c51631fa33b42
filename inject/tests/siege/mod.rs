//! A writer at work while a neighbour does his worst and readers look on; and what came of it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::print_stderr, reason = "the last words of a test that hangs")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    io::Read as _,
    os::{fd::AsFd, unix::fs::MetadataExt as _},
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::{
    fs::{Gid, Mode, OFlags, Uid, openat},
    thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};

use crate::{attacks::Attack, room::Room};

/// Some pages, so that a file which is written in place is seen half written.
const LENGTH: usize = 12_000;
/// What is in files that are the neighbour's own.
pub const BAIT: &str = "bait";
/// Of a process that was ended because a write does not end.
pub const HANGS: i32 = 3;
/// Longer than this nobody is waited for: the test says then who never came.
const LONGEST: Duration = Duration::from_secs(120);
/// At least so often must the neighbour have come between, and a reader have seen all files.
const OFTEN: u32 = 300;
const SEEN: u32 = 20;

/// What a file holds after the write of that number.
pub fn content(number: u32) -> String {
    format!("{number:08}").repeat(LENGTH / 8)
}

/// One tmpfs with the target in it and, where links reach it, what is none of the writer's business.
pub struct Field {
    pub tmpfs: PathBuf,
    /// `up/target` below the tmpfs: the directory above can be exchanged too.
    pub up: PathBuf,
    pub at: PathBuf,
    pub outside: PathBuf,
    /// The neighbour's own things.
    pub lair: PathBuf,
    /// A naive writer would wait for ever.
    pub are_fifos_allowed: bool,
    /// No write takes nearly as long, on a machine that is busy with other tests too.
    pub patience: Duration,
    /// The neighbour's user, if he is another than the writer.
    pub neighbour: Option<u32>,
    /// Files that he could read.
    pub leaked: Mutex<BTreeSet<OsString>>,
    pub room: Room,
}

impl Field {
    pub fn new() -> Self {
        let room = Room::new();
        let tmpfs = room.mount("field", "tmpfs", "size=2m,mode=0755");
        let [up, outside, lair] = ["up", "outside", "lair"].map(|it| tmpfs.join(it));
        let at = up.join("target");
        for dir in [&at, &lair, &outside.join("target/db"), &outside.join("db")] {
            fs::create_dir_all(dir).unwrap();
        }
        for file in ["victim", "target/token", "target/a", "target/db/x", "db/x", "x"] {
            fs::write(outside.join(file), BAIT).unwrap();
        }
        Self {
            tmpfs,
            up,
            at,
            outside,
            lair,
            are_fifos_allowed: true,
            patience: Duration::from_secs(30),
            neighbour: None,
            leaked: Mutex::default(),
            room,
        }
    }

    /// All that is outside: content, mode, owners, number and times of each file and directory. Links that others
    /// make to a file are not its own.
    fn digest(&self) -> BTreeMap<PathBuf, String> {
        let mut seen = BTreeMap::new();
        let mut waiting = vec![self.outside.clone()];
        while let Some(path) = waiting.pop() {
            let meta = fs::symlink_metadata(&path).unwrap();
            let holds = match meta.is_file() {
                true => String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
                false => String::new(),
            };
            if meta.is_dir() {
                waiting.extend(fs::read_dir(&path).unwrap().map(|it| it.unwrap().path()));
            }
            let (mode, owner, group, number) = (meta.mode(), meta.uid(), meta.gid(), meta.ino());
            let written = (meta.mtime(), meta.mtime_nsec());
            seen.insert(path, format!("{mode:o} {owner}:{group} #{number} {written:?} {holds:?}"));
        }
        seen
    }
}

/// All files that a reader finds at one moment.
pub type Look = fn(&Path) -> Option<Vec<Vec<u8>>>;

/// Who writes: told the place and the number, and answering why not.
pub struct Writer<'w> {
    pub write: &'w dyn Fn(&Field, u32) -> Result<(), String>,
    /// So often it must succeed and be read, or the neighbour only keeps it from writing. Not one that fails anyway.
    pub at_least: u32,
    /// What a reader then finds, each file in the same directory as it was opened.
    pub look: Option<Look>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Changed outside: was and is.
    pub outside: Vec<String>,
    /// Seen by a reader: half files, mixed generations.
    pub torn: BTreeSet<String>,
    pub written: u32,
    pub refused: BTreeMap<String, u32>,
    pub attacks: u32,
    pub looks: u32,
    pub took: Duration,
}

impl Report {
    /// Whether everybody had his say.
    pub fn is_complete(&self) -> bool {
        self.took < LONGEST
    }

    pub fn is_clean(&self) -> bool {
        self.outside.is_empty() && self.torn.is_empty()
    }
}

/// Writes at least `rounds` times while the neighbour attacks.
pub fn siege(field: &Field, writer: &Writer<'_>, attack: &Attack, rounds: u32) -> Report {
    let before = field.digest();
    let is_done = AtomicBool::new(false);
    let [attacks, round, looks] = [0; 3].map(AtomicU32::new);
    let look = writer.look;
    let mut report = Report::default();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let neighbour = scope.spawn(|| {
            field.neighbour.into_iter().for_each(become_user);
            while !is_done.load(Ordering::Relaxed) {
                (attack.step)(field, attacks.fetch_add(1, Ordering::Relaxed));
            }
            (attack.end)(field);
        });
        let reader = scope.spawn(|| {
            let mut torn = BTreeSet::new();
            while !is_done.load(Ordering::Relaxed) {
                let Some(files) = look.and_then(|it| it(&field.at)) else {
                    std::hint::spin_loop();
                    continue;
                };
                looks.fetch_add(1, Ordering::Relaxed);
                torn.extend(judge(&files).err());
            }
            torn
        });
        scope.spawn(|| watch(field, attack.name, &is_done, &round));
        // One that fails anyway may stand in its own way: it is tried again.
        let longest = if writer.at_least == 0 { Duration::from_secs(3) } else { LONGEST };
        for number in 0.. {
            let is_often = attacks.load(Ordering::Relaxed) >= OFTEN && report.written >= writer.at_least;
            let is_seen = writer.at_least == 0 || looks.load(Ordering::Relaxed) >= SEEN;
            if number >= rounds && is_often && is_seen || begun.elapsed() > longest {
                break;
            }
            round.store(number, Ordering::Relaxed);
            match (writer.write)(field, number) {
                Ok(()) => report.written += 1,
                Err(why) => *report.refused.entry(why).or_default() += 1,
            }
        }
        is_done.store(true, Ordering::Relaxed);
        neighbour.join().unwrap();
        report.torn = reader.join().unwrap();
    });
    report.took = begun.elapsed();
    report.looks = looks.into_inner();
    // What the neighbour got another name for while it was written is whole by now, or empty.
    for path in fs::read_dir(&field.lair).unwrap().map(|it| it.unwrap().path()) {
        let is_file = path.symlink_metadata().unwrap().is_file();
        let content = if is_file { fs::read(&path).unwrap() } else { Vec::new() };
        if !content.is_empty() && path.file_name() != Some("junk".as_ref()) {
            report.torn.extend(judge(&[content]).err());
        }
    }
    report.attacks = attacks.into_inner();
    let after = field.digest();
    for path in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (was, is) = (before.get(path), after.get(path));
        if was != is {
            report.outside.push(format!("{}: {was:?} became {is:?}", path.display()));
        }
    }
    report
}

/// This thread alone, which has no privileges any more.
fn become_user(number: u32) {
    let (uid, gid) = (Uid::from_raw(number), Gid::from_raw(number));
    set_thread_groups(&[]).unwrap();
    set_thread_res_gid(gid, gid, gid).unwrap();
    set_thread_res_uid(uid, uid, uid).unwrap();
}

/// Ends the process when a write does not end: a test that hangs says nothing.
fn watch(field: &Field, attack: &str, is_done: &AtomicBool, round: &AtomicU32) {
    let (mut last, mut since) = (0, Instant::now());
    while !is_done.load(Ordering::Relaxed) {
        let now = round.load(Ordering::Relaxed);
        if now != last {
            (last, since) = (now, Instant::now());
        }
        if since.elapsed() > field.patience {
            eprintln!("{attack}: the write {now} hangs");
            std::process::exit(HANGS);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether files that were there at one moment are whole, and of one write. What the neighbour put there is his.
pub fn judge(files: &[Vec<u8>]) -> Result<(), String> {
    let mut numbers = BTreeSet::new();
    for file in files.iter().filter(|it| it.as_slice() != BAIT.as_bytes()) {
        let number: Option<u32> =
            file.get(..8).and_then(|it| std::str::from_utf8(it).ok()).and_then(|it| it.parse().ok());
        match number.filter(|it| content(*it).as_bytes() == file.as_slice()) {
            Some(number) => numbers.insert(number),
            None => return Err("a file that is not whole".to_owned()),
        };
    }
    if numbers.len() > 1 { Err("two writes mixed".to_owned()) } else { Ok(()) }
}

/// The files `names` below a directory as it was opened once. Nothing if one of them is not there, or is no file.
pub fn read_all(dir: &Path, names: &[&str]) -> Option<Vec<Vec<u8>>> {
    let dir = fs::File::open(dir).ok()?;
    names.iter().map(|it| read(&dir, it)).collect()
}

fn read(dir: impl AsFd, name: &str) -> Option<Vec<u8>> {
    // Not waiting for whoever has put a FIFO there.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = fs::File::from(openat(dir, name, flags, Mode::empty()).ok()?);
    let mut content = Vec::new();
    file.metadata().ok().filter(fs::Metadata::is_file)?;
    file.read_to_end(&mut content).ok()?;
    Some(content)
}
