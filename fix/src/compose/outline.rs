//! The services of a Compose file, as far as a fix must know them.

use crate::layout::indentation;

/// Where things stand in the file, by its lines and their indentation.
#[derive(Debug, Default)]
pub(super) struct Outline {
    services: Vec<(usize, usize, Service)>,
    /// Behind the line of the top level's `secrets:`.
    pub(super) secrets: Option<usize>,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) image: String,
    /// Behind the line with the service's name.
    pub(super) body: usize,
    /// The white space before the service's keys.
    pub(super) indent: String,
    pub(super) has_secrets: bool,
    /// It does not begin as the image says.
    pub(super) has_user: bool,
    /// It has keys of another service, or of what stands beside the services.
    pub(super) inherits: bool,
    /// It says what runs, and needs no other file for that.
    is_whole: bool,
}

impl Outline {
    pub(super) fn of(text: &str) -> Self {
        let mut outline = Self::default();
        let mut section = "";
        let mut name_indent: Option<usize> = None;
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let (start, end) = (at, at + line.len());
            at = end;
            let trimmed = line.trim();
            let depth = indentation(line).len();
            // What looks like a comment may be the end of a text.
            let is_within = name_indent.is_some_and(|it| depth > it);
            if trimmed.starts_with('#')
                && is_within
                && let Some((_, last, _)) = outline.services.last_mut()
            {
                *last = end;
            }
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            if depth == 0 {
                section = trimmed.split(':').next().unwrap_or("");
                name_indent = None;
                if section == "secrets" && trimmed == "secrets:" {
                    outline.secrets = Some(end);
                }
                continue;
            }
            if section != "services" {
                continue;
            }
            if *name_indent.get_or_insert(depth) == depth {
                let name = trimmed.split(':').next().unwrap_or("").trim_matches(['"', '\'']).to_owned();
                outline.services.push((start, end, Service { name, body: end, ..Service::default() }));
            } else if let Some((_, last, service)) = outline.services.last_mut() {
                *last = end;
                if service.indent.is_empty() {
                    service.indent = indentation(line).to_owned();
                }
                if service.indent.len() == depth {
                    let key = trimmed.split_once(':');
                    service.is_whole |=
                        key.is_some_and(|(key, _)| matches!(key, "image" | "build" | "extends" | "<<"));
                    match key {
                        Some(("image", image)) => {
                            service.image = image.trim().trim_matches(['"', '\'']).to_owned()
                        }
                        Some(("secrets", _)) => service.has_secrets = true,
                        Some(("user", _)) => service.has_user = true,
                        Some(("extends" | "<<", _)) => service.inherits = true,
                        _ => {}
                    }
                }
            }
        }
        outline
    }

    /// Behind the last line of a service.
    pub(super) fn end_of(&self, service: &Service) -> usize {
        let found = self.services.iter().find(|(_, _, it)| it.body == service.body);
        found.map_or(service.body, |(_, last, _)| *last)
    }

    pub(super) fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.iter().map(|(_, _, it)| it)
    }

    /// Whether it runs without another file.
    pub(super) fn is_whole(&self) -> bool {
        self.services.iter().all(|(_, _, it)| it.is_whole)
    }

    pub(super) fn has_service_of(&self, other: &Self) -> bool {
        let names = |it: &Self, name: &str| it.services.iter().any(|(_, _, it)| it.name == name);
        self.services.iter().any(|(_, _, it)| names(other, &it.name))
    }

    /// The service that a byte is in.
    pub(super) fn service_at(&self, at: usize) -> Option<Service> {
        self.services.iter().find(|(start, end, _)| (*start..*end).contains(&at)).map(|(_, _, it)| it.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_known_by_their_indentation() {
        let text = "services:\n  db: # main\n    image: \"postgres:16\"\n    secrets: [x]\n\n  web:\n    build: .\nsecrets:\n  x: {}\n";
        let outline = Outline::of(text);
        let db = outline.service_at(text.find("postgres").unwrap()).unwrap();
        assert_eq!((db.image.as_str(), db.indent.as_str(), db.has_secrets), ("postgres:16", "    ", true));
        let web = outline.service_at(text.find("build").unwrap()).unwrap();
        assert_eq!((web.image.as_str(), web.has_secrets), ("", false));
        assert_eq!(&text[web.body..][..9], "    build");
        assert!(text[outline.secrets.unwrap()..].starts_with("  x"));
        assert_eq!(outline.service_at(text.len() - 1), None);
    }
}
