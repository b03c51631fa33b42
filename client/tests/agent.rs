//! `secret agent` against a server: what a workload finds, and what it does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod running;
mod shared;

use std::{
    fs,
    io::{Read as _, Write as _},
    os::{
        fd::OwnedFd,
        unix::{
            fs::{MetadataExt as _, PermissionsExt as _},
            net::{UnixListener, UnixStream},
            process::CommandExt as _,
        },
    },
    path::Path,
    process::{Command, Output, Stdio},
};

use running::{Commands as _, Ended, NOBODY, is_root, read, said, tmpfs, wait_for};
use rustix::{
    net::{AddressFamily, SocketAddrUnix, SocketType, bind, connect, socket},
    process::{Pid, Signal, kill_process},
};
use shared::Server;

const POLICY: &str = "path \"secret/data/*\" { capabilities = [\"read\"] }";
const AUTH: &str = "auto_auth { method \"token_file\" { config = { token_file_path = \"@TOKEN\" } } }
";
const OFTEN: &str = "template_config { static_secret_render_interval = \"1s\" }
";

fn server() -> Server {
    let server = Server::start();
    server.ok(&["kv", "put", "secret/shop", "user=rails", "password=rosebud"]);
    server.file("token", "root");
    server
}

/// The agent with a configuration; `@TOKEN` and `DIR` in it are the token's file and a directory.
fn agent(server: &Server, dir: &Path, config: &str) -> Command {
    let token = server.home.path().join("token").display().to_string();
    let often = if config.contains("template_config") { "" } else { OFTEN };
    let text =
        format!("{AUTH}{often}{config}").replace("@TOKEN", &token).replace("DIR", dir.to_str().unwrap());
    let file = server.file("agent.hcl", &text);
    let mut command = server.command(["agent", &format!("-config={file}")]);
    command.stdin(Stdio::null());
    command
}

/// One that goes on until it is dropped.
fn running(server: &Server, dir: &Path, config: &str) -> Ended {
    Ended(agent(server, dir, config).stderr(Stdio::null()).spawn().unwrap())
}

fn once(server: &Server, dir: &Path, config: &str) -> Output {
    agent(server, dir, &format!("{config}\nexit_after_auth = true")).output().unwrap()
}

const SHOP: &str = "template { contents = \"{{ with secret \\\"secret/shop\\\" }}{{ .Data.data.password }}{{ end }}\" destination = \"DIR/shop\" }";

// Rule 118
#[test]
fn options_are_as_good_as_a_file() {
    let (server, dir) = (server(), tmpfs());
    server.file("p.hcl", POLICY);
    server.ok(&["policy", "write", "shop", server.home.path().join("p.hcl").to_str().unwrap()]);
    server.ok(&["auth", "enable", "approle"]);
    server.ok(&["write", "auth/approle/role/shop", "token_policies=shop", "token_ttl=60"]);
    let field = |args: &[&str]| server.ok(args).trim().to_owned();
    let role_id =
        server.file("role-id", &field(&["read", "-field=role_id", "auth/approle/role/shop/role-id"]));
    let made = field(&["write", "-force", "-field=secret_id", "auth/approle/role/shop/secret-id"]);
    let secret_id = server.file("secret-id", &made);
    let source = server.file("shop.tpl", "{{ with secret \"secret/shop\" }}{{ .Data.data.user }}{{ end }}");
    let (file, sink) = (dir.path().join("sub/shop"), server.home.path().join("sink"));
    let template = format!("{source}:{}:echo {{}} > {}", file.display(), dir.path().join("ran").display());
    let args = ["agent", "-exit-after-auth", "--role-id-file", &role_id, "--secret-id-file", &secret_id];
    let more = ["--template", &template, "--sink", sink.to_str().unwrap()];
    let ran = server.command(args.iter().chain(&more)).output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    assert_eq!(read(&file), "rails");
    assert_eq!(read(dir.path().join("ran")), "{}\n");
    assert!(!Path::new(&secret_id).exists(), "a secret id that was used lies there no more");
    assert_eq!(fs::metadata(&sink).unwrap().mode() & 0o777, 0o600);
    let token = read(&sink);
    let ran = server.run(&["kv", "get", "secret/shop"], &token, "");
    assert!(ran.status.success(), "{}", said(&ran));
    assert!(!said(&ran).contains("token"));
}

// Rule 118: who only names a template and a file wants no other user to read it. A configuration says what Vault's does.
#[test]
fn what_options_render_is_for_its_owner_alone_unless_a_mode_is_given() {
    let (server, dir) = (server(), tmpfs());
    let token = server.home.path().join("token").display().to_string();
    let source = server.file("shop.tpl", "{{ with secret \"secret/shop\" }}{{ .Data.data.user }}{{ end }}");
    let mode = |path: &str| fs::metadata(dir.path().join(path)).unwrap().mode() & 0o777;
    let agent = |args: &[&str]| {
        let ran = server.command(["agent", "-exit-after-auth"].iter().chain(args)).output().unwrap();
        (ran.status.code(), said(&ran))
    };
    let template = |path: &str| format!("{source}:{}", dir.path().join(path).display());
    let render = |path: &str, more: &[&str]| {
        let (code, said) = agent(&[&["-token-file", &token, "-template", &template(path)], more].concat());
        assert_eq!(code, Some(0), "{said}");
    };
    render("own/sub/shop", &[]);
    assert_eq!(["own", "own/sub", "own/sub/shop"].map(mode), [0o700, 0o700, 0o600]);
    // One that an earlier version has left for everybody to read.
    fs::set_permissions(dir.path().join("own/sub/shop"), fs::Permissions::from_mode(0o644)).unwrap();
    render("own/sub/shop", &[]);
    assert_eq!(mode("own/sub/shop"), 0o600);
    render("group/shop", &["-mode=0640"]);
    assert_eq!(["group", "group/shop"].map(mode), [0o750, 0o640]);
    let (code, said) = agent(&["-token-file", &token, "-template", &template("no"), "-mode=0666"]);
    assert!(
        code == Some(1) && said.contains("is no mode for files") && !dir.path().join("no").exists(),
        "{said}"
    );
    let config = format!(
        "{AUTH}template {{ source = {source:?} destination = {:?} }}",
        dir.path().join("theirs/shop").display().to_string()
    );
    let config = server.file("theirs.hcl", &config.replace("@TOKEN", &token));
    let (code, said) = agent(&["-config", &config, "-template", &template("mine/shop")]);
    assert_eq!(code, Some(0), "{said}");
    let modes = ["theirs", "theirs/shop", "mine", "mine/shop"].map(mode);
    assert_eq!(modes, [0o755, 0o644, 0o700, 0o600]);
}

#[test]
fn a_configuration_may_stand_in_a_variable() {
    let (server, dir) = (server(), tmpfs());
    let token = server.home.path().join("token").display().to_string();
    let text = format!("{AUTH}{SHOP}\nexit_after_auth = true").replace("@TOKEN", &token);
    let text = text.replace("DIR", dir.path().to_str().unwrap());
    let run = |name: &str, value: &str| {
        server.command(["agent", &format!("-config=env:{name}")]).env("CONFIG", value).output().unwrap()
    };
    let ran = run("CONFIG", &data_encoding::BASE64.encode(text.as_bytes()));
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    assert_eq!(read(dir.path().join("shop")), "rosebud");
    for (name, value, why) in [("CONFIG", text.as_str(), "base64"), ("ANOTHER", "", "no variable ANOTHER")] {
        let ran = run(name, value);
        assert_eq!(ran.status.code(), Some(1));
        assert!(said(&ran).contains(why) && !said(&ran).contains("token_file"), "{}", said(&ran));
    }
}

// Rule 112
#[test]
fn a_secret_is_not_rendered_to_a_disk() {
    let (server, disk) = (server(), tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
    let dir = disk.path().canonicalize().unwrap();
    let refused = agent(&server, &dir, SHOP).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("tmpfs"), "{}", said(&refused));
    assert!(!dir.join("shop").exists());
    let ran = agent(&server, &dir, &format!("{SHOP}\nexit_after_auth = true"))
        .arg("--allow-disk")
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    assert_eq!(read(dir.join("shop")), "rosebud");
}

// Rule 116
#[test]
fn a_template_reaches_secrets_alone_and_its_errors_show_none() {
    let (server, dir) = (server(), tmpfs());
    let template = |text: &str, config: &str| {
        let text = text.replace('"', "\\\"");
        let config = format!("template {{ contents = \"{text}\" destination = \"DIR/out\" }}\n{config}");
        let _ = fs::remove_file(dir.path().join("out"));
        let ran = once(&server, dir.path(), &config);
        (ran.status.code().unwrap(), said(&ran), fs::read_to_string(dir.path().join("out")).ok())
    };
    for text in [
        r#"{{ env "PATH" }}"#,
        r#"{{ file "/etc/hostname" }}"#,
        r#"{{ plugin "id" }}"#,
        r#"{{ "x" | writeToFile "DIR/other" "" "" "0600" }}"#,
        r#"{{ key "x" }}"#,
        r#"{{ service "x" }}"#,
        r#"{{ sprig_getHostByName "localhost" }}"#,
    ] {
        let (code, said, out) = template(text, "");
        assert_eq!((code, out), (1, None), "{text}: {said}");
        assert!(said.contains("not allowed"), "{said}");
    }
    assert!(!dir.path().join("other").exists());
    let (code, said, out) =
        template(r#"{{ with secret "secret/shop" }}{{ .Data.data.password | parseInt }}{{ end }}"#, "");
    assert_eq!((code, out), (1, None));
    assert!(said.contains("parseInt") && !said.contains("rosebud"), "{said}");

    let allow = "template_config { allow = [\"env\", \"file\", \"plugin\"] }";
    let sees = |text: &str| template(text, allow).2.unwrap_or_default();
    assert_eq!(sees(r#"{{ env "PATH" }}"#), "/usr/bin:/bin");
    assert_eq!(sees(r#"{{ file "/proc/self/comm" }}"#).trim(), "secret");
    assert_eq!(sees(r#"{{ plugin "echo" "a" }}"#), "a");
    // How the agent proves who it is stays its own.
    assert_eq!(template(r#"{{ env "VAULT_TOKEN" }}"#, allow).0, 1);
    assert_eq!(sees(r#"{{ plugin "sh" "-c" "env" }}"#).matches("TOKEN").count(), 0);
}

// Rule 117
#[test]
fn a_program_gets_its_variables_and_neither_token_nor_files() {
    let (server, dir) = (server(), tmpfs());
    let script = "env > DIR/env; ls /proc/self/fd > DIR/fd; exit 7";
    let ran = agent(
        &server,
        dir.path(),
        &format!(
            "env_template \"DB_PASSWORD\" {{ contents = \"{{{{ with secret \\\"secret/shop\\\" }}}}{{{{ .Data.data.password }}}}{{{{ end }}}}\" }}\n\
             exec {{ command = [\"sh\", \"-c\", \"{script}\"] }}"
        ),
    )
    .output()
    .unwrap();
    assert_eq!(ran.status.code(), Some(7), "{}", said(&ran));
    let env = read(dir.path().join("env"));
    assert!(env.contains("DB_PASSWORD=rosebud"), "{env}");
    assert!(!env.contains("VAULT_TOKEN"), "{env}");
    // What `ls` opens itself is the fourth.
    assert_eq!(read(dir.path().join("fd")).split_whitespace().collect::<Vec<_>>(), ["0", "1", "2", "3"]);
}

#[test]
fn a_program_starts_anew_when_its_secret_has_changed_and_ends_with_the_agent() {
    let (server, dir) = (server(), tmpfs());
    let mut agent = running(
        &server,
        dir.path(),
        "env_template \"P\" { contents = \"{{ with secret \\\"secret/shop\\\" }}{{ .Data.data.password }}{{ end }}\" }\n\
         exec { command = [\"sh\", \"-c\", \"echo $$ > DIR/$P; exec sleep 600\"] }",
    );
    let pid = |name: &str| {
        wait_for("the program does not start", || {
            let text = fs::read_to_string(dir.path().join(name)).ok()?;
            text.strip_suffix('\n')?.parse::<i32>().ok()
        })
    };
    let first = pid("rosebud");
    server.ok(&["kv", "put", "secret/shop", "password=changed"]);
    let second = pid("changed");
    assert!(!Path::new(&format!("/proc/{first}")).exists(), "the old one has ended first");
    kill_process(Pid::from_child(&agent.0), Signal::TERM).unwrap();
    assert_eq!(agent.0.wait().unwrap().code(), Some(0));
    assert!(!Path::new(&format!("/proc/{second}")).exists());
}

/// What systemd reads for `LoadCredential=NAME:SOCKET` of a unit, as whoever starts it.
fn load(path: &Path, name: &str) -> Vec<u8> {
    let own = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    bind(&own, &SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap()).unwrap();
    connect(&own, &SocketAddrUnix::new(path).unwrap()).unwrap();
    let mut content = Vec::new();
    UnixStream::from(own).take((1 << 20) + 1).read_to_end(&mut content).unwrap();
    content
}

const CREDENTIALS: &str = "systemd { SOCKET folder = \"secret/units\" socket_mode = \"0666\"\n\
                           credential \"shop.service\" \"db\" { from = \"secret/shop#password\" } }\n\
                           cache { persist \"file\" { path = \"DIR/kept\" key_file = \"DIR/key\" } }";

// Whoever may bind the name of a unit is not the one who starts it.
#[test]
fn a_units_credential_is_for_whoever_starts_units_alone() {
    let (mut server, dir) = (server(), tmpfs());
    server.ok(&["kv", "put", "secret/units/web.service", "key=k-1", "other=x"]);
    let path = dir.path().join("creds.sock");
    let _agent = running(&server, dir.path(), &CREDENTIALS.replace("SOCKET", "socket = \"DIR/creds.sock\""));
    wait_for("no socket", || path.exists().then_some(()));
    let wanted = |name: &str| {
        wait_for("no credential", || {
            let found = load(&path, name);
            // Until it is logged in every answer is one that makes the unit fail.
            (found.len() <= 1 << 20).then_some(found)
        })
    };
    assert_eq!(wanted("a1/unit/shop.service/db"), b"rosebud");
    assert_eq!(wanted("a2/unit/web.service/key"), b"k-1");
    assert!(load(&path, "a3/unit/web.service/missing").len() > 1 << 20);
    if is_root() {
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let script = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.bind('\\0b1/unit/shop.service/db')\n\
                      s.connect(sys.argv[1])\nn=0\nd=b''\nwhile True:\n  c=s.recv(65536)\n  if not c or n>1<<20: break\n  n+=len(c); d+=c[:64]\nprint(n>1<<20, b'rosebud' in d)";
        let ran =
            Command::new("python3").args(["-c", script]).arg(&path).uid(NOBODY).gid(NOBODY).output().unwrap();
        assert_eq!(said(&ran), "True False\n");
    }
    // What a unit has had once it gets also while the server is away.
    server.stop();
    assert_eq!(wanted("a4/unit/shop.service/db"), b"rosebud");
}

#[test]
fn systemd_may_open_the_socket_and_the_first_unit_start_the_agent() {
    let (server, dir) = (server(), tmpfs());
    let path = dir.path().join("activated.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let prepared = agent(&server, dir.path(), &CREDENTIALS.replace("SOCKET", ""));
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", "sh"]);
    shell.arg(prepared.get_program()).args(prepared.get_args()).env_clear();
    shell.envs(prepared.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let _agent =
        Ended(shell.stdin(Stdio::from(OwnedFd::from(listener))).stderr(Stdio::null()).spawn().unwrap());
    // The unit that asked first is answered, not failed: it has waited for the login.
    assert_eq!(load(&path, "c1/unit/shop.service/db"), b"rosebud");
}

#[test]
fn docker_gets_its_secrets() {
    let (server, dir) = (server(), tmpfs());
    server.ok(&["kv", "put", "secret/docker/db", "password=rosebud"]);
    let path = dir.path().join("strongroom.sock");
    let _agent = running(&server, dir.path(), "docker { socket = \"DIR/strongroom.sock\" }");
    let ask = |path: &Path, target: &str, body: &str| {
        let mut stream = UnixStream::connect(path).ok()?;
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: plugin\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        Some(answer)
    };
    let activated = wait_for("no socket", || ask(&path, "/Plugin.Activate", ""));
    assert!(activated.contains("application/vnd.docker.plugins.v1.2+json"), "{activated}");
    assert!(activated.ends_with(r#"{"Implements":["secretprovider"]}"#), "{activated}");
    let request =
        r#"{"SecretName":"NAME","SecretLabels":{},"ServiceName":"web","ServiceID":"s","TaskID":"t"}"#;
    let named = |name: &str| ask(&path, "/SecretProvider.GetSecret", &request.replace("NAME", name)).unwrap();
    // Logged in, it answers; base64 of the value.
    wait_for("no secret", || named("db").contains(r#""Value":"cm9zZWJ1ZA==""#).then_some(()));
    assert!(named("missing").contains(r#""Err":"#));
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
}
