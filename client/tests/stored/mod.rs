//! A server of the binary on a store of its own, and the commands against it.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

pub const BINARY: &str = env!("CARGO_BIN_EXE_secret");

/// A server on a store of its own, ended when dropped.
pub struct Server {
    pub process: Child,
    pub address: String,
    pub dir: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts one on `dir/data`, with what `seal` adds to the configuration.
    pub fn start(dir: &Path, seal: &str) -> Self {
        let config = dir.join("server.hcl");
        let text = format!(
            "storage \"sqlite\" {{ path = \"{}\" }}\n\
             listener \"tcp\" {{ address = \"127.0.0.1:0\" tls_disable = true }}\n{seal}\n",
            dir.join("data").display()
        );
        fs::write(&config, text).unwrap();
        let mut process = Command::new(BINARY)
            .arg("server")
            .arg(format!("-config={}", config.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the server ends before it is ready").unwrap();
            if let Some((_, address)) = line.split_once("ready on ") {
                break address.to_owned();
            }
        };
        // Whoever logs must not find a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address, dir: dir.to_owned() }
    }

    pub fn run(&self, args: &[&str], token: &str, input: &str) -> Output {
        run(args, &[("STRONGROOM_ADDR", &self.address), ("VAULT_TOKEN", token)], input)
    }

    #[track_caller]
    pub fn ok(&self, args: &[&str], token: &str) -> String {
        let ran = self.run(args, token, "");
        assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    #[track_caller]
    pub fn fails(&self, args: &[&str], token: &str) -> String {
        let ran = self.run(args, token, "");
        assert!(!ran.status.success(), "{args:?} succeeds");
        String::from_utf8(ran.stderr).unwrap()
    }

    /// Makes the store: its only share and its root token.
    pub fn init(&self) -> (String, String) {
        let made = self.ok(&["init", "-key-shares=1", "-key-threshold=1", "-format=json"], "");
        let made: Value = serde_json::from_str(&made).unwrap();
        let share = made["unseal_keys_b64"][0].as_str().unwrap().to_owned();
        self.unseal(&share);
        (share, made["root_token"].as_str().unwrap().to_owned())
    }

    pub fn unseal(&self, share: &str) {
        let ran = self.run(&["unseal"], "", share);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }

    pub fn is_sealed(&self) -> bool {
        self.run(&["status"], "", "").status.code() == Some(2)
    }
}

pub fn run(args: &[&str], env: &[(&str, &str)], input: &str) -> Output {
    let mut child = Command::new(BINARY)
        .args(args)
        .env_clear()
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may not want any.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
