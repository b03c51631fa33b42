//! `secret inject` against a server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod running;
mod shared;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, symlink},
    process::{Command, Stdio},
};

use running::{Commands as _, Ended, SWAP, ci, is_root, read, said, tmpfs, wait_for};
use shared::{BINARY, Server};

/// Runs `secret inject --to DIR` with more arguments.
#[track_caller]
fn inject(server: &Server, dir: &std::path::Path, args: &[&str]) -> (i32, String) {
    let ran = server.command(["inject", "--to", dir.to_str().unwrap()]).args(args).output().unwrap();
    assert!(ran.stdout.is_empty(), "it prints nothing that could hold a value");
    (ran.status.code().unwrap(), said(&ran))
}

fn server() -> Server {
    let server = Server::start();
    server.ok(&["put", "apps/shop/db", "user=rails", "password=rosebud"]);
    server.ok(&["put", "apps/shop/key", "value=k-1"]);
    server
}

#[test]
fn secrets_become_files() {
    let (server, dir) = (server(), tmpfs());
    let to = dir.path();
    let shop = ["apps/shop/db", "apps/shop/key", "apps/shop/db#password=pg/pass"];
    assert_eq!(inject(&server, to, &shop), (0, String::new()));
    assert_eq!(read(to.join("db/user")), "rails");
    assert_eq!(read(to.join("db/password")), "rosebud");
    assert_eq!(read(to.join("key")), "k-1");
    assert_eq!(read(to.join("pg/pass")), "rosebud");
    assert_eq!(fs::metadata(to.join("db/user")).unwrap().mode() & 0o777, 0o400);

    server.ok(&["put", "apps/shop/db", "user=rails", "password=changed"]);
    assert_eq!(inject(&server, to, &["--mode=0444", "apps/shop/db"]).0, 0);
    assert_eq!(read(to.join("db/password")), "changed");
    assert_eq!(fs::metadata(to.join("db/user")).unwrap().mode() & 0o777, 0o444);
    assert!(!to.join("key").exists(), "what is not asked for any more is gone");

    assert_eq!(inject(&server, to, &["--remove"]).0, 0);
    assert_eq!(fs::read_dir(to).unwrap().count(), 0);
}

// Rules 112 and 115: a clear error, and what was there is as it was.
#[test]
fn whatever_fails_nothing_is_half_written() {
    let (server, dir) = (server(), tmpfs());
    let to = dir.path();
    assert_eq!(inject(&server, to, &["apps/shop/db"]).0, 0);
    let before = fs::read_link(to.join("..data")).unwrap();
    for (args, code, expected) in [
        (&["apps/shop/key", "none"][..], 2, "no secret at none"),
        (&["apps/shop/db#none"], 1, "no field `none`\nhint: it has: password, user"),
        (&["apps/shop/db=../../etc"], 1, "begins with two dots"),
        (&["apps/shop/db#user=a", "apps/shop/db#password=a"], 1, "two secrets would be written to a"),
        (&["apps/shop/db#user=a", "apps/shop/db#password=a/b"], 1, "a file and a directory"),
        (&["--owner=no-such-user", "apps/shop/db"], 1, "no user or group of this machine"),
        (&["--mode=0777", "apps/shop/db"], 1, "no mode for files"),
        (&["--token-file=/nonexistent", "apps/shop/db"], 1, "cannot read /nonexistent"),
    ] {
        let (status, text) = inject(&server, to, args);
        assert_eq!(status, code, "{args:?}: {text}");
        assert!(text.contains(expected), "{args:?}: {text}");
        assert_eq!(fs::read_link(to.join("..data")).unwrap(), before);
        assert_eq!(fs::read_dir(to).unwrap().count(), 3, "{args:?}");
    }

    let disk = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (status, text) = inject(&server, disk.path(), &["apps/shop/db"]);
    assert_eq!(status, 1);
    assert!(text.contains("not a tmpfs: secrets are not written to a disk\nhint: "), "{text}");
    let gone = format!("{}/gone", server.home.path().display());
    let ran = server.run(&["inject", "--to", &gone, "shop"], "root", "");
    assert!(said(&ran).contains("hint: `mkdir -p DIR` makes it"), "{}", said(&ran));
    assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 0);
    let link = disk.path().join("link");
    symlink(to, &link).unwrap();
    assert!(inject(&server, &link, &["apps/shop/db"]).1.contains("symbolic link"));
}

// Rule 114: what fields are called was chosen by whoever stored them.
#[test]
fn no_field_chooses_where_it_is_written() {
    let (server, dir) = (server(), tmpfs());
    let long = format!("{}=v", "x".repeat(300));
    for (at, field) in ["..=v", "../up=v", "..data=v", ".=v", "a/b=v", &long].into_iter().enumerate() {
        let secret = format!("apps/evil/{at}");
        server.ok(&["put", &secret, "good=v", field]);
        for whole in [secret.clone(), format!("{secret}=db")] {
            let (status, text) = inject(&server, dir.path(), &["apps/shop/db", &whole]);
            assert_eq!(status, 1, "{field}: {text}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{field}");
        }
    }
    server.ok(&["put", "apps/evil/good", "good=v", "user=u"]);
    assert_eq!(inject(&server, dir.path(), &["apps/evil/good"]).0, 0);
}

// Rule 114
#[test]
fn a_group_for_all_reads_the_files() {
    let (server, dir) = (server(), tmpfs());
    let to = dir.path();
    let group = rustix::process::getegid().as_raw();
    let args = ["--fs-group", &group.to_string(), "apps/shop/db"];
    assert_eq!(inject(&server, to, &args), (0, String::new()));
    for (name, mode) in [("db/password", 0o440), ("db", 0o2550), ("..data", 0o2750)] {
        let found = fs::metadata(to.join(name)).unwrap();
        assert_eq!((found.mode() & 0o7777, found.gid()), (mode, group), "{name}");
    }
    assert!(
        inject(&server, to, &["--fs-group=no-such-group", "apps/shop/db"]).1.contains("no user or group")
    );
    let (status, text) = inject(&server, to, &[&args[..], &["--group=0"]].concat());
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("does not go with"), "{text}");
}

// Rules 112, 114, 115
#[test]
fn a_notice_says_that_all_is_in_place() {
    let (server, dir, other) = (server(), tmpfs(), tmpfs());
    let to = dir.path();
    let inject = |notice: &std::path::Path, args: &[&str]| {
        inject(&server, to, &[&["--notify", notice.to_str().unwrap()], args].concat())
    };
    for notice in [to.join("ready"), other.path().join("ready")] {
        assert_eq!(inject(&notice, &["apps/shop/db"]), (0, String::new()));
        let told = read(&notice);
        let in_place = fs::read_link(to.join("..data")).unwrap();
        assert_eq!(told.split(' ').next(), in_place.to_str());
        assert_eq!(fs::metadata(&notice).unwrap().mode() & 0o777, 0o400);
        // What fails is not told.
        assert_eq!(inject(&notice, &["none"]).0, 2);
        assert_eq!((read(&notice), fs::read_link(to.join("..data")).unwrap()), (told, in_place));
        assert_eq!(inject(&notice, &["--remove"]), (0, String::new()));
        assert!(!notice.exists() && !to.join("db").exists());
    }
    // What is wrong with it is told before anything is written.
    let disk = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    symlink(disk.path().join("victim"), to.join("link")).unwrap();
    let (link, on_disk) = (to.join("link"), disk.path().join("ready"));
    for (notice, expected) in [
        (&link, "link is there and is not ours"),
        (&on_disk, "not a tmpfs"),
        (&to.join("db"), "would be a secret and the notice"),
        (&to.join("..data"), "begins with two dots"),
    ] {
        let (status, text) = inject(notice, &["apps/shop/db"]);
        assert_eq!(status, 1, "{text}");
        assert!(text.contains(expected), "{text}");
        assert_eq!(fs::read_dir(to).unwrap().count(), 1);
    }
    assert_eq!(fs::read_dir(disk.path()).unwrap().count(), 0);
}

// Rule 112
#[test]
fn what_may_be_swapped_is_told() {
    let (server, dir) = (server(), tmpfs());
    let warned = |swaps: &str| {
        let fake = dir.path().join("swaps");
        fs::write(&fake, swaps).unwrap();
        let to = dir.path().join("to");
        fs::create_dir_all(&to).unwrap();
        let own: &[&str] = if is_root() { &["--mount"] } else { &["--mount", "--user", "--map-root-user"] };
        let script = "mount --bind \"$1\" /proc/swaps && exec \"$2\" inject --to \"$3\" apps/shop/db";
        let mut unshare = Command::new("unshare");
        unshare.args(own).args(["sh", "-c", script, "sh"]).arg(&fake).arg(BINARY).arg(&to);
        unshare.env("STRONGROOM_ADDR", &server.address).env("VAULT_TOKEN", "root");
        let ran = unshare.output().unwrap();
        let text = String::from_utf8_lossy(&ran.stderr).into_owned();
        (ran.status.success(), text)
    };
    let (can, text) = warned("Filename Type Size\n");
    if !can && ci().as_deref() != Some("true") {
        return;
    }
    assert!(can && !text.contains(SWAP), "{text}");
    let (can, text) = warned("Filename Type Size\n/dev/sda2 partition 1\n");
    assert!(can && text.contains(SWAP) && text.contains("mount it with noswap"), "{text}");
    assert_eq!(read(dir.path().join("to/db/user")), "rails");
}

#[test]
fn a_role_reads_with_files_and_leaves_no_token_behind() {
    let (server, dir) = (server(), tmpfs());
    let policy = dir.path().join("policy");
    fs::write(&policy, "path \"secret/data/apps/shop/*\" { capabilities = [\"read\"] }").unwrap();
    server.ok(&["policy", "write", "shop", policy.to_str().unwrap()]);
    server.ok(&["auth", "enable", "approle"]);
    server.ok(&["auth", "enable", "userpass"]);
    server.ok(&["write", "auth/approle/role/shop", "token_policies=shop"]);
    server.ok(&["write", "auth/userpass/users/ann", "password=correct-horse", "token_policies=shop"]);
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        fs::write(&path, format!("{content}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let role = file("role", &server.ok(&["read", "-field=role_id", "auth/approle/role/shop/role-id"]));
    let secret = file(
        "secret",
        &server.ok(&["write", "-field=secret_id", "-force", "auth/approle/role/shop/secret-id"]),
    );
    let (password, wrong) = (file("password", "correct-horse"), file("wrong", "wrong"));
    let token = file("token", "root");
    let to = dir.path().join("to");
    fs::create_dir(&to).unwrap();
    let tokens = || server.ok(&["list", "auth/token/accessors"]).lines().count();
    let before = tokens();

    let as_role = ["--role-id-file", &role, "--secret-id-file", &secret];
    let as_user = ["--username=ann", "--password-file", &password];
    for who in [&as_role[..], &as_user, &["--token-file", &token]] {
        let ran = server
            .command(["inject", "--to", to.to_str().unwrap(), "apps/shop/db"])
            .args(who)
            .env_remove("VAULT_TOKEN")
            .output()
            .unwrap();
        assert!(ran.status.success(), "{who:?}: {}", said(&ran));
        assert_eq!(read(to.join("db/password")), "rosebud");
        assert_eq!(inject(&server, &to, &["--remove"]).0, 0);
    }
    assert_eq!(tokens(), before, "a login's token is given back");
    let (status, text) = inject(&server, &to, &["--username=ann", "--password-file", &wrong, "apps/shop/db"]);
    assert_eq!(status, 2, "{text}");
    server.ok(&["put", "apps/other", "a=b"]);
    let (status, text) = inject(&server, &to, &[&as_role[..], &["apps/other"]].concat());
    assert_eq!(status, 2);
    assert!(text.contains("apps/other: permission denied\nhint: "), "{text}");
    assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
    assert_eq!(tokens(), before);
    // Both files or none.
    assert_eq!(inject(&server, &to, &["--role-id-file", &role, "apps/shop/db"]).0, 1);
}

#[test]
fn what_is_read_can_be_held_as_a_lease() {
    let (server, dir) = (server(), tmpfs());
    let policy = dir.path().join("policy");
    fs::write(&policy, "path \"secret/data/apps/shop/*\" { capabilities = [\"read\"] }").unwrap();
    server.ok(&["policy", "write", "shop", policy.to_str().unwrap()]);
    server.ok(&["auth", "enable", "userpass"]);
    server.ok(&["write", "auth/userpass/users/ann", "password=correct-horse", "token_policies=shop"]);
    let password = dir.path().join("password");
    fs::write(&password, "correct-horse").unwrap();
    let to = dir.path().join("to");
    fs::create_dir(&to).unwrap();
    let who = ["--username=ann", "--password-file", password.to_str().unwrap(), "apps/shop/db"];
    let holders = || {
        let mut held =
            server.command(["read", "-format=json", "sys/leases/holdings/secret/data/apps/shop/db"]);
        String::from_utf8(held.output().unwrap().stdout).unwrap().matches("userpass-ann").count()
    };
    assert_eq!(inject(&server, &to, &who).0, 0);
    assert_eq!(holders(), 0);
    assert_eq!(inject(&server, &to, &[&["--lease=1h"], &who[..]].concat()), (0, String::new()));
    assert_eq!(holders(), 1, "its holder lives on");
    assert_eq!(read(to.join("db/password")), "rosebud");
}

#[test]
fn a_server_that_is_not_there_yet_is_waited_for() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let dir = tmpfs();
    let to = dir.path().to_str().unwrap();
    let inject = |timeout: &str, secret: &str| {
        let mut command = Command::new(BINARY);
        command.args(["inject", "--to", to, "--timeout", timeout, secret]).env_clear();
        command.env("STRONGROOM_ADDR", format!("http://127.0.0.1:{port}")).env("VAULT_TOKEN", "root");
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        command
    };
    let too_late = inject("300ms", "cubbyhole/db").output().unwrap();
    assert_eq!(too_late.status.code(), Some(2));
    assert!(said(&too_late).contains("cannot reach"), "{}", said(&too_late));
    assert!(said(&too_late).contains("hint: is the server running?"));

    let waiting = inject("60s", "secret/db").spawn().unwrap();
    let mut server = Command::new(BINARY);
    server.args(["server", "-dev", "-dev-root-token-id=root"]);
    server.arg(format!("-dev-listen-address=127.0.0.1:{port}")).stdout(Stdio::null()).stderr(Stdio::null());
    let _server = Ended(server.spawn().unwrap());
    let ask = |args: &[&str]| {
        let mut command = Command::new(BINARY);
        command.args(args).env_clear().env("STRONGROOM_ADDR", format!("http://127.0.0.1:{port}"));
        command.env("VAULT_TOKEN", "root").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap().success().then_some(())
    };
    wait_for("the server does not come up", || ask(&["put", "secret/db", "a=b"]));
    let ran = waiting.wait_with_output().unwrap();
    // The server may have been asked between its start and the secret.
    assert!(ran.status.success() || said(&ran).contains("no secret at"), "{}", said(&ran));
    assert!(inject("60s", "secret/db").status().unwrap().success());
    assert_eq!(read(dir.path().join("db/a")), "b");

    // Sealed is a state that passes.
    ask(&["seal"]).unwrap();
    let sealed = inject("300ms", "secret/db").output().unwrap();
    assert!(said(&sealed).contains("sealed"), "{}", said(&sealed));
    assert_eq!(read(dir.path().join("db/a")), "b");
}
