//! What a neighbour does who has the rights of the writer itself, and shares the directory.
//!
//! He never touches what lies outside: whatever happens there, the writer did. Each attack is one step, done again
//! and again, and an end after which the directory is as the writer left it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    mount::{MountFlags, UnmountFlags, mount, mount_bind, mount_remount, unmount},
};

use crate::siege::{BAIT, Field};

pub struct Attack {
    pub name: &'static str,
    pub step: fn(&Field, u32),
    pub end: fn(&Field),
    /// What a naive writer lets happen.
    pub catches: Harm,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Harm {
    /// Something outside is changed.
    Outside,
    /// A reader sees half a file.
    Torn,
}

const fn attack(name: &'static str, catches: Harm, step: fn(&Field, u32), end: fn(&Field)) -> Attack {
    Attack { name, step, end, catches }
}

pub const ALL: [Attack; 11] = [
    attack("the target is a link now and then", Harm::Outside, swap_target, |_| ()),
    attack("the directory above is a link now and then", Harm::Outside, swap_above, |_| ()),
    attack("..data and ..data_tmp lead elsewhere", Harm::Outside, swap_data, take_data_away),
    attack("the names are links, FIFOs and directories", Harm::Outside, swap_names, |_| ()),
    attack("what is being written is exchanged", Harm::Outside, swap_new, |_| ()),
    attack("what is being written gets second names", Harm::Outside, link_new, |_| ()),
    attack("the tmpfs is full now and then", Harm::Torn, fill, |_| ()),
    attack("the tmpfs is read-only now and then", Harm::Torn, make_read_only, |it| read_only(it, false)),
    attack("names come and go in the target", Harm::Torn, rename_much, |_| ()),
    attack("other directories are mounted over new ones", Harm::Outside, mount_inside, unmount_all),
    attack("something is mounted over the target", Harm::Torn, mount_over, unmount_all),
];

/// For as long as another thread needs to come between. He does not give his turn away: on a machine that is busy with
/// other things he would seldom get it back.
fn pause() {
    for _ in 0..5000 {
        std::hint::spin_loop();
    }
}

/// He is not there.
pub const NONE: Attack = attack("nothing happens", Harm::Torn, |_, _| pause(), |_| ());

/// Of a neighbour with rights of his own: he looks into whatever is new, as often as he can.
pub const LOOKS: Attack = attack("whatever is new is looked into", Harm::Torn, look, |_| ());

fn look(field: &Field, step: u32) {
    let mut waiting = vec![field.at.clone()];
    while let Some(dir) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for path in entries.filter_map(Result::ok).map(|it| it.path()) {
            if is_dir(&path) {
                waiting.push(path);
            } else if let Ok(content) = fs::read_to_string(&path)
                && !content.is_empty()
                && content != BAIT
            {
                field.leaked.lock().unwrap().insert(path.file_name().unwrap().to_owned());
            }
        }
    }
    // Then he puts things there himself.
    match step % 4 {
        0 => swap_names(field, step),
        1 => swap_new(field, step),
        2 => link_new(field, step),
        _ => swap_data(field, step),
    }
}

/// Removes what is there, of whatever kind. Nothing is followed.
fn clear(path: &Path) {
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
}

pub fn fifo(path: &Path) {
    let _ = mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0);
}

/// Takes `path` aside, has `plant` put something in its place, and puts it back.
fn instead(field: &Field, path: &Path, plant: impl FnOnce(&Path)) {
    let aside = field.lair.join("aside");
    let is_taken = fs::rename(path, &aside).is_ok();
    plant(path);
    pause();
    clear(path);
    // The writer may make new directories there as fast as they are removed.
    let is_back = |_| {
        aside.symlink_metadata().is_err() || fs::rename(&aside, path).is_ok() || {
            clear(path);
            false
        }
    };
    if is_taken {
        (0..1000).any(is_back);
    }
}

fn swap_target(field: &Field, step: u32) {
    instead(field, &field.at, |at| match step % 3 {
        0 => drop(symlink(field.outside.join("target"), at)),
        1 => drop(symlink("../outside/target", at)),
        // Leads to nothing that is there: whoever makes directories would make it.
        _ => drop(symlink(field.outside.join("new"), at)),
    });
}

fn swap_above(field: &Field, step: u32) {
    instead(field, &field.up, |up| match step % 2 {
        0 => drop(symlink(&field.outside, up)),
        _ => drop(symlink("outside", up)),
    });
}

/// What the writer has put into use is the neighbour's own link, if that came to lie in the place of the writer's
/// between two of its steps. It is no attack that he goes on with: everybody can lay something there.
fn take_data_away(field: &Field) {
    let data = field.at.join("..data");
    if !fs::read_link(&data).is_ok_and(|it| it.to_string_lossy().starts_with("..2")) {
        clear(&data);
    }
}

fn swap_data(field: &Field, step: u32) {
    take_data_away(field);
    let next = field.at.join("..data_tmp");
    match step % 5 {
        0 => drop(symlink(field.outside.join("target"), &next)),
        1 => drop(fs::hard_link(field.outside.join("victim"), &next)),
        2 => drop(fs::create_dir(&next)),
        _ => {}
    }
    instead(field, &field.at.join("..data"), |data| match step % 4 {
        0 => drop(symlink(field.outside.join("target"), data)),
        1 => drop(symlink("../../outside/target", data)),
        2 => drop(fs::create_dir(data)),
        _ => drop(fs::hard_link(field.outside.join("victim"), data)),
    });
    clear(&next);
}

fn swap_names(field: &Field, step: u32) {
    let name = field.at.join(match step % 5 {
        0 => "token",
        1 => "a",
        2 => "db",
        3 => "token.bak",
        _ => "..lock",
    });
    instead(field, &name, |name| match step % 7 {
        0 => drop(symlink(field.outside.join("victim"), name)),
        1 => drop(fs::hard_link(field.outside.join("victim"), name)),
        2 => drop(symlink("..", name)),
        3 => drop(symlink("../../outside/db", name)),
        4 => drop(fs::create_dir(name)),
        5 if field.are_fifos_allowed => fifo(name),
        _ => drop(symlink(field.outside.join("new"), name)),
    });
}

/// Generations and files that have no name yet which anybody opens.
fn new_ones(field: &Field) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(&field.at) else { return Vec::new() };
    let names = entries.filter_map(Result::ok).map(|it| it.file_name().into_string().unwrap_or_default());
    let is_new = |it: &String| it.starts_with("..2") || it.starts_with(".2") || it == "token";
    names.filter(is_new).map(|it| field.at.join(it)).collect()
}

fn is_dir(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|it| it.is_dir())
}

fn swap_new(field: &Field, step: u32) {
    let victim = field.outside.join("victim");
    for new in new_ones(field) {
        if is_dir(&new) {
            // Over a folder that was just made, over a file to come, and over the whole generation.
            let _ = fs::rename(new.join("db"), field.lair.join(format!("db-{step}")));
            let _ = symlink(field.outside.join("db"), new.join("db"));
            let _ = symlink(&victim, new.join("a"));
            let _ = fs::hard_link(&victim, new.join("z"));
            if step.is_multiple_of(3)
                && fs::rename(&new, field.lair.join(format!("generation-{step}"))).is_ok()
            {
                let _ = symlink(field.outside.join("target"), &new);
            }
        } else {
            instead(field, &new, |new| match step % 3 {
                0 => drop(symlink(&victim, new)),
                1 => drop(fs::hard_link(&victim, new)),
                _ => drop(fs::create_dir(new)),
            });
        }
    }
    clear_lair(field, step);
}

fn link_new(field: &Field, step: u32) {
    let victim = field.outside.join("victim");
    for (at, new) in new_ones(field).into_iter().enumerate() {
        let _ = fs::hard_link(&new, field.lair.join(format!("file-{step}-{at}")));
        for name in ["a", "z", "db/x"] {
            if !is_dir(&new) {
                continue;
            }
            let _ = fs::hard_link(&victim, new.join(name));
            let kept = field.lair.join(format!("{}-{step}-{at}", name.replace('/', "-")));
            let _ = fs::hard_link(new.join(name), kept);
        }
    }
    clear_lair(field, step);
}

/// Now and then, so that he does not fill the tmpfs: that is another attack.
fn clear_lair(field: &Field, step: u32) {
    if step.is_multiple_of(16) {
        for entry in fs::read_dir(&field.lair).unwrap() {
            clear(&entry.unwrap().path());
        }
    }
}

fn fill(field: &Field, _: u32) {
    let junk = field.lair.join("junk");
    let _ = fs::write(&junk, vec![0; 2 << 20]);
    pause();
    let _ = fs::remove_file(&junk);
}

fn read_only(field: &Field, is_read_only: bool) {
    let flags = if is_read_only { MountFlags::RDONLY } else { MountFlags::empty() };
    // The mount alone: a file system that somebody writes to is not to be had.
    let _ = mount_remount(&field.tmpfs, flags | MountFlags::BIND | MountFlags::NOSUID, c"");
}

fn make_read_only(field: &Field, _: u32) {
    read_only(field, true);
    pause();
    read_only(field, false);
    pause();
}

fn rename_much(field: &Field, step: u32) {
    let name = |number: u32| field.at.join(format!("junk-{}", number % 8));
    if step == 0 {
        fs::write(name(0), "").unwrap();
    }
    for number in 0..RENAMES {
        let _ = fs::rename(name(number), name(number + 1));
    }
}

/// In a step of [`rename_much`].
pub const RENAMES: u32 = 128;

fn mount_inside(field: &Field, _: u32) {
    for new in new_ones(field) {
        let over = if is_dir(&new) { field.outside.join("target") } else { field.outside.join("victim") };
        let _ = mount_bind(&over, &new);
        let _ = mount_bind(field.outside.join("db"), new.join("db"));
        pause();
        let _ = unmount(new.join("db"), UnmountFlags::DETACH);
        let _ = unmount(&new, UnmountFlags::DETACH);
    }
}

fn mount_over(field: &Field, _: u32) {
    let _ = mount("devpts", &field.at, "devpts", MountFlags::NOSUID, Some(c"newinstance"));
    pause();
    let _ = unmount(&field.at, UnmountFlags::DETACH);
    pause();
}

/// What a step could not, because it was exchanged meanwhile: everything that is mounted below.
fn unmount_all(field: &Field) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let below = mounts.lines().filter_map(|it| it.split(' ').nth(4)).filter(|it| {
        let path = Path::new(it);
        path.starts_with(&field.tmpfs) && path != field.tmpfs
    });
    for path in below.collect::<Vec<_>>().into_iter().rev() {
        let _ = unmount(path, UnmountFlags::DETACH);
    }
}
