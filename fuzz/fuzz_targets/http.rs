//! A connection: whatever bytes come, each answer is one that a client may cause, and the server goes on.
#![no_main]

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use strongroom_core::testing::TestCore;
use strongroom_server::{
    http::{App, Budget, Shares},
    serve,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::{Builder, Runtime},
};

/// What the seeds present: it may do much, but not seal the server.
const TOKEN: &str = "fuzzed-token";

struct Server {
    runtime: Runtime,
    app: Arc<App>,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let core = runtime.block_on(async {
            let test = TestCore::new().await;
            let policy = "path \"secret/*\" { capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\", \"patch\"] }";
            test.write("sys/policies/acl/fuzz", json!({ "policy": policy })).await.expect("a policy");
            let wish = json!({ "id": TOKEN, "policies": ["fuzz"], "no_parent": true });
            test.write("auth/token/create", wish).await.expect("a token");
            test.core
        });
        let app = App {
            core,
            limits: Default::default(),
            budget: Budget::new(Shares::default()),
            opened: Default::default(),
            forwarded: None,
            hosts: Default::default(),
        };
        Server { runtime, app: Arc::new(app) }
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Server { runtime, app } = server();
    let answers = runtime.block_on(async {
        let (mut client, stream) = tokio::io::duplex(64 << 10);
        let serving = tokio::spawn(serve::over(stream, app.clone()));
        // Whoever is refused may find the connection closed while still sending.
        let _ = client.write_all(bytes).await;
        let _ = client.shutdown().await;
        let mut answers = Vec::new();
        let _ = client.read_to_end(&mut answers).await;
        serving.await.expect("the connection's task does not panic");
        answers
    });
    for at in memchr::memmem::find_iter(&answers, b"HTTP/1.1 ") {
        let class = answers.get(at + 9);
        assert_ne!(class, Some(&b'5'), "{}", String::from_utf8_lossy(&answers));
    }
});
