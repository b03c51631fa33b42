//! `secret fix`, killed at many points: the file is whole, and what it refers to is in the store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Instant,
};

use shared::{BINARY, Server};

/// How many runs are killed, each a little later than the one before.
const CUTS: u32 = 24;
const SECRET: &str = "quayside-Lantern-77";

fn spawn(server: &Server, args: &[&str], file: &Path) -> Child {
    Command::new(BINARY)
        .args(args)
        .arg(file)
        .env_clear()
        .envs([
            ("HOME", server.home.path().to_str().unwrap()),
            ("STRONGROOM_ADDR", &server.address),
            ("VAULT_TOKEN", "root"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Names of what a killed run left.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    entries.filter(|it| it.file_name().unwrap().to_str().unwrap().starts_with(".strongroom-fix-")).collect()
}

#[track_caller]
fn ok(child: Child) {
    let ran = child.wait_with_output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
}

/// A manifest: beside it comes a class, so that more steps can be cut off.
fn manifest() -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n      image: shop:1\n      env:\n        \
         - name: DB_PASSWORD\n          value: {SECRET}\n"
    )
}

// Rule 118
#[test]
fn a_killed_fix_leaves_the_old_file_or_the_new_one() {
    let server = Server::start();
    let folder = server.home.path().join("tree");
    fs::create_dir(&folder).unwrap();
    let (file, old) = (folder.join("app.yaml"), manifest());
    fs::write(&file, &old).unwrap();
    // How long one takes says where to cut.
    let begin = Instant::now();
    ok(spawn(&server, &["fix", "-yes"], &file));
    let whole = begin.elapsed();
    let class = folder.join("web-pod-strongroom.yaml");
    let (mut olds, mut news) = (0, 0);
    for at in 0..CUTS {
        fs::remove_file(&class).unwrap();
        fs::write(&file, &old).unwrap();
        let prefix = format!("-prefix=p{at}");
        let child = spawn(&server, &["fix", "-yes", &prefix], &file);
        // Most of them while it works, and the last ones long after, however busy the machine is.
        sleep(whole * 3 * at.pow(2) / CUTS.pow(2));
        kill(child);
        let text = fs::read_to_string(&file).unwrap();
        if text == old {
            olds += 1;
        } else {
            news += 1;
            assert!(!text.contains(SECRET) && text.contains("key: DB_PASSWORD\n"), "{text}");
            assert_eq!(
                server.ok(&["get", &format!("p{at}/default/pod/web#DB_PASSWORD")]),
                SECRET,
                "the store has it"
            );
            assert!(
                fs::read_to_string(&class).unwrap().contains(&format!("secret/data/p{at}/default/pod/web\n"))
            );
        }
        // Another run ends what this one began, and leaves nothing but the two files.
        ok(spawn(&server, &["fix", "-yes", &prefix], &file));
        assert!(!fs::read_to_string(&file).unwrap().contains(SECRET));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }
    assert!(olds > 0 && news > 0, "{olds} cut off before, {news} behind");
    // Whatever was cut off, the last one is undone as if nothing had been.
    ok(spawn(&server, &["fix", "-undo", "-yes"], &file));
    assert_eq!(fs::read_to_string(&file).unwrap(), old);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

// Rule 118: of an undo what is left is the file with all its secrets.
#[test]
fn what_a_kill_leaves_beside_the_file_goes_with_the_next_run() {
    let server = Server::start();
    let folder = server.home.path().join("tree");
    fs::create_dir(&folder).unwrap();
    let (file, padding) = (folder.join("app.env"), format!("# {}\n", "-".repeat(1000)).repeat(1500));
    let old = format!("DB_PASSWORD={SECRET}\n{padding}");
    fs::write(&file, &old).unwrap();
    ok(spawn(&server, &["fix", "-yes"], &file));
    let new = fs::read_to_string(&file).unwrap();
    let mut seen = 0;
    for _ in 0..30 {
        let mut child = spawn(&server, &["fix", "-undo", "-yes"], &file);
        while leftovers(&folder).is_empty() && child.try_wait().unwrap().is_none() {}
        kill(child);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text == old || text == new, "mixed");
        let left = leftovers(&folder);
        if left.is_empty() {
            // It was through already.
            ok(spawn(&server, &["fix", "-yes"], &file));
            continue;
        }
        seen += 1;
        ok(spawn(&server, &["fix", "-dry-run"], &file));
        assert_eq!(leftovers(&folder), left, "a dry run changes nothing");
        ok(spawn(&server, &["fix", "-yes"], &file));
        assert_eq!(leftovers(&folder), Vec::<PathBuf>::new());
        assert_eq!(fs::read_to_string(&file).unwrap(), new);
        if seen == 3 {
            break;
        }
    }
    assert!(seen > 0, "no run was cut off between");
}
