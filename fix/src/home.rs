//! What stands first in the paths of one file's values, and what its policy is called.

use crate::{Apart, File, Options, names::segment};

/// Where the values of one file live.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    path: Vec<String>,
    policy: String,
}

impl Home {
    /// Of a file that has one reader, who starts what it is for: `env/shop/app1/env`. Two projects have a `main.tf`
    /// each, so the folder is always in it, unless a prefix tells them apart.
    pub(crate) fn of_file(kind: &str, file: &File<'_>, options: &Options) -> Self {
        let folder = || folders(file.folder);
        let stem = || [segment(crate::stem(file.name))];
        let has_folder = options.prefix.is_none() || options.apart != Apart::No;
        let path = head(kind, options).chain(folder().filter(|_| has_folder)).chain(stem());
        let policy: Vec<String> = [kind.to_owned()].into_iter().chain(folder()).chain(stem()).collect();
        Self { path: path.collect(), policy: policy.join(".") }
    }

    /// Of a file of workloads that have names of their own, each with a policy. Where the file lies is of no matter, until
    /// a workload of another file has the same name.
    pub(crate) fn of_workloads(kind: &str, file: &File<'_>, options: &Options) -> Self {
        let folder = folders(file.folder).filter(|_| options.apart != Apart::No);
        let stem = (options.apart == Apart::File).then(|| segment(crate::stem(file.name)));
        let place: Vec<String> = folder.chain(stem).collect();
        let policy: Vec<String> = segments(kind).chain(place.iter().cloned()).collect();
        Self { path: head(kind, options).chain(place).collect(), policy: policy.join(".") }
    }

    pub(crate) fn path(&self) -> &[String] {
        &self.path
    }

    /// The policy of a file that has one reader.
    pub(crate) fn policy(&self) -> &str {
        &self.policy
    }

    /// The policy of one of several workloads, and its role. A part of a path has no slash, and what may have dots stands
    /// last: two workloads never have one name.
    pub(crate) fn policy_of(&self, name: &str) -> String {
        match self.policy.as_str() {
            "" => name.to_owned(),
            place => format!("{place}.{name}"),
        }
    }
}

fn head(kind: &str, options: &Options) -> impl Iterator<Item = String> {
    match &options.prefix {
        Some(prefix) => vec![prefix.trim_matches('/').to_owned()].into_iter(),
        None => segments(kind).collect::<Vec<_>>().into_iter(),
    }
}

fn segments(kind: &str) -> impl Iterator<Item = String> {
    (!kind.is_empty()).then(|| kind.to_owned()).into_iter()
}

/// A name of a policy or a role begins and ends with a letter or a digit.
fn folders(folder: &str) -> impl Iterator<Item = String> {
    let parts = folder.split('/').filter(|it| !it.is_empty());
    parts.map(|it| segment(segment(it).trim_matches(['.', '-'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(home: &Home, path: &str, policy: &str) {
        assert_eq!((home.path().join("/").as_str(), home.policy()), (path, policy));
    }

    #[test]
    fn a_file_is_known_by_its_folder() {
        let file = File { name: "../x/.env.production", text: "", folder: "shop/.config/a b" };
        let (plain, prefixed) =
            (Options::default(), Options { prefix: Some("/default/app/".to_owned()), ..Options::default() });
        let policy = "env.shop.config.a-b.env.production";
        check(&Home::of_file("env", &file, &plain), "env/shop/config/a-b/env.production", policy);
        check(&Home::of_file("env", &file, &prefixed), "default/app/env.production", policy);
        let apart = Options { apart: Apart::Folder, ..prefixed };
        check(&Home::of_file("env", &file, &apart), "default/app/shop/config/a-b/env.production", policy);
    }

    #[test]
    fn a_workload_is_known_by_its_name_as_long_as_that_will_do() {
        let file = File { name: "web.nomad.hcl", text: "", folder: "shop/staging" };
        let options = |apart| Options { apart, ..Options::default() };
        let home = |kind, apart| Home::of_workloads(kind, &file, &options(apart));
        check(&home("", Apart::No), "", "");
        check(&home("", Apart::Folder), "shop/staging", "shop.staging");
        check(&home("kubernetes", Apart::File), "kubernetes/shop/staging/web", "kubernetes.shop.staging.web");
        assert_eq!(home("", Apart::No).policy_of("web"), "web");
        assert_eq!(home("", Apart::Folder).policy_of("web"), "shop.staging.web");
    }
}
