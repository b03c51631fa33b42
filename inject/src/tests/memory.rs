//! What lies in memory, and how much fits there.

use std::os::fd::AsFd as _;

use super::*;

// Rule 112
#[test]
fn only_memory_is_written_to() {
    if !inside("tests::memory::only_memory_is_written_to") {
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
    if !inside("tests::memory::who_swaps_is_told_by_the_mount") {
        return;
    }
    let room = Room::new();
    let (plain, ramfs) = (room.tmpfs(), room.mount("ramfs", "ramfs", "mode=0700"));
    let swaps = |path: &Path| Target::open(path).unwrap().may_be_swapped().unwrap();
    let machine = |swaps: &str| {
        let file = room.base.path().join("swaps");
        fs::write(&file, swaps).unwrap();
        rustix::mount::mount_bind(&file, "/proc/swaps").unwrap();
        room.is_mounted(Path::new("/proc/swaps"));
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
        room.is_mounted(&path);
        fs::create_dir(path.join("below")).unwrap();
        assert!(!swaps(&path) && !swaps(&path.join("below")));
    } else {
        assert!(!rustix::process::geteuid().is_root() || std::env::var("CI").as_deref() != Ok("true"));
    }
}

// Rule 112: what is opened is checked, each time, and not what the path led to before.
#[test]
fn a_target_that_was_mounted_over_is_checked_anew() {
    if !inside("tests::memory::a_target_that_was_mounted_over_is_checked_anew") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    write(&target, &[("a", "1")]).unwrap();
    room.mount_over(&target, "devpts", c"newinstance");
    assert!(matches!(write(&target, &[("a", "2")]), Err(Error::NotInMemory)));
}

// Rule 115
#[test]
fn a_full_tmpfs_keeps_the_old_generation() {
    if !inside("tests::memory::a_full_tmpfs_keeps_the_old_generation") {
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

    // Of a file that did not fit nothing is left, whoever has another name for it.
    let target = room.mount("tiny", "tmpfs", "size=8k,mode=0755");
    let file = file::create(fs::File::open(&target).unwrap().as_fd(), "a").unwrap();
    assert!(matches!(file::fill(&file, &[b'x'; 20_000], &Access::default()), Err(Error::Full)));
    assert_eq!(fs::metadata(target.join("a")).unwrap().len(), 0);

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

// Rule 112
#[test]
fn a_private_tmpfs_is_closed_and_goes_away() {
    if !inside("tests::memory::a_private_tmpfs_is_closed_and_goes_away") {
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
    assert!(options().contains("noswap") || private.tmpfs.is_swappable);
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

// Rules 112, 113, 114
#[test]
fn a_tmpfs_is_filled_before_anybody_sees_it() {
    if !inside("tests::memory::a_tmpfs_is_filled_before_anybody_sees_it") {
        return;
    }
    let room = Room::new();
    let at = room.base.path().canonicalize().unwrap().join("volume");
    fs::create_dir(&at).unwrap();
    let mut files = files(&[("db/user", "1")]);
    let bytes = zeroize::Zeroizing::new(vec![0xff, 0, 0xfe]);
    files.add_bytes(FileName::parse("key").unwrap(), bytes, Some(0o600)).unwrap();
    let access = Access::by_number(Some(7), None, "0440").unwrap().shared_with("8").unwrap();
    let tmpfs = Tmpfs::create("some.driver", 1 << 20).unwrap();
    publish(&tmpfs.target().unwrap(), &files, &access, &|_| ()).unwrap();
    tmpfs.open_to_readers(&files, &access).unwrap();
    assert_eq!(entries(&at), names(&[]));
    tmpfs.attach(fs::File::open(&at).unwrap()).unwrap();
    room.is_mounted(&at);
    drop(tmpfs);
    assert_eq!(fs::read(at.join("key")).unwrap(), [0xff, 0, 0xfe]);
    let seen = |path: &str| {
        let it = fs::metadata(at.join(path)).unwrap();
        (it.mode() & 0o7777, it.uid(), it.gid())
    };
    assert_eq!(seen("key"), (0o600, 7, 8));
    assert_eq!(seen("db/user"), (0o440, 7, 8));
    assert_eq!(seen("db"), (0o2550, 7, 8));
    assert_eq!(seen("."), (0o2751, 0, 8));
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let own = mounts.lines().find(|it| it.split(' ').nth(4) == at.to_str()).unwrap();
    assert!(own.contains(" - tmpfs some.driver "), "{own}");
    // Nobody's any more: it goes with whoever made it.
    drop(Tmpfs::create("another.driver", 1 << 20).unwrap());
    assert!(!fs::read_to_string("/proc/self/mountinfo").unwrap().contains("another.driver"));
}
