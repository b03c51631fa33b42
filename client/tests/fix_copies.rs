//! `secret fix` where a value that moves stands in the file once more, and nothing tells what it is there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use shared::Server;

/// Exit status, standard output, standard error.
fn fix(server: &Server, options: &[&str], file: &str) -> (i32, String, String) {
    let ran = server.run(&[&["fix"], options, &[file]].concat(), "root", "");
    let text = |it: Vec<u8>| String::from_utf8(it).unwrap();
    (ran.status.code().unwrap(), text(ran.stdout), text(ran.stderr))
}

#[test]
fn a_copy_of_a_moved_value_is_told_with_its_lines_and_counts_as_left() {
    let server = Server::start();
    let text = "# the usual one is Zebra-Otter-91\nDB_PASSWORD=Zebra-Otter-91\nGREETING=Zebra-Otter-91\n";
    let file = server.file("web.env", text);
    let (code, out, err) = fix(&server, &["-dry-run"], &file);
    let told = "a value that is to be moved would still stand at ";
    assert!(code == 1 && err.contains(&format!("  {told}{file}:1, 3: take it out by hand\n")), "{err}");
    assert!(!out.contains("Zebra") && !err.contains("Zebra"), "{out}{err}");
    let (code, out, _) = fix(&server, &["-dry-run", "-summary"], &file);
    let short = format!("{file}: 1 to move, 0 to stay, 2 lines to clear by hand\n");
    assert_eq!((code, out), (1, short));
    let (code, out, _) = fix(&server, &["-dry-run", "-format=json"], &file);
    assert!(code == 1 && out.contains(told), "{out}");
    let (code, out, err) = fix(&server, &["-yes"], &file);
    let told = format!("  a value that was moved still stands at {file}:1, 3: take it out by hand\n");
    assert!(code == 1 && err.contains(&told), "{err}");
    assert!(!out.contains("Zebra") && !err.contains("Zebra"), "{out}{err}");
}

// The lines are those of the file as it is then.
#[test]
fn the_lines_of_a_copy_are_those_of_the_rewritten_file() {
    let server = Server::start();
    let job = "job \"shop\" {\n  group \"web\" {\n    task \"puma\" {\n      driver = \"docker\"\n      env {\n        \
               DB_PASSWORD = \"Zebra-Otter-91\"\n      }\n    }\n    task \"note\" {\n      driver = \"docker\"\n      env {\n        \
               GREETING = \"Zebra-Otter-91\"\n      }\n    }\n  }\n}\n";
    let file = server.file("shop.nomad.hcl", job);
    let line = |text: &str| 1 + text.lines().position(|it| it.contains("GREETING")).unwrap();
    let (_, _, err) = fix(&server, &["-dry-run"], &file);
    assert!(err.contains(&format!("shop.nomad.hcl:{}: take it out", line(job))), "{err}");
    let (code, _, err) = fix(&server, &["-yes"], &file);
    let fixed = std::fs::read_to_string(&file).unwrap();
    assert_ne!(line(&fixed), line(job));
    assert!(code == 1 && err.contains(&format!("shop.nomad.hcl:{}: take it out", line(&fixed))), "{err}");
}

#[test]
fn a_copy_is_found_as_it_is_written_and_a_word_is_none() {
    let server = Server::start();
    let written = "URL=postgres://u:Kiln%24Otter-11@h/d\nNOTE=see Kiln%24Otter-11\n";
    let file = server.file("a.env", written);
    let (code, out, err) = fix(&server, &["-dry-run"], &file);
    assert!(code == 1 && err.contains("a.env:2: take it out by hand"), "{err}");
    assert!(!out.contains("Otter"), "{out}");
    for text in [
        // The name of a program, or of its user.
        "DB_PASSWORD=paper-merge\nDB_NAME=paper-merge\n",
        // Short, or a part of something else.
        "DB_PASSWORD=Ott3r91\nNOTE=Ott3r91\n",
        "DB_PASSWORD=Zebra-Otter-91\nNOTE=Zebra-Otter-911\n",
        // On purpose.
        "DB_PASSWORD=Zebra-Otter-91\nOLD_PASSWORD=Zebra-Otter-91 # strongroom:allow known\n",
        // What is found is moved.
        "DB_PASSWORD=Zebra-Otter-91\nAPI_PASSWORD=Zebra-Otter-91\n",
    ] {
        let file = server.file("b.env", text);
        let (code, _, err) = fix(&server, &["-dry-run"], &file);
        assert!(code == 0 && err.contains("would be moved") && !err.contains("by hand"), "{text}{err}");
    }
}
