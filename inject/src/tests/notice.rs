//! The file that says that all others are in place.

use super::*;

// Rule 115: whoever watches the notice alone finds what it names, or something newer.
#[test]
fn a_notice_comes_after_what_it_names() {
    if !inside("tests::notice::a_notice_comes_after_what_it_names") {
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
    if !inside("tests::notice::a_notice_goes_nowhere_else") {
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
