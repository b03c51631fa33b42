//! Kubernetes: pods get their values from a SecretProviderClass, other objects are rendered before they are applied.
//!
//! A container's variable becomes a reference to a Secret that the Secrets Store CSI driver makes and keeps (the
//! class's `secretObjects`); arguments take it by `$(NAME)`. A Secret or a ConfigMap that holds a value itself becomes
//! a template.

mod anchors;
mod class;
mod outline;
mod reasons;
mod there;

use std::collections::{BTreeMap, BTreeSet};

use strongroom_hcl::Span;
use strongroom_scan::{Finding, Format, Place};

use self::{
    class::{Classes, Id},
    outline::{Container, Object, Outline},
};
use crate::{
    Access, Apart, Edit, File, Options, Plan, Reference, Role, beside,
    given::given,
    home::Home,
    inplace::{InPlace, free_delimiters},
    layout::{line_around, with_line_ends},
    left::{self, Why},
    moved::{self, Cure},
    names::word,
    render::Delimiters,
    rendered::agent_command,
    stem,
};

/// How our classes' names end.
const CLASS: &str = "-strongroom";

/// The service account of pods that name none.
const DEFAULT: &str = "default";

/// The volume that the driver mounts, and where.
const VOLUME: &str = "strongroom";
const MOUNT: &str = "/run/secrets/strongroom";

enum How {
    /// In an object that is no pod.
    Rendered(InPlace),
    /// A part of a variable's value, or of an argument.
    Part(Container),
    /// All of a variable's value.
    Variable(Container, Span, bool),
}

pub(crate) fn plan(file: &File<'_>, home: &Home, findings: &[Finding], options: &Options) -> Plan {
    if is_kustomization(file.name) {
        return left::all(findings, reasons::KUSTOMIZATION);
    }
    let workloads = Home::of_workloads("kubernetes", file, options);
    let outline = Outline::of(file.text);
    let format = Format::of(file.name, file.text);
    // In one folder, another file has an object of that name: what is for it must have another.
    let apart = (options.apart == Apart::File).then(|| label(stem(file.name)));
    let delimiters = free_delimiters(file.text);
    let mut pods: BTreeMap<usize, Pod> = BTreeMap::new();
    let mut classes = Classes::new(options);
    let mut rendered: BTreeSet<String> = BTreeSet::new();
    let edit = |finding: &Finding, how: How, reference: &Reference| {
        let (container, span) = match how {
            How::Rendered(spot) => {
                rendered.insert(reference.path.clone());
                return Ok(spot.edit(reference, &options.mount, &delimiters));
            }
            How::Variable(container, span, is_flow) => (container, Some((span, is_flow))),
            How::Part(container) => (container, None),
        };
        let pod = pods
            .entry(container.pod.start)
            .or_insert_with(|| Pod::new(&outline, &workloads, apart.as_deref(), &container));
        let key = classes.key(&pod.class, reference);
        let read = reference.path.clone();
        Ok(match span {
            Some((span, is_flow)) => {
                let text = value_from(&pod.class.name, &key, span, is_flow, file.text);
                pod.users.push(User { container, read, key, is_new: false });
                Edit { span, text }
            }
            None => {
                let text = format!("$({})", part(&container, &key));
                pod.users.push(User { container, read, key, is_new: true });
                Edit { span: finding.span, text }
            }
        })
    };
    let cure = |it: &Finding| {
        let how = how(file.text, format, &outline, it)?;
        let object = outline.object_at(it.span.start);
        let owner = if format == Format::Json { vec![stem(file.name).to_owned()] } else { object.owner() };
        Ok(Cure { stored: stored(file.text, it, &how), how, owner })
    };
    let mut plan = moved::plan(&workloads, findings, options, cure, edit);
    for pod in pods.values() {
        pod.give(&mut plan, file.text);
        plan.access.push(pod.access());
    }
    if let Err(clash) = classes.put_beside(&mut plan) {
        return beside::left_for(&clash, findings);
    }
    plan.sort();
    if !rendered.is_empty() {
        plan.access.push(Access {
            policy: home.policy().to_owned(),
            reads: rendered.into_iter().collect(),
            role: None,
        });
        plan.notes.push(how_to_render(file, &delimiters));
    }
    tell(&mut plan, pods.values());
    plan
}

/// Whether kustomize reads it, by its name alone.
pub(crate) fn is_kustomization(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    matches!(name.as_str(), "kustomization.yaml" | "kustomization.yml" | "kustomization")
}

/// A pod that gets values, and how.
struct Pod {
    object: Object,
    class: Id,
    users: Vec<User>,
}

/// A place that takes a value out of the class's Secret.
struct User {
    container: Container,
    /// The value's path in the store.
    read: String,
    /// Its key in the Secret.
    key: String,
    /// It needs a variable of its own.
    is_new: bool,
}

impl Pod {
    fn new(outline: &Outline, workloads: &Home, apart: Option<&str>, container: &Container) -> Self {
        let object = outline.object_at(container.start).clone();
        // A pod that was begun has a volume of ours.
        let begun = container.pod.classes.iter().find(|it| it.ends_with(CLASS)).cloned();
        let parts = apart.into_iter().chain([object.name.as_str(), &object.kind]);
        let name = begun.unwrap_or_else(|| parts.collect::<Vec<_>>().join("-") + CLASS);
        let role = workloads.policy_of(&object.owner().join("."));
        let class = Id { name, namespace: object.namespace.clone(), role };
        Self { object, class, users: Vec::new() }
    }
}

/// A name as Kubernetes takes it (RFC 1123): `web_staging` is `web-staging`.
fn label(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(safe).collect::<String>().trim_matches('-').to_owned()
}

fn how(text: &str, format: Format, outline: &Outline, finding: &Finding) -> Result<How, Why> {
    // Manifests in JSON come out of programs, which make them again: they are rendered whole.
    if format == Format::Json {
        return Ok(How::Rendered(InPlace::of(text, finding, format)));
    }
    let at = finding.span.start;
    if outline.object_at(at).is_list {
        return Err(reasons::LIST);
    }
    if let Some(why) = outline.kept_by_kubelet(at) {
        return Err(why);
    }
    let Some(container) = outline.container_at(at)? else {
        // Within a pod that is written on one line, no reference can be put for certain.
        let is_pod = matches!(finding.place, Place::Env | Place::Argument) && outline.is_workload(at);
        return if is_pod {
            Err(reasons::ONE_LINE)
        } else {
            Ok(How::Rendered(InPlace::of(text, finding, Format::Yaml)))
        };
    };
    if outline.is_aliased(text, at) {
        return Err(reasons::ANCHOR);
    }
    Ok(match whole_value(text, finding) {
        Some((span, is_flow)) if finding.place == Place::Env => How::Variable(container, span, is_flow),
        _ => How::Part(container),
    })
}

/// From `value` to the value's end, with its quotes; whether it stands in braces.
fn whole_value(text: &str, finding: &Finding) -> Option<(Span, bool)> {
    let line = line_around(text, finding.span.start);
    let before = text.get(line.start..finding.span.start)?;
    let behind = text.get(finding.span.end..line.end)?;
    let quote = ['"', '\''].into_iter().find(|it| before.ends_with(*it) && behind.starts_with(*it));
    let by = usize::from(quote.is_some());
    let before = before.get(..before.len() - by)?.trim_end();
    let behind = behind.get(by..)?.trim();
    let key = before.strip_suffix(':')?.trim_end();
    let start = line.start + key.strip_suffix("value")?.len();
    let is_flow = before.contains('{');
    let is_end = behind.is_empty() || behind.starts_with('#') || (is_flow && behind.starts_with([',', '}']));
    is_end.then_some((Span { start, end: finding.span.end + by }, is_flow))
}

/// What the container gets now: it gets the same from the class's Secret, of which nothing is filled in or undone.
fn stored(text: &str, finding: &Finding, how: &How) -> String {
    match how {
        How::Rendered(spot) => spot.stored.clone(),
        How::Part(_) | How::Variable(..) => filled_in(&given(text, finding)),
    }
}

/// What kubelet makes of a variable's value and of an argument: `$$` is a dollar, but not within `$(...)`.
fn filled_in(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        out.push_str(before);
        out.push('$');
        rest = match behind.strip_prefix('$') {
            Some(behind) => behind,
            None => {
                let end = behind.find(')').filter(|_| behind.starts_with('(')).unwrap_or(0);
                let (name, behind) = behind.split_at_checked(end).unwrap_or(("", behind));
                out.push_str(name);
                behind
            }
        };
    }
    out + rest
}

/// The variable that holds a part of another's value or of an argument: no name that the container has already.
fn part(container: &Container, key: &str) -> String {
    let name = key.to_ascii_uppercase();
    let is_taken = |it: &String| container.variables.contains(it);
    let others = (1..)
        .map(|count| format!("{name}_SECRET{}", if count == 1 { String::new() } else { count.to_string() }));
    std::iter::once(name.clone()).chain(others).find(|it| !is_taken(it)).unwrap_or_default()
}

/// `valueFrom`, in the place of `value`.
fn value_from(class: &str, key: &str, span: Span, is_flow: bool, text: &str) -> String {
    if is_flow {
        return format!("valueFrom: {{ secretKeyRef: {{ name: {class}, key: {key} }} }}");
    }
    let column = text.get(line_around(text, span.start).start..span.start).map_or(0, str::len);
    let indent = " ".repeat(column);
    let block =
        format!("valueFrom:\n{indent}  secretKeyRef:\n{indent}    name: {class}\n{indent}    key: {key}");
    with_line_ends(&block, text)
}

impl Pod {
    /// The containers' variables and mounts, and the pod's volume.
    fn give(&self, plan: &mut Plan, text: &str) {
        let class = &self.class.name;
        let mut done: Vec<usize> = Vec::new();
        for User { container, .. } in &self.users {
            if done.contains(&container.start) {
                continue;
            }
            done.push(container.start);
            let mut variables: Vec<&str> = self
                .users
                .iter()
                .filter(|it| it.is_new && it.container.start == container.start)
                .map(|it| it.key.as_str())
                .collect();
            variables.sort_unstable();
            variables.dedup();
            let items = variables.iter().map(|key| {
                vec![
                    format!("- name: {}", part(container, key)),
                    "  valueFrom:".to_owned(),
                    "    secretKeyRef:".to_owned(),
                    format!("      name: {class}"),
                    format!("      key: {key}"),
                ]
            });
            let items: Vec<String> = items.flatten().collect();
            if !items.is_empty() {
                plan.edits.push(container.env.insertion("env", &items, text));
            }
            let mount =
                [format!("- name: {VOLUME}"), format!("  mountPath: {MOUNT}"), "  readOnly: true".to_owned()];
            if !container.is_mounted {
                plan.edits.push(container.mounts.insertion("volumeMounts", &mount, text));
            }
        }
        let volume = [
            format!("- name: {VOLUME}"),
            "  csi:".to_owned(),
            "    driver: secrets-store.csi.k8s.io".to_owned(),
            "    readOnly: true".to_owned(),
            "    volumeAttributes:".to_owned(),
            format!("      secretProviderClass: {class}"),
        ];
        if let Some(User { container, .. }) = self.users.first()
            && !container.pod.classes.contains(class)
        {
            plan.edits.push(container.pod.volumes.insertion("volumes", &volume, text));
        }
    }

    fn access(&self) -> Access {
        let reads: BTreeSet<String> = self.users.iter().map(|it| it.read.clone()).collect();
        let role = &self.class.role;
        Access {
            policy: role.clone(),
            reads: reads.into_iter().collect(),
            role: Some(Role {
                name: role.clone(),
                method: "kubernetes",
                bound: vec![
                    ("bound_service_account_names".to_owned(), self.object.account.clone()),
                    ("bound_service_account_namespaces".to_owned(), self.object.namespace.clone()),
                ],
            }),
        }
    }
}

fn how_to_render(file: &File<'_>, delimiters: &Delimiters) -> String {
    let name = file.name.rsplit('/').next().unwrap_or(file.name);
    let rendered = format!("/run/secrets/{name}");
    let command = agent_command(file.name, &rendered, "-exit-after-auth ", delimiters);
    format!("it is a template now: `{command}`, then `kubectl apply -f {}`", word(&rendered))
}

/// How the classes are used, whose namespace was assumed, and whose accounts are too wide.
fn tell<'p>(plan: &mut Plan, pods: impl Iterator<Item = &'p Pod>) {
    let classes: Vec<&str> = plan.beside.iter().map(|it| it.name.as_str()).collect();
    if !classes.is_empty() {
        plan.notes.push(format!(
            "apply {} before the pod: the Secrets Store CSI driver makes its Secret when the volume is mounted",
            classes.join(", ")
        ));
    }
    let mut unplaced = Vec::new();
    let mut accounts: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for Pod { object, .. } in pods {
        if !object.is_placed {
            unplaced.push(format!("{}/{}", object.kind, object.name));
        }
        let users = accounts.entry((&object.namespace, &object.account)).or_default();
        users.push(format!("{}/{}", object.kind, object.name));
    }
    if !unplaced.is_empty() {
        plan.notes.push(format!(
            "{} without metadata.namespace: the class and the role are for the namespace default. If it goes to another \
             one, write that into the manifest before this fix, or undo it",
            unplaced.join(", ")
        ));
    }
    for ((namespace, account), users) in accounts {
        if users.len() > 1 || account == DEFAULT {
            plan.notes.push(format!(
                "{} logs in as the service account {account} of {namespace}, and so may every pod that has this account: \
                 give each one of its own",
                users.join(", ")
            ));
        }
    }
}
