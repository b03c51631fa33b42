//! The writer beside a neighbour who has the same rights, and the same directory.
//!
//! Whatever he does: nothing outside of the target is created, written, removed or given other modes and owners; no
//! reader sees a half file or two generations mixed; what cannot be done is an error, and soon; and when he has gone
//! the writer goes on. That this harness sees such harm is shown on writers that do all by path.
#![allow(clippy::disallowed_methods, reason = "a test tells its own processes apart by a variable")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod attacks;
mod room;
mod siege;

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use attacks::{ALL, Attack, Harm};
use room::inside;
use siege::{Field, Report, Writer, content, judge, read_all, siege};
use strongroom_inject::{Access, Error, FileName, Files, Medium, Missing, Single, Target, publish, remove};
use strongroom_sdk::SecretString;

/// Some moments are short: not every siege of a writer that is to be caught meets them.
const TRIES: u32 = 40;
const NAMES: [&str; 3] = ["a", "db/x", "z"];

fn files(number: u32) -> Files {
    let mut files = Files::default();
    for name in NAMES {
        files.add(FileName::parse(name).unwrap(), SecretString::new(content(number))).unwrap();
    }
    files
}

fn publish_by_path(at: &Path, number: u32) -> Result<(), Error> {
    publish(&Target::open(at)?, &files(number), &Access::default(), &|_| ())
}

fn replace_by_path(at: &Path, number: u32) -> Result<(), Error> {
    let missing = if number.is_multiple_of(2) { Missing::Create } else { Missing::Refuse };
    let single = Single::open(&at.join("token"), Medium::Memory, missing)?;
    single.replace(content(number).as_bytes(), &Access::default())
}

fn look_through_data(at: &Path) -> Option<Vec<Vec<u8>>> {
    read_all(&at.join("..data"), &NAMES)
}

fn look_at_token(at: &Path) -> Option<Vec<Vec<u8>>> {
    read_all(at, &["token"])
}

/// What kind of error it was, without what differs each time.
fn kind(error: Error) -> String {
    match error {
        Error::Io { what, source } => format!("cannot {what}: {:?}", source.kind()),
        Error::Foreign(name) if name.starts_with("..2") => "a generation is not ours".to_owned(),
        error => error.to_string(),
    }
}

#[track_caller]
fn check_clean(attack: &Attack, report: &Report) {
    assert!(report.is_clean(), "{}: {report:#?}", attack.name);
    assert!(report.is_complete(), "{}: somebody never came: {report:#?}", attack.name);
}

// Rules 112, 113, 114, 115
#[test]
fn generations_stay_whole_and_within_whatever_a_neighbour_does() {
    if !inside("generations_stay_whole_and_within_whatever_a_neighbour_does") {
        return;
    }
    for attack in &ALL {
        let field = Field::new();
        publish_by_path(&field.at, 0).unwrap();
        // As a command does it, and as somebody who opened the target long ago.
        let held = Target::open(&field.at).unwrap();
        let write = |field: &Field, number: u32| {
            let written = match number % 16 {
                15 => Target::open(&field.at).and_then(|it| remove(&it)),
                it if it % 2 == 0 => publish_by_path(&field.at, number),
                _ => publish(&held, &files(number), &Access::default(), &|_| ()),
            };
            written.map_err(kind)
        };
        let report = siege(
            &field,
            &Writer { write: &write, at_least: 100, look: Some(look_through_data) },
            attack,
            600,
        );
        check_clean(attack, &report);
        publish_by_path(&field.at, 99).unwrap();
        assert_eq!(
            look_through_data(&field.at).unwrap(),
            vec![content(99).into_bytes(); 3],
            "{}",
            attack.name
        );
        assert_eq!(fs::read_to_string(field.at.join("db/x")).unwrap(), content(99));
        // What the neighbour has left under a generation's name stays, and is told of.
        let removed = remove(&Target::open(&field.at).unwrap());
        assert!(matches!(removed, Ok(()) | Err(Error::Foreign(_))), "{}: {removed:?}", attack.name);
        assert!(look_through_data(&field.at).is_none() && !field.at.join("db").exists());
    }
}

// Rules 112, 113, 114, 115, 118
#[test]
fn single_files_stay_whole_and_within_whatever_a_neighbour_does() {
    if !inside("single_files_stay_whole_and_within_whatever_a_neighbour_does") {
        return;
    }
    for attack in &ALL {
        let field = Field::new();
        replace_by_path(&field.at, 0).unwrap();
        let held = Single::open(&field.at.join("token"), Medium::Memory, Missing::Refuse).unwrap();
        let write = |field: &Field, number: u32| {
            let written = match number % 16 {
                15 => held.remove(),
                14 => held.back_up(),
                13 => held.content().map(drop),
                it if it % 2 == 0 => replace_by_path(&field.at, number),
                _ => held.replace(content(number).as_bytes(), &Access::default()),
            };
            written.map_err(kind)
        };
        let report =
            siege(&field, &Writer { write: &write, at_least: 300, look: Some(look_at_token) }, attack, 2000);
        check_clean(attack, &report);
        let _ =
            fs::remove_file(field.at.join("token")).or_else(|_| fs::remove_dir_all(field.at.join("token")));
        replace_by_path(&field.at, 99).unwrap();
        assert_eq!(fs::read_to_string(field.at.join("token")).unwrap(), content(99));
        let left = fs::read_dir(&field.at).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
        let is_file = |it: &String| fs::symlink_metadata(field.at.join(it)).unwrap().is_file();
        let left: Vec<String> = left.filter(|it| it.starts_with(".2") && is_file(it)).collect();
        assert!(
            left.iter().all(|it| fs::read(field.at.join(it)).unwrap() == b"bait"),
            "{}: {left:?}",
            attack.name
        );
    }
}

/// As the writer does it, but each step by its path.
fn naive_generation(at: &Path, number: u32) -> io::Result<()> {
    let name = format!("..2026_01_01_00_00_00.{number:012x}");
    let dir = at.join(&name);
    fs::create_dir_all(dir.join("db"))?;
    for file in NAMES {
        fs::write(dir.join(file), content(number))?;
        fs::set_permissions(dir.join(file), fs::Permissions::from_mode(0o400))?;
    }
    let old = fs::read_link(at.join("..data"));
    let _ = fs::remove_file(at.join("..data_tmp"));
    symlink(&name, at.join("..data_tmp"))?;
    fs::rename(at.join("..data_tmp"), at.join("..data"))?;
    old.and_then(|old| fs::remove_dir_all(at.join(old)))
}

/// As most programs write a file.
fn naive_single(at: &Path, number: u32) -> io::Result<()> {
    fs::write(at.join("token"), content(number))
}

/// The harness itself: what it is there to see, it sees.
#[test]
fn writers_that_go_by_path_are_caught() {
    if !inside("writers_that_go_by_path_are_caught") {
        return;
    }
    for attack in &ALL {
        let attacked = |write: fn(&Path, u32) -> io::Result<()>, look| {
            let field = Field { are_fifos_allowed: false, ..Field::new() };
            let write = |field: &Field, number: u32| write(&field.at, number).map_err(|it| it.to_string());
            siege(&field, &Writer { write: &write, at_least: 0, look: Some(look) }, attack, 300)
        };
        let is_seen = |report: &Report| match attack.catches {
            Harm::Outside => !report.outside.is_empty(),
            Harm::Torn => !report.torn.is_empty(),
        };
        let is_caught = (0..TRIES).any(|_| {
            is_seen(&attacked(naive_single, look_at_token))
                || is_seen(&attacked(naive_generation, look_through_data))
        });
        assert!(is_caught, "{}", attack.name);
    }
    assert!(judge(&[content(1).into_bytes(), content(2).into_bytes()]).is_err());
    assert!(judge(&[content(1).into_bytes(), content(1).into_bytes()]).is_ok());
}

/// The harness itself: a writer that waits for ever is no test that runs for ever.
#[test]
fn a_writer_that_hangs_is_caught() {
    const NAME: &str = "a_writer_that_hangs_is_caught";
    const HANGING: &str = "STRONGROOM_TEST_HANGING";
    if std::env::var_os(HANGING).is_some() {
        let field = Field { patience: Duration::from_secs(1), ..Field::new() };
        attacks::fifo(&field.at.join("token"));
        let write = |field: &Field, number: u32| naive_single(&field.at, number).map_err(|it| it.to_string());
        siege(&field, &Writer { write: &write, at_least: 0, look: None }, &attacks::NONE, 1);
    }
    if !inside(NAME) {
        return;
    }
    let mut hanging = Command::new(std::env::current_exe().unwrap());
    hanging.args(["--exact", NAME, "--nocapture"]).env(HANGING, "1").stderr(Stdio::null());
    let mut hanging = hanging.stdout(Stdio::null()).spawn().unwrap();
    assert_eq!(hanging.wait().unwrap().code(), Some(siege::HANGS));
}

// Rules 114, 118: who has rights of his own only reads nothing, though everybody may write to the directory.
#[test]
fn a_neighbour_of_another_user_reads_nothing() {
    if !inside("a_neighbour_of_another_user_reads_nothing") {
        return;
    }
    // In a user namespace nobody else exists.
    if !fs::read_to_string("/proc/self/uid_map").unwrap().contains("4294967295") {
        return;
    }
    let beside = |write: &dyn Fn(&Field, u32) -> Result<(), String>| {
        let field = Field { neighbour: Some(65534), are_fifos_allowed: false, ..Field::new() };
        for dir in [&field.at, &field.lair] {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o777)).unwrap();
        }
        let report = siege(&field, &Writer { write, at_least: 0, look: None }, &attacks::LOOKS, 1000);
        (report, field.leaked.into_inner().unwrap())
    };
    let (report, leaked) = beside(&|field, number| {
        let owner = if number.is_multiple_of(4) { Some("65533") } else { None };
        let access = Access::parse(owner, None, "0440").unwrap();
        let written = match number % 3 {
            0 => Target::open(&field.at).and_then(|it| publish(&it, &files(number), &access, &|_| ())),
            _ => Single::open(&field.at.join("token"), Medium::Memory, Missing::Refuse)
                .and_then(|it| it.replace(content(number).as_bytes(), &access)),
        };
        written.map_err(kind)
    });
    assert!(report.is_complete() && report.is_clean(), "{report:#?}");
    assert!(leaked.is_empty(), "{leaked:?}");
    // One who thinks of the mode when the file is written is too late.
    let too_late = |field: &Field, number: u32| {
        let at = field.at.join(format!(".2-{}", number % 2));
        let _ = fs::remove_file(&at);
        fs::write(&at, content(number)).map_err(|it| it.to_string())?;
        fs::set_permissions(&at, fs::Permissions::from_mode(0o400)).map_err(|it| it.to_string())
    };
    let is_caught = (0..TRIES).any(|_| !beside(&too_late).1.is_empty());
    assert!(is_caught);
}
