//! The writer against whoever would have it write somewhere else, against full memory, and against kill -9.
//!
//! Each test mounts its own tmpfs in a mount namespace of its own, where it runs again by itself: as root, or as
//! an ordinary user in a user namespace.
#![allow(clippy::disallowed_methods, reason = "a test tells its own processes apart by a variable")]

mod memory;
mod neighbours;
mod notice;
#[path = "../tests/room/mod.rs"]
mod room;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use super::*;
use room::{Room, inside};

const WRITER: &str = "STRONGROOM_TEST_WRITER";

fn files(each: &[(&str, &str)]) -> Files {
    let mut files = Files::default();
    for (name, content) in each {
        files.add(FileName::parse(name).unwrap(), strongroom_sdk::SecretString::new(*content)).unwrap();
    }
    files
}

fn write(path: &Path, each: &[(&str, &str)]) -> Result<(), Error> {
    publish(&Target::open(path)?, &files(each), &Access::default(), &|_| ())
}

fn entries(path: &Path) -> BTreeSet<String> {
    fs::read_dir(path).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
}

/// The layout's parts, with generations counted instead of named.
fn layout(path: &Path) -> (BTreeSet<String>, usize) {
    let (generations, rest): (BTreeSet<_>, BTreeSet<_>) =
        entries(path).into_iter().partition(|it| it.starts_with("..2"));
    (rest, generations.len())
}

fn names(each: &[&str]) -> BTreeSet<String> {
    each.iter().map(|it| (*it).to_owned()).collect()
}

// Rule 114
#[test]
fn files_are_their_owners_alone() {
    if !inside("tests::files_are_their_owners_alone") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    let check = |access: &Access, owner: u32, expected: [u32; 3]| {
        publish(&Target::open(&target).unwrap(), &files(&[("db/password", "x")]), access, &|_| ()).unwrap();
        let file = fs::metadata(target.join("db/password")).unwrap();
        let folder = fs::metadata(target.join("db")).unwrap();
        let generation = fs::metadata(target.join("..data")).unwrap();
        assert_eq!([file.mode(), folder.mode(), generation.mode()].map(|it| it & 0o7777), expected);
        assert_eq!((file.uid(), folder.uid(), generation.uid()), (owner, owner, 0));
        assert_eq!((file.nlink(), file.is_file()), (1, true));
    };
    check(&Access::default(), 0, [0o400, 0o500, 0o700]);
    check(&Access::parse(None, Some("0"), "0440").unwrap(), 0, [0o440, 0o550, 0o750]);
    // In a user namespace nobody else exists.
    if fs::read_to_string("/proc/self/uid_map").unwrap().contains("4294967295") {
        check(&Access::parse(Some("65534"), Some("65534"), "0400").unwrap(), 65534, [0o400, 0o500, 0o711]);
        check(&Access::default().shared_with("65534").unwrap(), 0, [0o440, 0o2550, 0o2750]);
        for name in ["db/password", "db", "..data"] {
            assert_eq!(fs::metadata(target.join(name)).unwrap().gid(), 65534, "{name}");
        }
        // Whoever is in that group, and nobody else, reads them.
        let reads = |gid: u32| {
            let mut cat = Command::new("cat");
            cat.uid(65533).gid(gid);
            cat.arg(target.join("db/password")).stderr(std::process::Stdio::null());
            fs::set_permissions(room.base.path(), fs::Permissions::from_mode(0o755)).unwrap();
            cat.output().unwrap().stdout == b"x"
        };
        assert!(reads(65534) && !reads(65533));
    }
    // A group for all, as for a pod: only its number is another one.
    let shared = Access::default().shared_with("0").unwrap();
    check(&shared, 0, [0o440, 0o2550, 0o2750]);
    let single = Single::open(&target.join("token"), Medium::Memory, Missing::Refuse).unwrap();
    single.replace(b"x", &shared).unwrap();
    assert_eq!(fs::metadata(target.join("token")).unwrap().mode() & 0o7777, 0o440);
    fs::remove_file(target.join("token")).unwrap();
    // The umask of whoever starts it changes nothing.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o777));
    check(&Access::parse(None, None, "0444").unwrap(), 0, [0o444, 0o555, 0o755]);
}

// Rule 115
#[test]
fn names_come_and_go_with_their_generation() {
    if !inside("tests::names_come_and_go_with_their_generation") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    fs::write(target.join("other"), "not ours").unwrap();
    write(&target, &[("a", "1"), ("b/x", "1"), ("b/y", "1")]).unwrap();
    assert_eq!(layout(&target), (names(&["..data", "a", "b", "other"]), 1));
    write(&target, &[("b/x", "2"), ("c", "2")]).unwrap();
    assert_eq!(layout(&target), (names(&["..data", "b", "c", "other"]), 1));
    assert_eq!(fs::read_to_string(target.join("b/x")).unwrap(), "2");
    assert!(!target.join("b/y").exists());
    remove(&Target::open(&target).unwrap()).unwrap();
    assert_eq!(entries(&target), names(&["other"]));
    // There may be nothing to remove.
    remove(&Target::open(&target).unwrap()).unwrap();
}

// Rule 115
#[test]
fn a_reader_never_sees_a_mix() {
    if !inside("tests::a_reader_never_sees_a_mix") {
        return;
    }
    const FILES: [&str; 4] = ["a", "b/x", "b/y", "z"];
    let room = Room::new();
    let target = room.tmpfs();
    let round = |number: u32| -> Result<(), Error> {
        let content = format!("{number:08}").repeat(100);
        write(&target, &FILES.map(|name| (name, content.as_str())))
    };
    round(0).unwrap();
    let is_done = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !is_done.load(Ordering::Relaxed) {
                // By the directory as opened, as whoever watches `..data` does.
                let Ok(generation) = fs::read_link(target.join("..data")) else { continue };
                let generation = target.join(generation);
                let all: Result<Vec<String>, _> =
                    FILES.iter().map(|it| fs::read_to_string(generation.join(it))).collect();
                // It was replaced meanwhile: an error, and nothing in between.
                let Ok(all) = all else { continue };
                assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 1, "two generations mixed");
                assert_eq!(all[0].len(), 800, "a file that is not whole");
                seen.insert(all[0].clone());
                // And each name a program opens is there at every moment, and whole.
                for name in FILES {
                    match fs::read_to_string(target.join(name)) {
                        Ok(content) => assert_eq!(content.len(), 800),
                        // Removed between following `..data` and opening the file: the next attempt finds it.
                        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
                    }
                }
            }
            seen.len()
        });
        for number in 1..=500 {
            round(number).unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(seen > 3, "the reader saw {seen} generations only");
    assert_eq!(layout(&target), (names(&["..data", "a", "b", "z"]), 1));
}

// Rule 115
#[test]
fn kill_9_leaves_a_whole_generation_and_the_next_run_cleans_up() {
    const NAME: &str = "kill_9_leaves_a_whole_generation_and_the_next_run_cleans_up";
    if let Some(target) = std::env::var_os(WRITER) {
        let target = PathBuf::from(target);
        for number in 0_u64.. {
            let content = format!("{number:08}").repeat(64);
            let own = format!("own-{}", number % 3);
            write(&target, &[("a", &content), ("b/c", &content), (&own, &content)]).unwrap();
        }
    }
    if !inside(&format!("tests::{NAME}")) {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    let (mut killed_within, mut whole) = (0, 0);
    for round in 0..40_u64 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("tests::{NAME}"), "--nocapture"])
            .env(WRITER, &target)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let begun = std::time::Instant::now();
        let before = fs::read_link(target.join("..data")).ok();
        while fs::read_link(target.join("..data")).ok() == before {
            assert!(begun.elapsed() < Duration::from_secs(30), "the writer does not write");
        }
        // Any moment will do, as long as they differ.
        for _ in 0..round * 997 {
            std::hint::spin_loop();
        }
        writer.kill().unwrap();
        writer.wait().unwrap();

        let a = fs::read_to_string(target.join("..data/a")).unwrap();
        assert_eq!(a.len(), 512);
        assert_eq!(fs::read_to_string(target.join("..data/b/c")).unwrap(), a);
        whole += 1;
        let (rest, generations) = layout(&target);
        killed_within += usize::from(generations > 1 || rest.contains("..data_tmp"));
        if round % 4 == 0 {
            write(&target, &[("a", "clean")]).unwrap();
            assert_eq!(layout(&target), (names(&["..data", "a"]), 1));
        }
    }
    assert_eq!(whole, 40);
    assert!(killed_within > 0, "no writer was killed while it wrote");
}

#[test]
fn two_injections_do_not_meet() {
    if !inside("tests::two_injections_do_not_meet") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    let opened = Target::open(&target).unwrap();
    let lock = lock::Lock::take(&opened).unwrap();
    assert!(matches!(write(&target, &[("a", "1")]), Err(Error::Busy)));
    drop(lock);
    assert!(write(&target, &[("a", "1")]).is_ok());
}

// Rule 115
#[test]
fn what_is_held_is_nobody_elses_and_removes_only_itself() {
    if !inside("tests::what_is_held_is_nobody_elses_and_removes_only_itself") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    let hold =
        || Held::publish(Target::open(&target).unwrap(), &files(&[("a", "1")]), &Access::default(), &|_| ());
    let held = hold().unwrap();
    assert!(matches!(write(&target, &[("b", "2")]), Err(Error::Busy)));
    assert!(matches!(remove(&Target::open(&target).unwrap()), Err(Error::Busy)));
    assert!(matches!(hold(), Err(Error::Busy)));
    assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "1");
    held.remove().unwrap();
    drop(held);
    assert_eq!(entries(&target), names(&[]));

    // Somebody who does not look at locks puts another generation in its place.
    let held = hold().unwrap();
    let own = fs::read_link(target.join("..data")).unwrap();
    let other = "..2026_11_25_18_50_29.1d5f3a000000";
    fs::create_dir(target.join(other)).unwrap();
    fs::write(target.join(other).join("a"), "theirs").unwrap();
    fs::remove_file(target.join("..data")).unwrap();
    symlink(other, target.join("..data")).unwrap();
    held.remove().unwrap();
    assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "theirs");
    assert!(!target.join(own).exists());
}
