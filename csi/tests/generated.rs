//! The messages' code is what the protocol files say. `STRONGROOM_BLESS=1` writes it anew.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test")]

use std::{fs, path::Path};

/// What is in no build that is shipped.
const SANITY: &str = "pub mod controller_server {";

#[test]
fn the_messages_are_those_of_the_protocol_files() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let protocols = ["csi.proto", "registration.proto", "provider.proto"];
    let files = protox::compile(protocols, [home.join("proto")]).unwrap();
    let fresh = tempfile::tempdir().unwrap();
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        // Requests hold tokens and answers hold secrets: `redact.rs` shows what may be shown.
        .skip_debug(["."])
        .out_dir(fresh.path())
        .compile_fds(files)
        .unwrap();
    let bless = std::env::var_os("STRONGROOM_BLESS").is_some();
    for name in ["csi.v1.rs", "pluginregistration.rs", "v1alpha1.rs"] {
        let made = fs::read_to_string(fresh.path().join(name)).unwrap();
        let wanted = made.replace(SANITY, &format!("#[cfg(feature = \"sanity\")]\n{SANITY}"));
        let kept = home.join("src/proto").join(name);
        if bless {
            fs::write(&kept, &wanted).unwrap();
        }
        let is_current = fs::read_to_string(&kept).is_ok_and(|it| it == wanted);
        assert!(is_current, "{name} is not what its protocol says: run this test with STRONGROOM_BLESS=1");
    }
}

/// The controller makes volumes for whoever asks: only this crate's tests turn it on.
#[test]
fn no_build_that_is_shipped_has_the_controller_of_csi_sanity() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = |path: &str| fs::read_to_string(root.join(path).join("Cargo.toml")).unwrap();
    let (own, tests) =
        manifest("csi").split_once("[dev-dependencies]").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert!(own.contains("sanity = []") && !own.contains("default = ") && tests.contains("\"sanity\""));
    for path in [".", "client", "server", "agent"] {
        assert!(!manifest(path).contains("sanity"), "{path}");
    }
}
