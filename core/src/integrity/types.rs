//! Which types of records lie in which class: what decrypts must also decode as one of them.

use crate::{
    audit, auth,
    barrier::{Class, Filed},
    identity, leases, mounts, policy, purge,
    seal::rotate,
    secrets::{cubbyhole, kv},
    system, tokens, tree,
};

/// Every type that implements [`Record`](crate::barrier::Record).
const ALL: &[&[&[Filed]]] = &[
    &[
        super::KINDS,
        audit::KINDS,
        cubbyhole::KINDS,
        kv::KINDS,
        mounts::KINDS,
        policy::KINDS,
        purge::KINDS,
        rotate::KINDS,
        tree::KINDS,
        tree::burial::KINDS,
        auth::lockout::KINDS,
        auth::token::KINDS,
        auth::userpass::KINDS,
    ],
    auth::approle::KINDS,
    identity::KINDS,
    auth::jwt::KINDS,
    auth::cert::KINDS,
    auth::kubernetes::KINDS,
    leases::KINDS,
    system::KINDS,
    tokens::KINDS,
];

/// Whether a row of `class` may hold this.
pub(super) fn fits(class: Class, plain: &[u8]) -> bool {
    let mut kinds = ALL.iter().flat_map(|it| it.iter()).flat_map(|it| it.iter());
    kinds.any(|it| it.class == class && (it.is)(plain))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    fn sources(dir: &Path, out: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => sources(&path, out),
                false => out.push(fs::read_to_string(&path).unwrap()),
            }
        }
    }

    /// By file: two files may have a type of one name.
    #[test]
    fn every_type_of_record_is_known_to_the_check() {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        let mut known = 0;
        for text in &files {
            // What stands in a test is no type of a store.
            let text = text.split("#[cfg(test)]").next().unwrap();
            let named = |before: &str, after: char| -> BTreeSet<&str> {
                text.split(before).skip(1).filter_map(|it| it.split(after).next()).collect()
            };
            for name in named("impl Record for ", ' ') {
                // A view of `Head`; and those that their module lists one file up.
                let elsewhere = ["Latest", "Mount", "Token"].contains(&name);
                assert!(elsewhere || named("filed::<", '>').contains(name), "{name} is not in KINDS");
                known += 1;
            }
        }
        assert!(known > 25, "{known}");
    }
}
