//! Why a value stays in a manifest, and what to do then.

use crate::left::Why;

pub(super) const ONE_LINE: Why =
    ("the pod is written on one line", "write its containers as a list, one key a line, and fix again");

pub(super) const PROBE: Why =
    ("a probe takes no references", "probe without a login, or with a script that reads a mounted file");

pub(super) const HOOK: Why = (
    "a hook of `lifecycle` takes no references",
    "give the container a variable with the value, let a shell in the hook read that (`sh -c` and `$NAME`), and fix again",
);

pub(super) const ANCHOR: Why = (
    "an alias (`*name`) puts it into other places too, where nobody fills a reference in",
    "write it out in each of those places instead of the alias, and fix again",
);

pub(super) const ALIAS: Why = (
    "the container's `env` or `volumeMounts`, or the pod's `volumes`, is an alias (`*name`), to which nothing can be added",
    "write that list out, and fix again",
);

pub(super) const LIST: Why = (
    "a list of objects (`kind: List`) is one document: whose value it is would not be known in the store",
    "write each of its `items` as a document of its own, with `---` between them, and fix again",
);

pub(super) const KUSTOMIZATION: Why = (
    "kustomize reads this file as it stands: nothing renders it before",
    "take it from a file beside (`envs:`, `files:`) that `secret agent` renders and nobody commits, or give the pods a \
     SecretProviderClass instead of the generated Secret",
);

/// A list to which items are to be added has no lines of its own.
pub(super) fn on_one_line(list: &str) -> Why {
    let nearest = "write that list with a line for each item, or leave it out if it is empty, and fix again";
    let reason = match list {
        "env" => "the container's `env` is written on one line",
        "volumeMounts" => "the container's `volumeMounts` is written on one line",
        _ => "the pod's `volumes` is written on one line",
    };
    (reason, nearest)
}
