//! Every file of the corpus reads, and loses nothing.

use std::path::{Path, PathBuf};

use strongroom_hcl::{ErrorKind, Item, parse_any};

use crate::spans::{Syntax, check_spans};

/// Another tool's template, which is not HCL before it is rendered: `[[` opens its actions.
const NOT_HCL: &str = "38-levant-template.nomad.tpl";

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus");
    let mut files = Vec::new();
    for family in ["consul", "nomad", "packer", "terraform"] {
        for file in std::fs::read_dir(root.join(family)).expect("the corpus is there") {
            files.push(file.expect("a file").path());
        }
    }
    files.sort();
    files
}

#[test]
fn every_file_reads_with_exact_spans() {
    let files = files();
    assert_eq!(files.len(), 60);
    for file in files.iter().filter(|file| !file.ends_with(NOT_HCL)) {
        let text = std::fs::read_to_string(file).expect("UTF-8");
        let body = parse_any(&text).unwrap_or_else(|error| panic!("{}:{error}", file.display()));
        assert!(!body.items.is_empty(), "{}", file.display());
        let json = file.extension().is_some_and(|it| it == "json");
        check_spans(&text, &body, if json { Syntax::Json } else { Syntax::Native });
    }
}

#[test]
fn a_template_of_another_tool_is_refused() {
    let file = files().into_iter().find(|file| file.ends_with(NOT_HCL)).expect("the template");
    let error = parse_any(&std::fs::read_to_string(file).expect("UTF-8")).expect_err("not HCL");
    assert_eq!((error.line, error.kind), (2, ErrorKind::Expected("`,` or `]`")));
}

/// Version control must not have changed what these two are there for.
#[test]
fn line_ends_and_byte_order_mark_are_as_written() {
    let read = |name: &str| {
        let file = files().into_iter().find(|file| file.ends_with(name)).expect("the file");
        std::fs::read_to_string(file).expect("UTF-8")
    };
    let crlf = read("21-crlf.nomad.hcl");
    assert!(crlf.contains("\r\n") && !crlf.replace("\r\n", "").contains('\n'));
    let marked = read("22-unicode.nomad.hcl");
    assert!(marked.starts_with('\u{feff}'));
    let body = parse_any(&marked).expect("HCL");
    let [Item::Block(job)] = body.items.as_slice() else { panic!("one job") };
    assert_eq!(job.labels[0].name, "büro");
}
