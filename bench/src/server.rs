//! The servers: each with a directory and a port of its own, ended when dropped.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{Failure, Options, setup, workload::Tokens};

pub struct Server {
    pub name: &'static str,
    pub url: String,
    pub tokens: Tokens,
    /// Ended when this is dropped.
    _process: Process,
    /// Kept for as long as the server runs.
    _home: TempDir,
}

/// A child that is ended when dropped.
pub struct Process(Child);

impl Process {
    pub fn spawn(command: &mut Command) -> Result<Self, Failure> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Ok(Self(child.map_err(|error| format!("{program}: {error}"))?))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to be done about it here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until something listens.
pub fn wait_for(port: u16) -> Result<Duration, Failure> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(start.elapsed());
        }
        sleep(Duration::from_millis(1));
    }
    Err("a server did not come up within 30 seconds".into())
}

pub fn start_all(options: &Options) -> Result<Vec<Server>, Failure> {
    let strongroom = start_vault("strongroom", &options.secret, &strongroom_config)?;
    let openbao = start_vault("openbao", &options.bao, &openbao_config)?;
    let bare = start_bare(options, &strongroom)?;
    Ok(vec![strongroom, openbao, bare])
}

/// Starts one that speaks Vault's API, and puts the same things into it.
fn start_vault(
    name: &'static str,
    program: &Path,
    config: &dyn Fn(&Path, u16) -> Result<String, Failure>,
) -> Result<Server, Failure> {
    let home = tempfile::Builder::new().prefix("strongroom-bench-").tempdir()?;
    let port = free_port()?;
    let file = home.path().join("server.hcl");
    fs::write(&file, config(home.path(), port)?)?;
    let config_arg = format!("-config={}", file.display());
    let process = Process::spawn(
        Command::new(program).args(["server", &config_arg]).current_dir(home.path()).env("HOME", home.path()),
    )?;
    wait_for(port)?;
    let url = format!("http://127.0.0.1:{port}");
    let tokens = setup::prepare(&url).map_err(|error| format!("{name}: {error}"))?;
    Ok(Server { name, url, tokens, _process: process, _home: home })
}

pub fn strongroom_config(home: &Path, port: u16) -> Result<String, Failure> {
    let home = home.display();
    Ok(format!(
        r#"
storage "sqlite" {{ path = "{home}/data" }}
listener "tcp" {{
  address     = "127.0.0.1:{port}"
  tls_disable = true
}}
audit "file" "file" {{ options {{ file_path = "{home}/audit.log" }} }}
"#
    ))
}

fn openbao_config(home: &Path, port: u16) -> Result<String, Failure> {
    fs::create_dir(home.join("data"))?;
    let cluster = free_port()?;
    let home = home.display();
    Ok(format!(
        r#"
storage "raft" {{
  path    = "{home}/data"
  node_id = "one"
}}
listener "tcp" {{
  address     = "127.0.0.1:{port}"
  tls_disable = true
}}
api_addr     = "http://127.0.0.1:{port}"
cluster_addr = "http://127.0.0.1:{cluster}"
audit "file" "file" {{
  description = "benchmark"
  options {{ file_path = "{home}/audit.log" }}
}}
"#
    ))
}

/// A bare handler that answers the very bytes that Strongroom answers to a read.
fn start_bare(options: &Options, like: &Server) -> Result<Server, Failure> {
    let home = tempfile::tempdir()?;
    let answer = setup::get_text(&format!("{}/v1/secret/data/bench/0", like.url), &like.tokens.reader)?;
    let file = home.path().join("answer.json");
    fs::write(&file, answer)?;
    let port = free_port()?;
    let process = Process::spawn(Command::new(&options.bare).arg(format!("127.0.0.1:{port}")).arg(&file))?;
    wait_for(port)?;
    let tokens = like.tokens.clone();
    Ok(Server {
        name: "bare axum",
        url: format!("http://127.0.0.1:{port}"),
        tokens,
        _process: process,
        _home: home,
    })
}
