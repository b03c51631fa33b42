//! The writer against whoever would have it write somewhere else, against full memory, and against kill -9.
//!
//! Each test mounts its own tmpfs in a mount namespace of its own, where it runs again by itself: as root, or as
//! an ordinary user in a user namespace.
#![allow(clippy::disallowed_methods, reason = "a test tells its own processes apart by a variable")]

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

const INSIDE: &str = "STRONGROOM_TEST_NAMESPACE";
const WRITER: &str = "STRONGROOM_TEST_WRITER";

/// Runs the test `name` of this file once more in a namespace, and answers whether this is there.
#[track_caller]
fn inside(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--propagation", "private"]);
    if !rustix::process::geteuid().is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    let can = Command::new(unshare.get_program()).args(unshare.get_args()).arg("true").status();
    if !can.is_ok_and(|it| it.success()) {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no mount namespace can be had");
        return false;
    }
    let test = format!("tests::{name}");
    unshare.arg("--").arg(std::env::current_exe().unwrap());
    unshare.args(["--exact", &test, "--nocapture", "--test-threads=1"]).env(INSIDE, "1");
    let ran = unshare.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    false
}

/// A directory for one test. Whatever was mounted in it is unmounted before it is removed, so that nothing but
/// the directory itself is.
struct Room {
    mounts: std::cell::RefCell<Vec<PathBuf>>,
    base: tempfile::TempDir,
}

impl Drop for Room {
    fn drop(&mut self) {
        while let Some(path) = self.mounts.get_mut().pop() {
            unmount(&path, UnmountFlags::DETACH).unwrap();
        }
    }
}

impl Room {
    fn new() -> Self {
        Self { mounts: std::cell::RefCell::default(), base: tempfile::tempdir().unwrap() }
    }

    fn mount(&self, name: &str, kind: &str, options: &str) -> PathBuf {
        let path = self.base.path().canonicalize().unwrap().join(name);
        fs::create_dir(&path).unwrap();
        self.mount_over(&path, kind, &std::ffi::CString::new(options).unwrap());
        path
    }

    /// A new file system of that kind, never a part of one that is there.
    fn mount_over(&self, path: &Path, kind: &str, options: &std::ffi::CStr) {
        mount(kind, path, kind, MountFlags::NOSUID, options).unwrap();
        self.mounts.borrow_mut().push(path.to_owned());
    }

    fn tmpfs(&self) -> PathBuf {
        self.mount("target", "tmpfs", "size=4m,mode=0755")
    }
}

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

// Rule 112
#[test]
fn only_memory_is_written_to() {
    if !inside("only_memory_is_written_to") {
        return;
    }
    let room = Room::new();
    for path in [Path::new("/proc"), Path::new(env!("CARGO_MANIFEST_DIR"))] {
        assert!(matches!(Target::open(path), Err(Error::NotInMemory)), "{}", path.display());
    }
    assert!(write(&room.mount("tmpfs", "tmpfs", "size=1m,mode=0700"), &[("a", "1")]).is_ok());
    assert!(write(&room.mount("ramfs", "ramfs", "mode=0700"), &[("a", "1")]).is_ok());
    for (mode, is_open) in [("mode=0777", true), ("mode=1777", false), ("mode=0775", false)] {
        let path = room.mount(mode, "tmpfs", mode);
        assert_eq!(Target::open(&path).unwrap().is_open_to_all(), is_open, "{mode}");
    }
}

// Rule 112
#[test]
fn who_swaps_is_told_by_the_mount() {
    if !inside("who_swaps_is_told_by_the_mount") {
        return;
    }
    let room = Room::new();
    let (plain, ramfs) = (room.tmpfs(), room.mount("ramfs", "ramfs", "mode=0700"));
    let swaps = |path: &Path| Target::open(path).unwrap().may_be_swapped().unwrap();
    let machine = |swaps: &str| {
        let file = room.base.path().join("swaps");
        fs::write(&file, swaps).unwrap();
        rustix::mount::mount_bind(&file, "/proc/swaps").unwrap();
        room.mounts.borrow_mut().push(PathBuf::from("/proc/swaps"));
    };
    machine("Filename Type Size\n");
    assert!(!swaps(&plain) && !swaps(&ramfs));
    machine("Filename Type Size\n/dev/sda2 partition 1\n");
    assert!(swaps(&plain) && !swaps(&ramfs));
    fs::create_dir(plain.join("below")).unwrap();
    assert!(swaps(&plain.join("below")));
    // An ordinary user cannot have it, nor an older kernel.
    let path = room.base.path().canonicalize().unwrap().join("noswap");
    fs::create_dir(&path).unwrap();
    if mount("tmpfs", &path, "tmpfs", MountFlags::NOSUID, Some(c"noswap,size=64k")).is_ok() {
        room.mounts.borrow_mut().push(path.clone());
        fs::create_dir(path.join("below")).unwrap();
        assert!(!swaps(&path) && !swaps(&path.join("below")));
    } else {
        assert!(!rustix::process::geteuid().is_root() || std::env::var("CI").as_deref() != Ok("true"));
    }
}

// Rule 112: what is opened is checked, each time, and not what the path led to before.
#[test]
fn a_target_that_was_mounted_over_is_checked_anew() {
    if !inside("a_target_that_was_mounted_over_is_checked_anew") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    write(&target, &[("a", "1")]).unwrap();
    room.mount_over(&target, "devpts", c"newinstance");
    assert!(matches!(write(&target, &[("a", "2")]), Err(Error::NotInMemory)));
}

// Rule 113
#[test]
fn no_link_is_followed_to_the_target() {
    if !inside("no_link_is_followed_to_the_target") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    fs::create_dir_all(target.join("a/b")).unwrap();
    symlink(&target, target.with_file_name("link")).unwrap();
    symlink("a", target.join("inner")).unwrap();
    assert!(matches!(Target::open(&target.with_file_name("link")), Err(Error::Link)));
    assert!(matches!(Target::open(&target.join("inner/b")), Err(Error::Link)));
    assert!(matches!(Target::open(Path::new("/proc/self/cwd")), Err(Error::Link)));
    assert!(Target::open(&target.join("a/b")).is_ok());
    std::env::set_current_dir(target.join("a")).unwrap();
    assert!(Target::open(Path::new("b")).is_ok());
    assert!(Target::open(Path::new("../a/b")).is_err());
}

// Rule 113
#[test]
fn a_directory_put_in_the_targets_place_gets_nothing() {
    if !inside("a_directory_put_in_the_targets_place_gets_nothing") {
        return;
    }
    let room = Room::new();
    let base = room.tmpfs();
    let (at, moved, bait) = (base.join("at"), base.join("moved"), base.join("bait"));
    for dir in [&at, &bait] {
        fs::create_dir(dir).unwrap();
    }
    let target = Target::open(&at).unwrap();
    fs::rename(&at, &moved).unwrap();
    symlink(&bait, &at).unwrap();
    publish(&target, &files(&[("db/password", "x")]), &Access::default(), &|_| ()).unwrap();
    assert_eq!(entries(&bait), names(&[]));
    assert_eq!(fs::read_to_string(moved.join("db/password")).unwrap(), "x");
}

// Rules 113, 114: somebody with the rights of the writer itself exchanges what it has just made.
#[test]
fn a_link_swapped_in_while_writing_leads_nowhere() {
    if !inside("a_link_swapped_in_while_writing_leads_nowhere") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    let bait = room.base.path().canonicalize().unwrap().join("bait");
    fs::create_dir(&bait).unwrap();
    fs::write(bait.join("password"), "untouched").unwrap();
    let is_done = AtomicBool::new(false);
    let swapped = std::thread::scope(|scope| {
        let attacker = scope.spawn(|| {
            let mut swapped = 0_u32;
            while !is_done.load(Ordering::Relaxed) {
                for generation in entries(&target).into_iter().filter(|it| it.starts_with("..2")) {
                    let generation = target.join(generation);
                    // Over a folder that was just made, over a file to come, and over the whole generation.
                    let _ = fs::rename(generation.join("a"), generation.join("gone"));
                    swapped += u32::from(symlink(&bait, generation.join("a")).is_ok());
                    let _ = symlink(bait.join("password"), generation.join("z"));
                    let aside = generation.with_extension("aside");
                    if swapped.is_multiple_of(3) && fs::rename(&generation, aside).is_ok() {
                        let _ = symlink(&bait, &generation);
                    }
                }
            }
            swapped
        });
        for _ in 0..300 {
            // It may fail: what matters is where nothing arrives.
            let _ = write(&target, &[("a/password", "one"), ("b/c/password", "two"), ("z", "three")]);
            for entry in entries(&target) {
                let path = target.join(entry);
                let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            }
        }
        is_done.store(true, Ordering::Relaxed);
        attacker.join().unwrap()
    });
    assert!(swapped > 0, "the attacker never came between");
    // The attacker's own links may have got there; a file did not, nor a directory.
    let is_link = |name: &String| fs::symlink_metadata(bait.join(name)).unwrap().is_symlink();
    let arrived: BTreeSet<String> = entries(&bait).into_iter().filter(|it| !is_link(it)).collect();
    assert_eq!(arrived, names(&["password"]));
    assert_eq!(fs::read_to_string(bait.join("password")).unwrap(), "untouched");
    assert_eq!(fs::metadata(bait.join("password")).unwrap().mode() & 0o777, 0o644);
}

// Rule 114
#[test]
fn what_is_not_ours_is_neither_used_nor_removed() {
    if !inside("what_is_not_ours_is_neither_used_nor_removed") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    fs::create_dir(target.join("elsewhere")).unwrap();
    fs::write(target.join("mine"), "untouched").unwrap();
    type Plant<'a> = (&'a str, &'a dyn Fn(&Path));
    let plants: [Plant<'_>; 6] = [
        ("..data", &|at| fs::create_dir(at).unwrap()),
        ("..data", &|at| symlink("elsewhere", at).unwrap()),
        ("..data", &|at| symlink("../../etc", at).unwrap()),
        ("db", &|at| fs::hard_link(target.join("mine"), at).unwrap()),
        ("db", &|at| symlink("mine", at).unwrap()),
        ("..data_tmp", &|at| fs::write(at, "x").unwrap()),
    ];
    for (name, make) in plants {
        let at = target.join(name);
        make(&at);
        let before = entries(&target);
        assert!(matches!(write(&target, &[("db/password", "x")]), Err(Error::Foreign(it)) if it == name));
        assert_eq!(entries(&target), before);
        assert_eq!(fs::read_to_string(target.join("mine")).unwrap(), "untouched");
        fs::remove_file(&at).or_else(|_| fs::remove_dir(&at)).unwrap();
    }
    write(&target, &[("db/password", "x")]).unwrap();
}

// Rule 114
#[test]
fn files_are_their_owners_alone() {
    if !inside("files_are_their_owners_alone") {
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
    if !inside("names_come_and_go_with_their_generation") {
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
    if !inside("a_reader_never_sees_a_mix") {
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
fn a_full_tmpfs_keeps_the_old_generation() {
    if !inside("a_full_tmpfs_keeps_the_old_generation") {
        return;
    }
    let room = Room::new();
    let target = room.mount("small", "tmpfs", "size=64k,mode=0755");
    let (small, large) = ("x".repeat(20_000), "y".repeat(30_000));
    write(&target, &[("a", &small), ("b", &small)]).unwrap();
    let before = (layout(&target), fs::read_link(target.join("..data")).unwrap());
    let full = write(&target, &[("a", &large), ("new", &large)]);
    assert!(matches!(full, Err(Error::Full)), "{full:?}");
    assert_eq!((layout(&target), fs::read_link(target.join("..data")).unwrap()), before);
    assert_eq!(fs::read_to_string(target.join("b")).unwrap(), small);
    write(&target, &[("a", "fits")]).unwrap();
    assert_eq!(layout(&target), (names(&["..data", "a"]), 1));

    // No room for one more name: the links fail, and what was made for them is gone too.
    let target = room.mount("few", "tmpfs", "nr_inodes=9,mode=0755");
    write(&target, &[("a", "1"), ("b", "1")]).unwrap();
    let before = layout(&target);
    assert!(matches!(write(&target, &[("a", "2"), ("c", "2")]), Err(Error::Full)));
    assert_eq!(layout(&target), before);
    assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "1");
    // Nor for a lock: what is to be gone is gone all the same.
    let fill = (0..).map_while(|it: u32| fs::write(target.join(format!("fill-{it}")), "").ok());
    assert!(fill.count() < 9);
    assert!(matches!(write(&target, &[("a", "2")]), Err(Error::Full)));
    remove(&Target::open(&target).unwrap()).unwrap();
    assert!(entries(&target).iter().all(|it| it.starts_with("fill-")));
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
    if !inside(NAME) {
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
    if !inside("two_injections_do_not_meet") {
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

// Rule 115: what is to be gone is gone, whatever somebody has put beside it or in its place.
#[test]
fn what_is_in_the_way_keeps_nothing_from_being_removed() {
    if !inside("what_is_in_the_way_keeps_nothing_from_being_removed") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    let plant_over = |name: &str| {
        let _ = fs::remove_file(target.join(name));
        fs::create_dir_all(target.join(name).join("theirs")).unwrap();
    };
    for name in ["..data", "..data_tmp"] {
        write(&target, &[("a", "1"), ("b", "1"), ("c", "1")]).unwrap();
        plant_over("b");
        plant_over(name);
        let removed = remove(&Target::open(&target).unwrap());
        assert!(matches!(removed, Err(Error::Foreign(it)) if it == name));
        assert_eq!(layout(&target), (names(&["b", name]), 0));
        fs::remove_dir_all(target.join("b")).unwrap();
        fs::remove_dir_all(target.join(name)).unwrap();
    }
}

// Rules 113, 115
#[test]
fn a_link_that_is_exchanged_again_is_no_success() {
    if !inside("a_link_that_is_exchanged_again_is_no_success") {
        return;
    }
    let room = Room::new();
    let path = room.tmpfs();
    write(&path, &[("a", "1")]).unwrap();
    let old = fs::read_link(path.join("..data")).unwrap();
    let target = Target::open(&path).unwrap();
    let check = |then: &dyn Fn(&Path), expected: bool| {
        let fresh = generation::Generation::create(&target).unwrap();
        links::exchange(&target, &links::Layout::read(&target).unwrap(), &fresh).unwrap();
        then(&path.join(fs::read_link(path.join("..data")).unwrap()));
        assert_eq!(links::check_exchanged(&target, &fresh).is_ok(), expected);
        let _ = fs::remove_file(path.join("..data"));
        symlink(&old, path.join("..data")).unwrap();
    };
    check(&|_| (), true);
    check(&|_| fs::remove_file(path.join("..data")).unwrap(), false);
    check(&|fresh| fs::rename(fresh, path.join("aside")).unwrap(), false);
    check(
        &|_| {
            fs::remove_file(path.join("..data")).unwrap();
            symlink(&old, path.join("..data")).unwrap();
        },
        false,
    );
    // Nor is what came there while we wrote replaced.
    fs::remove_file(path.join("..data")).unwrap();
    let (fresh, layout) =
        (generation::Generation::create(&target).unwrap(), links::Layout::read(&target).unwrap());
    fs::write(path.join("..data"), "theirs").unwrap();
    assert!(matches!(links::exchange(&target, &layout, &fresh), Err(Error::Foreign(_))));
    assert_eq!(fs::read(path.join("..data")).unwrap(), b"theirs");
    assert!(!path.join("..data_tmp").exists());
    // Moved, it is emptied all the same.
    file::fill(&file::create(fresh.as_fd(), "a").unwrap(), b"secret", &Access::default()).unwrap();
    fs::rename(path.join(fresh.name()), path.join("kept")).unwrap();
    drop(fresh);
    assert_eq!(entries(&path.join("kept")), names(&[]));
}

// Rule 115: whoever watches the notice alone finds what it names, or something newer.
#[test]
fn a_notice_comes_after_what_it_names() {
    if !inside("a_notice_comes_after_what_it_names") {
        return;
    }
    let room = Room::new();
    let path = room.tmpfs();
    let other = room.mount("other", "tmpfs", "size=1m,mode=0755");
    for notice in [path.join("ready"), other.join("ready")] {
        let tell = |number: u32| {
            let (files, access) = (files(&[("number", &number.to_string())]), Access::default());
            let (target, notice) = (Target::open(&path).unwrap(), Notice::open(&notice).unwrap());
            publish_and_tell(&target, &files, &access, &notice, &|_| ())
        };
        let seen = || {
            let line = fs::read_to_string(&notice).unwrap();
            let (name, time) = line.strip_suffix('\n').unwrap().split_once(' ').unwrap();
            assert!(generation::is_name(name) && time.len() == 20 && time.ends_with('Z'), "{line}");
            name.to_owned()
        };
        tell(0).unwrap();
        assert_eq!(PathBuf::from(seen()), fs::read_link(path.join("..data")).unwrap());
        assert_eq!(fs::metadata(&notice).unwrap().mode() & 0o7777, 0o400);
        let is_done = AtomicBool::new(false);
        let (told, looked) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut looked = std::collections::BTreeMap::new();
                while !is_done.load(Ordering::Relaxed) {
                    let name = seen();
                    // Replaced between following `..data` and opening the file: the next one is there.
                    let number = loop {
                        match fs::read_to_string(path.join("number")) {
                            Ok(number) => break number.parse::<u32>().unwrap(),
                            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
                        }
                    };
                    looked.entry(name).or_insert(number);
                }
                looked
            });
            let mut told = std::collections::BTreeMap::new();
            for number in 1..=500 {
                tell(number).unwrap();
                told.insert(seen(), number);
            }
            is_done.store(true, Ordering::Relaxed);
            (told, reader.join().unwrap())
        });
        assert!(looked.len() > 3, "the reader saw {} notices only", looked.len());
        for (name, number) in looked {
            assert!(told.get(&name).is_none_or(|it| *it <= number), "{name}: told before it was there");
        }
        // What fails is not told, and what is told stays.
        let before = seen();
        fs::create_dir(path.join("taken")).unwrap();
        let (target, access) = (Target::open(&path).unwrap(), Access::default());
        let opened = Notice::open(&notice).unwrap();
        let failed = publish_and_tell(&target, &files(&[("taken", "x")]), &access, &opened, &|_| ());
        assert!(matches!(failed, Err(Error::Foreign(_))));
        assert_eq!(seen(), before);
        fs::remove_dir(path.join("taken")).unwrap();
        let lock = lock::Lock::take(&target).unwrap();
        assert!(matches!(tell(0), Err(Error::Busy)));
        drop(lock);
        opened.remove().unwrap();
        assert!(!notice.exists());
        remove(&target).unwrap();
    }
}

// Rules 112, 113, 114: a notice is a file like the others, and what is wrong with it is found first.
#[test]
fn a_notice_goes_nowhere_else() {
    if !inside("a_notice_goes_nowhere_else") {
        return;
    }
    let room = Room::new();
    let path = room.tmpfs();
    write(&path, &[("a", "1"), ("b/c", "1")]).unwrap();
    let before = fs::read_link(path.join("..data")).unwrap();
    let outside = room.base.path().canonicalize().unwrap().join("outside");
    fs::write(&outside, "untouched").unwrap();
    symlink(&outside, path.join("link")).unwrap();
    fs::create_dir(path.join("folder")).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, path.join("fifo"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    fs::write(path.join("one"), "").unwrap();
    fs::hard_link(path.join("one"), path.join("two")).unwrap();
    let disk = Path::new(env!("CARGO_MANIFEST_DIR")).join("notice");
    for at in
        [&path.join("link"), &path.join("folder"), &path.join("fifo"), &path.join("one"), &path.join("b/x")]
    {
        assert!(Notice::open(at).is_err(), "{}", at.display());
    }
    assert!(matches!(Notice::open(&path.join("..data")), Err(Error::Name(_))));
    assert!(matches!(Notice::open(&disk), Err(Error::NotInMemory)));
    // The name of a file to come, and a trap that is laid after it was opened.
    let target = Target::open(&path).unwrap();
    let tell = |notice: &Notice, name: &str| {
        publish_and_tell(&target, &files(&[(name, "2")]), &Access::default(), notice, &|_| ())
    };
    let notice = Notice::open(&path.join("new")).unwrap();
    assert!(matches!(tell(&notice, "new/file"), Err(Error::Taken(it)) if it == "new"));
    symlink(&outside, path.join("new")).unwrap();
    assert!(matches!(tell(&notice, "a"), Err(Error::Foreign(it)) if it == "new"));
    assert_eq!(fs::read_link(path.join("..data")).unwrap(), before);
    assert_eq!(fs::read(&outside).unwrap(), b"untouched");
    // It is told when the files are there and only the notice is not.
    fs::remove_file(path.join("new")).unwrap();
    let far = room.mount("far", "tmpfs", "size=4k,mode=0755");
    let notice = Notice::open(&far.join("ready")).unwrap();
    fs::write(far.join("fill"), "x".repeat(4096)).unwrap();
    assert!(matches!(tell(&notice, "a"), Err(Error::NotTold(it)) if matches!(*it, Error::Full)));
    assert_eq!(fs::read_to_string(path.join("a")).unwrap(), "2");
}

// Rule 115: an error, and soon.
#[test]
fn a_directory_that_is_filled_up_keeps_nobody_there() {
    if !inside("a_directory_that_is_filled_up_keeps_nobody_there") {
        return;
    }
    let room = Room::new();
    let target = room.mount("large", "tmpfs", "size=64m,nr_inodes=0,mode=0755");
    write(&target, &[("a", "1")]).unwrap();
    fs::write(target.join("one"), "").unwrap();
    for number in 0..1 << 16 {
        fs::hard_link(target.join("one"), target.join(format!("x{number}"))).unwrap();
    }
    assert!(matches!(write(&target, &[("a", "2")]), Err(Error::TooMany)));
    assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "1");
}

// Rule 115: what the owner of the files makes there keeps them neither from being replaced nor removed.
#[test]
fn whatever_is_put_beside_the_files_is_removed_with_them() {
    use std::os::unix::ffi::OsStrExt as _;
    if !inside("whatever_is_put_beside_the_files_is_removed_with_them") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    let plant = || {
        write(&target, &[("db/password", "x")]).unwrap();
        let folder = target.join("db").canonicalize().unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let odd = folder.join(std::ffi::OsStr::from_bytes(b"no\xff"));
        fs::create_dir(&odd).unwrap();
        fs::write(odd.join(std::ffi::OsStr::from_bytes(b"\xfe")), "x").unwrap();
        std::env::set_current_dir(&folder).unwrap();
        for _ in 0..700 {
            fs::create_dir("d").unwrap();
            std::env::set_current_dir("d").unwrap();
        }
        fs::write("deep", "x").unwrap();
        std::env::set_current_dir("/").unwrap();
    };
    let few = rustix::process::Rlimit { current: Some(48), maximum: Some(48) };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, few).unwrap();
    plant();
    write(&target, &[("a", "1")]).unwrap();
    assert_eq!(layout(&target), (names(&["..data", "a"]), 1));
    plant();
    remove(&Target::open(&target).unwrap()).unwrap();
    assert_eq!(entries(&target), names(&[]));

    // What has a generation's name and cannot be removed is told, and in nobody's way.
    fs::write(target.join("..2026_11_25_18_50_29.1d5f3a000000"), "x").unwrap();
    write(&target, &[("a", "1")]).unwrap();
    write(&target, &[("a", "2")]).unwrap();
    assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "2");
    assert_eq!(layout(&target), (names(&["..data", "a"]), 2));
}

// Rule 115
#[test]
fn what_is_held_is_nobody_elses_and_removes_only_itself() {
    if !inside("what_is_held_is_nobody_elses_and_removes_only_itself") {
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

// Rule 112
#[test]
fn a_private_tmpfs_is_closed_and_goes_away() {
    if !inside("a_private_tmpfs_is_closed_and_goes_away") {
        return;
    }
    let base = tempfile::tempdir().unwrap();
    let private = PrivateMount::create(None, &[PathBuf::from("/proc/none"), base.path().to_owned()], 1 << 20);
    let private = private.unwrap();
    let path = private.path().to_owned();
    let options = || {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let own = mounts.lines().rev().find(|it| it.split(' ').nth(4) == path.to_str());
        own.unwrap().to_owned()
    };
    for option in ["nosuid", "nodev", "noexec", "size=1024k", "mode=700", " - tmpfs "] {
        assert!(options().contains(option), "{option}: {}", options());
    }
    // Whoever has no privileges cannot have `noswap`, and must be told.
    assert!(options().contains("noswap") || private.is_swappable);
    publish(&private.target().unwrap(), &files(&[("a", "1")]), &Access::default(), &|_| ()).unwrap();
    assert_eq!(fs::read_to_string(path.join("a")).unwrap(), "1");
    // What comes to be in its place gets nothing.
    mount("tmpfs", &path, "tmpfs", MountFlags::NOSUID, None).unwrap();
    publish(&private.target().unwrap(), &files(&[("a", "2")]), &Access::default(), &|_| ()).unwrap();
    assert_eq!(entries(&path), names(&[]));
    unmount(&path, UnmountFlags::empty()).unwrap();
    assert_eq!(fs::read_to_string(path.join("a")).unwrap(), "2");
    private.make_read_only().unwrap();
    assert!(fs::write(path.join("b"), "x").is_err());
    assert!(options().contains("ro,nosuid,nodev,noexec"), "{}", options());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    drop(private);
    assert!(!path.exists());
    assert!(PrivateMount::create(Some(Path::new("/proc/self/cwd")), &[], 1 << 20).is_err());
}
