//! Whoever may write to the target too, and puts there what he likes.

use super::*;

// Rule 113
#[test]
fn no_link_is_followed_to_the_target() {
    if !inside("tests::neighbours::no_link_is_followed_to_the_target") {
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
    if !inside("tests::neighbours::a_directory_put_in_the_targets_place_gets_nothing") {
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
    if !inside("tests::neighbours::a_link_swapped_in_while_writing_leads_nowhere") {
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
    if !inside("tests::neighbours::what_is_not_ours_is_neither_used_nor_removed") {
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

// Rule 115: what is to be gone is gone, whatever somebody has put beside it or in its place.
#[test]
fn what_is_in_the_way_keeps_nothing_from_being_removed() {
    if !inside("tests::neighbours::what_is_in_the_way_keeps_nothing_from_being_removed") {
        return;
    }
    let room = Room::new();
    let target = room.tmpfs();
    let plant_over = |name: &str| {
        let _ = fs::remove_file(target.join(name));
        fs::create_dir_all(target.join(name).join("theirs")).unwrap();
    };
    for name in ["..data", "..data_tmp", "..lock"] {
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
    if !inside("tests::neighbours::a_link_that_is_exchanged_again_is_no_success") {
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

// Rule 115: an error, and soon.
#[test]
fn a_directory_that_is_filled_up_keeps_nobody_there() {
    if !inside("tests::neighbours::a_directory_that_is_filled_up_keeps_nobody_there") {
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
    // What is in use is gone all the same.
    let generation = target.join(fs::read_link(target.join("..data")).unwrap());
    assert!(matches!(remove(&Target::open(&target).unwrap()), Err(Error::TooMany)));
    assert!(!generation.exists() && !target.join("a").exists());
}

// Rule 115: what the owner of the files makes there keeps them neither from being replaced nor removed.
#[test]
fn whatever_is_put_beside_the_files_is_removed_with_them() {
    use std::os::unix::ffi::OsStrExt as _;
    if !inside("tests::neighbours::whatever_is_put_beside_the_files_is_removed_with_them") {
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
