//! Kubernetes: pods get their values from a SecretProviderClass, other objects are rendered before they are applied.
//!
//! A container's variable becomes a reference to a Secret that the Secrets Store CSI driver makes and keeps (the
//! class's `secretObjects`); arguments take it by `$(NAME)`. A Secret or a ConfigMap that holds a value itself becomes
//! a template.

mod class;
mod outline;

use std::collections::BTreeMap;

use strongroom_hcl::Span;
use strongroom_scan::{Finding, Format, Layer, Place};

use self::{
    class::Class,
    outline::{Container, Outline},
};
use crate::{
    Access, Edit, File, Options, Plan, Reference, Role,
    inplace::{InPlace, free_delimiters},
    layout::{line_around, with_line_ends},
    left::Why,
    moved::{self, Cure},
    names::word,
    stem,
};

/// The volume that the driver mounts, and where.
const VOLUME: &str = "strongroom";
const MOUNT: &str = "/run/secrets/strongroom";

const ONE_LINE: Why =
    ("the pod is written on one line", "write its containers as a list, one key a line, and fix again");

const PROBE: Why =
    ("a probe takes no references", "probe without a login, or with a script that reads a mounted file");

enum How {
    /// In an object that is no pod.
    Rendered(InPlace),
    /// A part of a variable's value, or of an argument.
    Part(Container),
    /// All of a variable's value.
    Variable(Container, Span, bool),
}

pub(crate) fn plan(file: &File<'_>, findings: &[Finding], options: &Options) -> Plan {
    let outline = Outline::of(file.text);
    let format = Format::of(file.name, file.text);
    let delimiters = free_delimiters(file.text);
    let mut pods: BTreeMap<usize, Vec<(Container, Reference, bool)>> = BTreeMap::new();
    let mut is_rendered = false;
    let edit = |finding: &Finding, how: How, reference: &Reference| {
        Ok(match how {
            How::Rendered(spot) => {
                is_rendered = true;
                spot.edit(reference, &options.mount, &delimiters)
            }
            How::Variable(container, span, is_flow) => {
                let class = class_name(&outline, &container);
                pods.entry(container.pod.start).or_default().push((container, reference.clone(), false));
                Edit { span, text: value_from(&class, reference, span, is_flow, file.text) }
            }
            How::Part(container) => {
                let text = format!("$({})", part(&container, reference));
                pods.entry(container.pod.start).or_default().push((container, reference.clone(), true));
                Edit { span: finding.span, text }
            }
        })
    };
    let cure = |it: &Finding| {
        let how = how(file.text, format, &outline, it)?;
        Ok(Cure { stored: stored(file.text, it, &how), how })
    };
    let mut plan = moved::plan(&["kubernetes", stem(file.name)], findings, options, cure, edit);
    for users in pods.values() {
        if let Some((container, ..)) = users.first() {
            let class = class_name(&outline, container);
            give(&mut plan, file.text, &class, users);
            let mut references: Vec<Reference> = users.iter().map(|(_, it, _)| it.clone()).collect();
            references.sort();
            references.dedup();
            let object = outline.object_at(container.start);
            let class = Class { name: &class, object, references: &references, options };
            plan.beside.push(class.file());
            plan.access.push(access(&class));
        }
    }
    settle(&mut plan, file, is_rendered);
    plan
}

fn how(text: &str, format: Format, outline: &Outline, finding: &Finding) -> Result<How, Why> {
    // Manifests in JSON come out of programs, which make them again: they are rendered whole.
    if format == Format::Json {
        return Ok(How::Rendered(InPlace::of(text, finding, format)));
    }
    if outline.is_probe(finding.span.start) {
        return Err(PROBE);
    }
    let Some(container) = outline.container_at(finding.span.start) else {
        // Within a pod that is written on one line, no reference can be put for certain.
        let is_pod =
            matches!(finding.place, Place::Env | Place::Argument) && outline.is_workload(finding.span.start);
        return if is_pod {
            Err(ONE_LINE)
        } else {
            Ok(How::Rendered(InPlace::of(text, finding, Format::Yaml)))
        };
    };
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

/// The text as Kubernetes reads it: YAML's escapes undone, and those of a shell or a URL not.
fn stored(text: &str, finding: &Finding, how: &How) -> String {
    let (raw, value) = (finding.span.of(text), finding.value.expose());
    let of_yaml = [Layer::Bare, Layer::YamlBlock, Layer::YamlDouble, Layer::YamlSingle];
    match how {
        How::Rendered(spot) => spot.stored.clone(),
        How::Part(_) if !finding.layers.iter().all(|it| of_yaml.contains(it)) => raw.to_owned(),
        _ => value.to_owned(),
    }
}

fn class_name(outline: &Outline, container: &Container) -> String {
    format!("{}-strongroom", outline.object_at(container.start).name)
}

/// The variable that holds a part of another's value or of an argument: no name that the container has already.
fn part(container: &Container, reference: &Reference) -> String {
    let name = reference.field.to_ascii_uppercase();
    let is_taken = |it: &String| container.variables.contains(it);
    let others = (1..)
        .map(|count| format!("{name}_SECRET{}", if count == 1 { String::new() } else { count.to_string() }));
    std::iter::once(name.clone()).chain(others).find(|it| !is_taken(it)).unwrap_or_default()
}

/// `valueFrom`, in the place of `value`.
fn value_from(class: &str, reference: &Reference, span: Span, is_flow: bool, text: &str) -> String {
    let key = &reference.field;
    if is_flow {
        return format!("valueFrom: {{ secretKeyRef: {{ name: {class}, key: {key} }} }}");
    }
    let column = text.get(line_around(text, span.start).start..span.start).map_or(0, str::len);
    let indent = " ".repeat(column);
    let block =
        format!("valueFrom:\n{indent}  secretKeyRef:\n{indent}    name: {class}\n{indent}    key: {key}");
    with_line_ends(&block, text)
}

/// The container's variables and the mount, and the pod's volume.
fn give(plan: &mut Plan, text: &str, class: &str, users: &[(Container, Reference, bool)]) {
    let mut done: Vec<usize> = Vec::new();
    for (container, ..) in users {
        if done.contains(&container.start) {
            continue;
        }
        done.push(container.start);
        let mut variables: Vec<&Reference> = users
            .iter()
            .filter(|(it, _, is_new)| *is_new && it.start == container.start)
            .map(|(_, it, _)| it)
            .collect();
        variables.sort();
        variables.dedup();
        let items = variables.iter().map(|it| {
            vec![
                format!("- name: {}", part(container, it)),
                "  valueFrom:".to_owned(),
                "    secretKeyRef:".to_owned(),
                format!("      name: {class}"),
                format!("      key: {}", it.field),
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
    if let Some((container, ..)) = users.first()
        && !container.pod.has_volume
    {
        plan.edits.push(container.pod.volumes.insertion("volumes", &volume, text));
    }
}

fn access(class: &Class<'_>) -> Access {
    let mut reads: Vec<String> = class.references.iter().map(|it| it.path.clone()).collect();
    reads.dedup();
    let object = class.object;
    Access {
        policy: object.name.clone(),
        reads,
        role: Some(Role {
            name: object.name.clone(),
            method: "kubernetes",
            bound: vec![
                ("bound_service_account_names".to_owned(), object.account.clone()),
                ("bound_service_account_namespaces".to_owned(), object.namespace.clone()),
            ],
        }),
    }
}

fn settle(plan: &mut Plan, file: &File<'_>, is_rendered: bool) {
    if let Some(class) = plan.beside.first() {
        plan.notes.push(format!("apply {} before the pod: the Secrets Store CSI driver makes its Secret when the volume is mounted", class.name));
    }
    if is_rendered {
        let name = file.name.rsplit('/').next().unwrap_or(file.name);
        plan.notes.push(format!(
            "it is a template now: `secret agent -token-file=TOKEN -exit-after-auth -template {}`, then `kubectl apply -f {}`",
            word(&format!("{}:/run/secrets/{name}", file.name)),
            word(&format!("/run/secrets/{name}")),
        ));
    }
    let roles = std::mem::take(&mut plan.access);
    plan.settle(&format!("kubernetes-{}", stem(file.name)));
    // What a pod reads, its own policy has.
    let given = |path: &String| roles.iter().any(|it| it.reads.contains(path));
    plan.access.iter_mut().for_each(|it| it.reads.retain(|path| !given(path)));
    plan.access.retain(|it| !it.reads.is_empty());
    plan.access.extend(roles);
}
