//! Moves plaintext credentials out of configuration files, and leaves references in their place.
//!
//! Nothing is written here: a [`Plan`] says which bytes change, what the store must hold first, what is
//! left and why, and what the workload must be allowed to read. One module for each family of files.

mod apart;
mod beside;
mod called;
mod comment;
mod compose;
mod encoded;
mod expression;
mod family;
mod given;
mod home;
mod inplace;
mod jdbc;
mod kubernetes;
mod layout;
mod left;
mod located;
mod moved;
mod names;
mod nomad;
mod packer;
mod pipeline;
mod plan;
mod rails;
mod render;
mod rendered;
mod terraform;
mod variables;

pub use apart::{Apart, Together};
pub use compose::env_files;
pub use family::Family;
pub use plan::{
    Access, Beside, Edit, Entry, File, Kept, Left, Options, Plan, Reference, Role, Sibling, Style,
};
use strongroom_scan::Finding;

/// What to do about the findings of one file.
///
/// The result is the same for the same input, and empty for a file that was fixed before.
#[must_use]
pub fn plan(file: &File<'_>, findings: &[Finding], options: &Options) -> Plan {
    let mut plan = Family::of(file.name, file.text).plan(file, findings, options);
    if plan.apply(file.text).is_err() {
        // Of a broken document two rewrites may claim the same lines: neither is made, and nothing is stored.
        plan = left::all(findings, left::UNPARSED);
    }
    let others = apart::others(file, &plan, options);
    plan.notes.extend(others);
    let twice = encoded::notes(&plan, options);
    plan.notes.extend(twice);
    let documents = encoded::documents(&plan, findings, file.text, options);
    plan.notes.extend(documents);
    plan
}

/// What says nothing but the kind of a file.
const ENDINGS: [&str; 23] = [
    "auto",
    "cfg",
    "cnf",
    "conf",
    "env",
    "erb",
    "hcl",
    "ini",
    "j2",
    "json",
    "nomad",
    "pkr",
    "pkrvars",
    "properties",
    "rb",
    "sh",
    "tf",
    "tfvars",
    "toml",
    "tpl",
    "xml",
    "yaml",
    "yml",
];

/// A file's name without its folder and without endings that say of what kind it is: `.env.production` is another file
/// than `.env`.
pub(crate) fn stem(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    let mut stem = file.trim_start_matches('.');
    while let Some((rest, ending)) = stem.rsplit_once('.')
        && !rest.is_empty()
        && ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
    {
        stem = rest;
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_keeps_what_tells_files_apart() {
        let check = |name: &str, expected: &str| assert_eq!(stem(name), expected, "{name}");
        check("a/.env", "env");
        check(".env.production", "env.production");
        check("prod.auto.tfvars", "prod");
        check("web.nomad.hcl", "web");
        check("docker-compose.prod.yml", "docker-compose.prod");
        check("run.sh", "run");
        check("Makefile", "Makefile");
        check("..", "");
    }
}
