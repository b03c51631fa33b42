//! `scan`: what it tells, and what it never tells.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_secret");
const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/corpus");
/// A password that nothing could be mistaken for.
const PASSWORD: &str = "Kx9vQ2mL7pTz-R4wN";

struct Ran {
    code: i32,
    out: String,
    said: String,
}

impl Ran {
    fn json(&self) -> Vec<Value> {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.said))
    }

    /// Files, lines and keys.
    fn told(&self) -> Vec<(String, u64, String)> {
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        self.json()
            .iter()
            .map(|it| (text(&it["file"]), it["line"].as_u64().unwrap(), text(&it["key"])))
            .collect()
    }
}

/// A directory with files in it.
struct Tree(TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| tree.write(name, text));
        tree
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.replace("PASSWORD!", PASSWORD)).unwrap();
    }

    fn scan(&self, args: &[&str]) -> Ran {
        self.scan_of(args, |_| ())
    }

    fn scan_of(&self, args: &[&str], give: impl FnOnce(&mut dyn std::io::Write) + Send) -> Ran {
        let mut command = Command::new(BINARY);
        command
            .arg("scan")
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = command.spawn().unwrap();
        let mut stdin = running.stdin.take().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || give(&mut stdin));
            let ended = running.wait_with_output().unwrap();
            Ran {
                code: ended.status.code().expect("it ended by itself"),
                out: String::from_utf8(ended.stdout).unwrap(),
                said: String::from_utf8(ended.stderr).unwrap(),
            }
        })
    }

    fn git(&self, args: &[&str]) {
        let mut git = Command::new("git");
        git.current_dir(self.path())
            .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"])
            .args(args);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        assert!(git.output().unwrap().status.success(), "{args:?}");
    }
}

#[test]
fn what_is_found_is_told_in_every_form() {
    let tree =
        Tree::new(&[("app/web.env", "MODE=fast\nDB_PASSWORD=PASSWORD!\n"), ("notes.txt", "nothing\n")]);
    let ran = tree.scan(&[]);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.said.as_str()),
        (
            1,
            "PLACE             SEVERITY  KIND      KEY          VALUE
app/web.env:2:13  high      password  DB_PASSWORD  ****\n",
            "2 files: 1 finding\n"
        )
    );
    let [found] = &tree.scan(&["-json", "app"]).json()[..] else { panic!("one finding") };
    for (name, expected) in [
        ("file", Value::from("web.env")),
        ("line", 2.into()),
        ("column", 13.into()),
        ("end_line", 2.into()),
        ("end_column", (13 + PASSWORD.len()).into()),
        ("key", "DB_PASSWORD".into()),
        ("kind", "password".into()),
        ("severity", "high".into()),
        ("fixable", true.into()),
        ("why_not_fixable", Value::Null),
    ] {
        assert_eq!(found[name], expected, "{name}");
    }
    assert_eq!(tree.scan(&["-format=json", "app"]).out, tree.scan(&["-json", "app"]).out);
    let log: Value = serde_json::from_str(&tree.scan(&["-sarif"]).out).unwrap();
    assert_eq!(log["runs"][0]["tool"]["driver"]["version"], env!("CARGO_PKG_VERSION"));
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&"app/web.env".into(), &2.into())
    );
}

#[test]
fn the_exit_status_tells_nothing_from_could_not() {
    let tree = Tree::new(&[("clean.txt", "nothing\n"), ("web.env", "DB_PASSWORD=PASSWORD!\n")]);
    for (args, code, said) in [
        (&["clean.txt"][..], 0, "1 file: 0 findings"),
        (&["web.env"], 1, "1 file: 1 finding"),
        (&["web.env", "gone"], 2, "gone: cannot be read: No such file"),
        (&["/dev/null"], 2, "/dev/null: is neither a file nor a directory, and is not opened"),
        (&["-no-such-option"], 2, "there is no option --no-such-option"),
        (&["-severity=worst"], 2, "--severity takes one of low, medium, high, critical"),
        (&["-baseline=gone", "."], 2, "gone: the baseline cannot be read: No such file"),
        (&["-write-baseline=gone/x", "."], 2, "gone/x: the baseline cannot be written: No such file"),
        (&["-write-baseline=x", "gone"], 2, "x is as it was: not everything could be read\nhint: "),
        (&["-git", ".", "."], 2, "one repository is read at a time\nhint: name a directory of it"),
        (&["-git", "."], 2, "git stopped: not a git repository"),
        (&["-severity=critical", "web.env"], 0, "0 findings"),
        (&["-kind=token,api-key", "web.env"], 0, "0 findings"),
    ] {
        let ran = tree.scan(args);
        assert!(ran.code == code && ran.said.contains(said), "{args:?}: {} {}", ran.code, ran.said);
    }
}

#[test]
fn standard_input_has_the_name_that_it_is_given() {
    let tree = Tree::new(&[]);
    let ran = tree.scan_of(&["-json", "-stdin-name=x/web.env", "-"], |to| {
        writeln!(to, "DB_PASSWORD={PASSWORD}").unwrap();
    });
    assert_eq!(ran.told(), [("x/web.env".to_owned(), 1, "DB_PASSWORD".to_owned())]);
}

#[test]
fn only_what_is_new_is_told_beside_a_baseline() {
    let tree = Tree::new(&[("app/web.env", "DB_PASSWORD=PASSWORD!\n")]);
    let written = tree.scan(&["-write-baseline=known.json", "."]);
    assert_eq!((written.code, written.said.as_str()), (0, "known.json written: 1 finding\n"));
    let known = fs::read_to_string(tree.path().join("known.json")).unwrap();
    assert!(known.contains("DB_PASSWORD") && !known.contains(&PASSWORD[..4]));
    tree.write("app/web.env", "\n# moved\nDB_PASSWORD=PASSWORD!\nSMTP_PASSWORD=PASSWORD!x\n");
    for args in
        [&["-json", "-baseline=known.json", "."][..], &["-json", "-baseline=known.json", "app/web.env"]]
    {
        let ran = tree.scan(args);
        let told: Vec<_> = ran.told().into_iter().map(|(_, line, key)| (line, key)).collect();
        assert_eq!((ran.code, told), (1, vec![(4, "SMTP_PASSWORD".to_owned())]));
    }
    // Written again it says what came and what went.
    let again = |expected: &str| assert_eq!(tree.scan(&["-write-baseline=again.json", "."]).said, expected);
    again("again.json written: 2 findings\n");
    again("again.json written: 2 findings, as before\n");
    tree.write("app/web.env", "DB_PASSWORD=PASSWORD!\nA_PASSWORD=PASSWORD!y\nB_PASSWORD=PASSWORD!z\n");
    again("again.json written: 3 findings, 2 new and 1 gone\n");
    fs::remove_file(tree.path().join("again.json")).unwrap();
    tree.write("app/web.env", "DB_PASSWORD=PASSWORD!\n");
    let filtered = tree.scan(&["-kind=token", "-baseline=known.json", "."]);
    assert_eq!(
        (filtered.code, filtered.said.as_str()),
        (0, "2 files: 0 findings, 1 known to the baseline\n")
    );
    tree.write("app/web.env", "\n");
    let ran = tree.scan(&["-baseline=known.json", "."]);
    assert_eq!(ran.code, 0);
    assert!(ran.said.starts_with(
        "the baseline knows of DB_PASSWORD in app/web.env, where it is no longer\n\
             `-write-baseline` again takes it out\n"
    ));
    // Two tasks of a job have the same name for theirs.
    let task =
        |name: &str| format!("task \"{name}\" {{\n  env {{\n    PGPASSWORD = \"PASSWORD!\"\n  }}\n}}\n");
    tree.write("two.nomad.hcl", &format!("job \"j\" {{\ngroup \"g\" {{\n{}{}}}\n}}\n", task("a"), task("b")));
    tree.scan(&["-write-baseline=two.json", "two.nomad.hcl"]);
    tree.write("two.nomad.hcl", "job \"j\" {}\n");
    let said = tree.scan(&["-baseline=two.json", "two.nomad.hcl"]).said;
    for task in ["a", "b"] {
        assert!(
            said.contains(&format!("of job.j.group.g.task.{task}.env.PGPASSWORD in two.nomad.hcl")),
            "{said}"
        );
    }
}

#[test]
fn an_ignored_file_that_often_holds_secrets_is_named_beside_the_output() {
    let tree = Tree::new(&[(".gitignore", ".env\n"), (".env", "DB_PASSWORD=PASSWORD!\n")]);
    let told = "1 ignored file that often holds secrets was not read: .env (name it to have it read)\n";
    for (args, out) in [(&[][..], ""), (&["-json"], "[]\n"), (&["-verbose", "."], "")] {
        let ran = tree.scan(args);
        assert_eq!((ran.code, ran.out.as_str(), ran.said), (0, out, format!("{told}1 file: 0 findings\n")));
    }
    serde_json::from_str::<Value>(&tree.scan(&["-sarif"]).out).unwrap();
    let ran = tree.scan(&[".", ".env"]);
    assert_eq!((ran.code, ran.said.as_str()), (1, "2 files: 1 finding\n"));
}

#[test]
fn what_a_comment_allows_is_counted_and_not_told() {
    let tree = Tree::new(&[(
        "web.env",
        "# strongroom:allow everybody's in tests\nDB_PASSWORD=PASSWORD!\n# strongroom:allow\n",
    )]);
    let ran = tree.scan(&["-verbose"]);
    assert_eq!(
        (ran.code, ran.said.as_str()),
        (0, "web.env:3: this comment allows nothing\n1 file: 0 findings, 1 allowed by comments\n")
    );
}

#[test]
fn history_and_what_is_staged_are_read() {
    let tree = Tree::new(&[("web.env", "DB_PASSWORD=PASSWORD!\n")]);
    tree.git(&["init", "--quiet"]);
    tree.git(&["add", "."]);
    let staged = tree.scan(&["-staged", "-json"]);
    assert_eq!((staged.code, staged.told()), (1, vec![("web.env".to_owned(), 1, "DB_PASSWORD".to_owned())]));
    tree.git(&["commit", "--quiet", "--message=x"]);
    tree.write("web.env", "DB_PASSWORD=\n");
    tree.git(&["commit", "--quiet", "--all", "--message=y"]);
    assert_eq!(tree.scan(&[]).code, 0, "the files are clean");
    assert_eq!(tree.scan(&["-staged"]).code, 0);
    let ran = tree.scan(&["-git", "-json"]);
    assert_eq!((ran.code, ran.told().len(), ran.said.as_str()), (1, 1, "2 files of 2 commits: 1 finding\n"));
    assert_eq!(
        (&ran.json()[0]["author"], ran.json()[0]["commit"].as_str().unwrap().len()),
        (&"Ann".into(), 40)
    );
    assert_eq!(tree.scan(&["-git=HEAD~1..HEAD"]).code, 0);
}

/// Each ends in a line that says how it went.
#[test]
fn nothing_in_a_tree_stops_it() {
    let tree = Tree::new(&[("a\nb\u{1b}[2J.env", "DB_PASSWORD=PASSWORD!\n"), ("deep/x", "")]);
    symlink("..", tree.path().join("deep/up")).unwrap();
    symlink("/etc", tree.path().join("deep/etc")).unwrap();
    let made = Command::new("mkfifo").arg(tree.path().join("pipe")).status().unwrap();
    assert!(made.success());
    fs::write(tree.path().join("binary"), [b"\x7fELF\0".as_slice(), PASSWORD.as_bytes()].concat()).unwrap();
    fs::write(tree.path().join("latin.env"), b"# caf\xe9\nDB_PASSWORD=\xff\n").unwrap();
    let ran = tree.scan(&["-verbose"]);
    assert_eq!(ran.code, 1, "{}", ran.said);
    assert!(ran.out.contains(r"a\nb\u{1b}[2J.env:1:13"), "{}", ran.out);
    assert!(
        ran.said.ends_with(
            ", 1 left out as binary, 2 left out as links, 1 left out as pipes, sockets or devices\n"
        )
    );
}

#[test]
fn what_is_nested_or_never_ends_ends_in_a_line() {
    let deep = 10_000;
    let files = [
        ("a.hcl", "a {\n".repeat(deep)),
        ("b.hcl", format!("x = {}1{}\n", "[".repeat(deep), "]".repeat(deep))),
        ("c.hcl", format!("x = \"{}\n", "${\"".repeat(deep))),
        ("d.hcl", "x = <<EOT\n".repeat(deep)),
        ("e.json", format!("{}1{}", "{\"a\":[".repeat(deep), "]}".repeat(deep))),
        ("f.yaml", (0..deep / 20).map(|it| format!("{}a:\n", " ".repeat(it))).collect()),
        ("g.yaml", "[".repeat(deep)),
        ("h.yaml", "{a: ".repeat(deep)),
        ("i.toml", format!("x = {}", "[".repeat(deep))),
        ("j.xml", "<a>".repeat(deep)),
        ("k.sh", "$(echo \"".repeat(deep)),
        ("l.env", format!("X=\"{}", "${X:-".repeat(deep))),
        ("m.txt", "(".repeat(deep)),
    ];
    let tree = Tree::new(&[]);
    files.iter().for_each(|(name, text)| tree.write(name, text));
    let ran = tree.scan(&[]);
    assert!(ran.said.starts_with("13 files: "), "{}", ran.said);
}

#[test]
fn a_line_without_end_is_read_in_pieces() {
    let tree = Tree::new(&[]);
    let ran = tree.scan_of(&["-stdin-name=x.txt", "-"], |to| {
        let block = "x ".repeat(32 << 10);
        (0..96).for_each(|_| to.write_all(block.as_bytes()).unwrap());
    });
    assert_eq!(
        (ran.code, ran.said.as_str()),
        (0, "1 file: 0 findings, 1 read in pieces and by lines, being over 4 MiB\n")
    );
}

#[test]
fn many_files_are_read() {
    let tree = Tree::new(&[]);
    for number in 0..10_000 {
        fs::write(tree.path().join(number.to_string()), "MODE=fast\n").unwrap();
    }
    assert_eq!(tree.scan(&[]).said, "10000 files: 0 findings\n");
}

/// Pieces of this length of a secret are nowhere in what is printed.
const PIECE: usize = 6;

fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.windows(PIECE).map(|it| it.iter().collect()).collect()
}

/// What is printed and stands in secrets. A log's fingerprints are digits of a hash of other things, and meet
/// those of a secret by chance.
fn leaked(out: &str, secret: &HashSet<String>) -> Vec<String> {
    let lines = out.lines().filter(|it| !it.contains("\"strongroomPlace/v1\": "));
    lines.flat_map(pieces).filter(|it| secret.contains(it)).collect()
}

/// Pieces of the corpus's labelled secrets as they stand in its files, but for those that its files show openly:
/// as part of a name, a folder's too, or of another word.
fn labelled() -> HashSet<String> {
    let (mut secrets, mut open) = (HashSet::new(), HashSet::new());
    let folders = fs::read_dir(CORPUS).unwrap().map(|it| it.unwrap().path());
    let sets: Vec<_> = folders.chain([CORPUS.into()]).filter(|it| it.join("labels.json").exists()).collect();
    assert_eq!(sets.len(), 15);
    for set in sets {
        let set = set.display().to_string();
        open.extend(pieces(&set));
        let labels = fs::read_to_string(format!("{set}/labels.json")).unwrap();
        let labels: Value = serde_json::from_str(&labels).unwrap();
        for file in labels["files"].as_array().unwrap() {
            let name = file["file"].as_str().unwrap();
            open.extend(pieces(name));
            let text = fs::read_to_string(format!("{set}/{name}")).unwrap();
            let mut lines: Vec<Vec<char>> =
                text.trim_start_matches('\u{feff}').lines().map(|it| it.chars().collect()).collect();
            for it in file["findings"].as_array().unwrap() {
                let number = |name: &str| usize::try_from(it[name].as_u64().unwrap()).unwrap();
                // A name may be the last word of a sentence in SARIF.
                let names = ["key", "path"].iter().filter_map(|name| it[name].as_str());
                open.extend(names.flat_map(|it| pieces(&format!("{it}."))));
                for at in number("line")..=number("end_line") {
                    let line = &mut lines[at - 1];
                    let from = if at == number("line") { number("column") - 1 } else { 0 };
                    let to = if at == number("end_line") { number("end_column") - 1 } else { line.len() };
                    secrets.extend(pieces(&line[from..to].iter().collect::<String>()));
                    line[from..to].fill('\n');
                }
            }
            open.extend(lines.iter().flat_map(|it| pieces(&it.iter().collect::<String>())));
        }
    }
    // Between words of a passphrase stands what stands between columns.
    secrets.difference(&open).filter(|it| !it.contains(char::is_whitespace)).cloned().collect()
}

// Rule 118: the tool prints no values.
#[test]
fn no_piece_of_a_secret_is_printed() {
    let mut secrets = labelled();
    assert!(secrets.len() > 5_000, "most pieces stand in secrets alone: {}", secrets.len());
    let tree = Tree::new(&[]);
    let found = tree.scan(&["-json", CORPUS]).json();
    assert!(found.len() > 200, "most of the corpus is found");
    // Our own words are printed on purpose, and `password` is one.
    let ours = ["kind", "severity", "why_not_fixable"]
        .map(|name| found.iter().filter_map(|it| it[name].as_str()).map(str::to_owned).collect::<Vec<_>>());
    let help = tree.scan(&["-sarif", "."]).out;
    for known in ours.iter().flatten().chain([&help]) {
        for piece in pieces(known) {
            secrets.remove(&piece);
        }
    }
    let planted = secrets.iter().next().unwrap();
    assert_eq!(
        // Neither sign may be a part of another secret.
        leaked(&format!("\u{1}{planted}\u{1}"), &secrets),
        std::slice::from_ref(planted),
        "what is planted is found"
    );
    let known = tree.path().join("known.json");
    for args in [
        vec![CORPUS],
        vec!["-json", CORPUS],
        vec!["-format=yaml", CORPUS],
        vec!["-format=raw", CORPUS],
        vec!["-sarif", CORPUS],
        vec!["-verbose", CORPUS, "gone"],
        vec!["-write-baseline=known.json", CORPUS],
    ] {
        let ran = tree.scan(&args);
        for out in [&ran.out, &ran.said] {
            assert_eq!(leaked(out, &secrets), Vec::<String>::new(), "{args:?}");
        }
    }
    assert_eq!(leaked(&fs::read_to_string(known).unwrap(), &secrets), Vec::<String>::new(), "the baseline");
}
