//! The syntaxes that are read, and how a file's is told.

/// How a document is written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// Fields between colons, a line each: `pgpass`, `htpasswd`.
    Colons,
    /// `key value` a line (`redis.conf`, `nginx.conf`, `Corefile`, `.netrc`).
    Conf,
    Dockerfile,
    Env,
    Hcl,
    Ini,
    Json,
    /// Java's.
    Properties,
    Shell,
    /// Any program text or prose.
    Text,
    Toml,
    Xml,
    Yaml,
}

/// Files that are known by their whole name.
const NAMES: &[(&str, Format)] = &[
    (".aws/config", Format::Ini),
    (".bash_profile", Format::Shell),
    (".bashrc", Format::Shell),
    (".dockercfg", Format::Json),
    (".dockerconfigjson", Format::Json),
    (".envrc", Format::Shell),
    (".flaskenv", Format::Env),
    (".git/config", Format::Ini),
    (".gitconfig", Format::Ini),
    (".htpasswd", Format::Colons),
    (".my.cnf", Format::Ini),
    (".netrc", Format::Conf),
    (".npmrc", Format::Ini),
    (".pgpass", Format::Colons),
    (".profile", Format::Shell),
    (".pypirc", Format::Ini),
    (".s3cfg", Format::Ini),
    (".yarnrc", Format::Conf),
    (".zshrc", Format::Shell),
    ("_netrc", Format::Conf),
    ("authorized_keys", Format::Text),
    ("caddyfile", Format::Conf),
    ("containerfile", Format::Dockerfile),
    ("corefile", Format::Conf),
    ("credentials", Format::Ini),
    ("dockerfile", Format::Dockerfile),
    ("env", Format::Env),
    ("environment", Format::Env),
    ("fstab", Format::Shell),
    ("haproxy.cfg", Format::Conf),
    ("htpasswd", Format::Colons),
    ("ipsec.secrets", Format::Shell),
    ("netrc", Format::Conf),
    ("npmrc", Format::Ini),
    ("passwd", Format::Colons),
    ("pgpass", Format::Colons),
    ("pgpass.conf", Format::Colons),
    ("pip.conf", Format::Ini),
    ("pipfile", Format::Toml),
    ("router.db", Format::Colons),
    ("vagrantfile", Format::Text),
    ("wgetrc", Format::Ini),
];

/// What comes after the last dot.
const EXTENSIONS: &[(&str, Format)] = &[
    ("acl", Format::Conf),
    ("automount", Format::Ini),
    ("bash", Format::Shell),
    ("cfg", Format::Ini),
    ("cnf", Format::Ini),
    ("config", Format::Xml),
    ("csproj", Format::Xml),
    ("desktop", Format::Ini),
    ("editorconfig", Format::Ini),
    ("env", Format::Env),
    ("hcl", Format::Hcl),
    ("htpasswd", Format::Colons),
    ("ini", Format::Ini),
    ("json", Format::Json),
    ("jsonc", Format::Json),
    ("ksh", Format::Shell),
    ("ldif", Format::Properties),
    ("mount", Format::Ini),
    ("netdev", Format::Ini),
    ("network", Format::Ini),
    ("nomad", Format::Hcl),
    ("plist", Format::Xml),
    ("properties", Format::Properties),
    ("pubxml", Format::Xml),
    ("resx", Format::Xml),
    ("service", Format::Ini),
    ("sh", Format::Shell),
    ("socket", Format::Ini),
    ("tf", Format::Hcl),
    ("tfstate", Format::Json),
    ("tfvars", Format::Hcl),
    ("timer", Format::Ini),
    ("toml", Format::Toml),
    ("webmanifest", Format::Json),
    ("xml", Format::Xml),
    ("yaml", Format::Yaml),
    ("yml", Format::Yaml),
    ("zsh", Format::Shell),
];

/// Whose text is a program's, so that no look at it is needed.
const PROGRAMS: &[&str] = &[
    "bat", "c", "cc", "clj", "cpp", "cs", "css", "ex", "exs", "go", "groovy", "h", "html", "java", "js",
    "jsx", "kt", "lua", "md", "mjs", "pem", "php", "pl", "ps1", "py", "r", "rb", "rs", "rst", "scala", "sql",
    "swift", "ts", "tsx", "vue",
];

/// What is put behind a file's own name: the syntax is that of the name before it.
const SUFFIXES: &[&str] = &[
    "backup",
    "bak",
    "ctmpl",
    "default",
    "dev",
    "development",
    "dist",
    "erb",
    "example",
    "gotmpl",
    "in",
    "j2",
    "jinja",
    "jinja2",
    "local",
    "old",
    "orig",
    "prod",
    "production",
    "sample",
    "staging",
    "template",
    "test",
    "tftpl",
    "tmpl",
    "tpl",
];

/// Of those, the ones that say so of a file which another tool makes one.
const TEMPLATES: &[&str] =
    &["ctmpl", "erb", "gotmpl", "in", "j2", "jinja", "jinja2", "template", "tftpl", "tmpl", "tpl"];

/// Who says so is copied and filled in, and holds nothing that works.
const EXAMPLES: &[&str] = &["dist", "example", "examples", "sample", "template"];

/// How many lines of a text are looked at.
const LINES: usize = 60;

impl Format {
    /// By the file's name, and where that says nothing, by how the text begins.
    #[must_use]
    pub fn of(name: &str, text: &str) -> Self {
        let named = Self::by_name(name);
        match named {
            // `.conf` and `.cfg` are names that many syntaxes share, and `.config` is XML or INI.
            Some(Self::Conf | Self::Ini | Self::Xml) if !is_known(name) => match Self::by_text(text) {
                it @ (Self::Conf | Self::Ini | Self::Xml | Self::Json | Self::Yaml | Self::Env) => it,
                _ => named.unwrap_or(Self::Text),
            },
            Some(it) => it,
            None => Self::by_text(text),
        }
    }

    /// By a file's name or path alone.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let path = name.replace('\\', "/").to_ascii_lowercase();
        let mut base = path.rsplit('/').next().unwrap_or("");
        // A name may carry several of them: `database.yml.erb.example`.
        for _ in 0..4 {
            if let Some(it) = by_base(&path, base) {
                return Some(it);
            }
            match base.rsplit_once('.') {
                Some((front, suffix)) if SUFFIXES.contains(&suffix) && !front.is_empty() => base = front,
                _ => return None,
            }
        }
        None
    }

    /// Whether a file by this name shows how another one is to be filled in.
    #[must_use]
    pub fn is_example(name: &str) -> bool {
        let base = name.rsplit(['/', '\\']).next().unwrap_or("").to_ascii_lowercase();
        // A job may be about templates or samples: the word is an ending, or the last before it.
        let says = |part: &str| part.rsplit(['-', '_']).next().is_some_and(|it| EXAMPLES.contains(&it));
        let parts: Vec<&str> = base.split('.').collect();
        // CloudFormation's and Discourse's are called so, and are no examples.
        let is_stack = base.ends_with("template.yml") || base.ends_with("template.yaml");
        let is_whole = |part: &&str| EXAMPLES.contains(part) && !(is_stack && *part == "template");
        !base.ends_with(".tf")
            && (parts.iter().any(is_whole) || parts.iter().any(|it| says(it) && !it.contains("template")))
    }

    /// Whether a file by this name is whole only when another tool has rendered it.
    #[must_use]
    pub fn is_template(name: &str) -> bool {
        let base = name.rsplit(['/', '\\']).next().unwrap_or("").to_ascii_lowercase();
        base.split('.').skip(1).any(|it| TEMPLATES.contains(&it))
    }

    /// By how a text begins: for documents whose name nobody knows.
    #[must_use]
    pub fn by_text(text: &str) -> Self {
        let start = text.trim_start();
        let first = start.lines().next().unwrap_or("").trim_end();
        if let Some(program) = first.strip_prefix("#!") {
            return if program.contains("sh") { Self::Shell } else { Self::Text };
        }
        if first.starts_with("-----BEGIN") || first.starts_with("<?php") {
            return Self::Text;
        }
        if first.starts_with("<?xml") || first.starts_with("<!--") || is_tag(first) {
            return Self::Xml;
        }
        if is_json(start) {
            return Self::Json;
        }
        if first.strip_prefix("dn: ").is_some_and(|it| it.contains('=')) {
            // LDIF.
            return Self::Properties;
        }
        if first == "---" || first.starts_with("%YAML") || first.starts_with("--- ") {
            return Self::Yaml;
        }
        if start.lines().take(4).any(|it| it.contains("LoginModule")) {
            return Self::Shell;
        }
        if is_block(first) {
            return Self::Hcl;
        }
        Shapes::of(text).most()
    }
}

/// A name that can mean one syntax only.
fn is_known(name: &str) -> bool {
    let path = name.replace('\\', "/").to_ascii_lowercase();
    let base = path.rsplit('/').next().unwrap_or("");
    let extension = base.rsplit_once('.').map_or("", |it| it.1);
    known(&path, base).is_some() || !matches!(extension, "conf" | "cfg" | "cnf" | "config")
}

fn known(path: &str, base: &str) -> Option<Format> {
    let whole = |name: &str| match name.contains('/') {
        true => path.ends_with(name),
        false => base == name,
    };
    NAMES.iter().find(|it| whole(it.0)).map(|it| it.1)
}

fn by_base(path: &str, base: &str) -> Option<Format> {
    if let Some(it) = known(path, base) {
        return Some(it);
    }
    if base == ".env" || base.starts_with(".env.") || base.starts_with("env.") && !base.contains(".yml") {
        return Some(Format::Env);
    }
    if base.starts_with("dockerfile.") || base.ends_with(".dockerfile") {
        return Some(Format::Dockerfile);
    }
    let (front, extension) = base.rsplit_once('.')?;
    if extension == "conf" {
        return Some(Format::Conf);
    }
    if front.ends_with(".env") && extension.len() < 12 && !PROGRAMS.contains(&extension) {
        let own = EXTENSIONS.iter().find(|it| it.0 == extension);
        return Some(own.map_or(Format::Env, |it| it.1));
    }
    if PROGRAMS.contains(&extension) {
        return Some(Format::Text);
    }
    EXTENSIONS.iter().find(|it| it.0 == extension).map(|it| it.1)
}

/// `<name` or `<name>`.
fn is_tag(line: &str) -> bool {
    let Some(rest) = line.strip_prefix('<') else { return false };
    let name = rest.bytes().take_while(|it| it.is_ascii_alphanumeric() || b"._:-".contains(it)).count();
    let behind = rest.as_bytes().get(name);
    rest.starts_with(|it: char| it.is_ascii_alphabetic()) && matches!(behind, None | Some(b' ' | b'>' | b'/'))
}

/// An object whose first key is quoted, or a list of what JSON knows.
fn is_json(start: &str) -> bool {
    let mut rest = start.chars().filter(|it| !it.is_whitespace());
    matches!((rest.next(), rest.next()), (Some('{'), Some('"' | '}')) | (Some('['), Some('{' | '"')))
}

/// `word "label" {`, as HCL begins a block.
fn is_block(line: &str) -> bool {
    let Some(head) = line.strip_suffix('{') else { return false };
    let mut words = head.split_whitespace();
    let is_word = |it: &str| it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let is_label = |it: &str| it.len() > 2 && it.starts_with('"') && it.ends_with('"');
    words.next().is_some_and(is_word) && words.clone().next().is_some() && words.all(is_label)
}

/// How many lines look like a syntax's.
#[derive(Default)]
struct Shapes {
    /// All that are neither empty nor a comment nor a template's action.
    lines: usize,
    /// `key: value`, `key:`, `- item`.
    yaml: usize,
    /// `KEY=value`, a name of the environment.
    env: usize,
    /// `key = value` of any other name.
    pairs: usize,
    sections: usize,
    /// `key value;`, `key value`.
    words: usize,
    /// Fields between colons, and nothing else.
    colons: usize,
}

impl Shapes {
    fn of(text: &str) -> Self {
        let mut shapes = Self::default();
        for line in text.lines().take(LINES) {
            shapes.see(line.trim());
        }
        shapes
    }

    fn see(&mut self, line: &str) {
        if line.is_empty() || line.starts_with(['#', ';', '{', '}', '<']) || line.starts_with("[[ ") {
            return;
        }
        self.lines += 1;
        let line = line.strip_prefix("export ").unwrap_or(line);
        let is_name = |it: &str| {
            !it.is_empty() && it.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-/".contains(&b))
        };
        if line.starts_with('[') && line.ends_with(']') && !line.contains(['"', ',']) {
            self.sections += 1;
        } else if line.starts_with("- ") || line == "-" {
            self.yaml += 1;
        } else if let Some((key, _)) = line.split_once('=').filter(|it| is_name(it.0.trim_end())) {
            let is_env = key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
            match is_env {
                true => self.env += 1,
                false => self.pairs += 1,
            }
        } else if line.split_once(": ").is_some_and(|it| is_name(it.0.trim_matches(['"', '\''])))
            || line.strip_suffix(':').is_some_and(|it| is_name(it.trim_matches(['"', '\''])))
        {
            self.yaml += 1;
        } else if !line.contains(char::is_whitespace) && line.split(':').count() == 5
            || line.split_once(":$").is_some_and(|it| is_name(it.0))
        {
            self.colons += 1;
        } else if line.ends_with([';', '{']) && is_name(line.split_whitespace().next().unwrap_or("")) {
            self.words += 1;
        }
    }

    /// The syntax of most of the lines, or none.
    fn most(&self) -> Format {
        let most = |it: usize| it > 0 && it * 5 >= self.lines * 3;
        if self.sections > 0 && most(self.sections + self.pairs + self.env) {
            Format::Ini
        } else if most(self.yaml) {
            Format::Yaml
        } else if most(self.env) {
            Format::Env
        } else if most(self.pairs + self.env) {
            Format::Ini
        } else if most(self.colons) {
            Format::Colons
        } else if most(self.words) {
            Format::Conf
        } else {
            Format::Text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expected: Format) {
        assert_eq!(Format::of(name, text), expected, "{name}: {text:?}");
    }

    #[test]
    fn a_name_tells() {
        check("deploy/.env", "", Format::Env);
        check(".env.production", "", Format::Env);
        check("worker.systemd.env", "", Format::Env);
        check("db.env.tpl", "", Format::Env);
        check("config/database.yml.erb.example", "", Format::Yaml);
        check("C:\\jobs\\web.nomad.hcl", "", Format::Hcl);
        check("web.nomad.tpl", "", Format::Hcl);
        check("main.tf", "", Format::Hcl);
        check("state/terraform.tfstate", "", Format::Json);
        check("home/.aws/credentials", "", Format::Ini);
        check("etc/app.service", "", Format::Ini);
        check("Dockerfile.prod", "", Format::Dockerfile);
        check("index.php", "a: b\nc: d\n", Format::Text);
        check("local/pgpass", "", Format::Colons);
        check("redis.conf", "", Format::Conf);
        check("web.config", "", Format::Xml);
    }

    #[test]
    fn a_name_of_many_syntaxes_asks_the_text() {
        check("app.conf", "[mail]\nhost = a\n", Format::Ini);
        check("app.conf", "requirepass x\n", Format::Conf);
        check("app.conf", "{ \"a\": 1 }\n", Format::Json);
        check("app.config", "[a]\nb = c\n", Format::Ini);
        check("app.config", "<configuration>\n", Format::Xml);
    }

    #[test]
    fn a_text_tells() {
        check("x", "#!/usr/bin/env bash\n", Format::Shell);
        check("x", "#!/usr/bin/python3\n", Format::Text);
        check("x", "<?xml version='1.0'?>\n", Format::Xml);
        check("x", "<?php\n", Format::Text);
        check("x", "\n  { \"a\": 1 }", Format::Json);
        check("x", "[{\"a\": 1}]", Format::Json);
        check("x", "[mail]\npassword = a\n", Format::Ini);
        check("x", "---\na: b\n", Format::Yaml);
        check("x", "a: b\nc:\n  - d\n", Format::Yaml);
        check("x", "{{ with secret \"a\" }}\nA={{ .B }}\nC_D=x\n{{ end }}\n", Format::Env);
        check("x", "realm=a\nstatic-auth-secret=b\nno-tls\n", Format::Ini);
        check("x", "job \"a\" {\n", Format::Hcl);
        check("x", "server {\n  listen 80;\n  root /a;\n}\n", Format::Conf);
        check("x", "*:5432:app:app:pw\n", Format::Colons);
        check("x", "ops:$2y$05$abc\n", Format::Colons);
        check("x", "Dear all,\nthe note: it is late.\n", Format::Text);
        check("x", "", Format::Text);
    }

    #[test]
    fn examples_and_templates_say_so_in_their_names() {
        for name in [".env.example", "a/config.sample.yml", "app.ini.dist", "docker-compose.example.yaml"] {
            assert!(Format::is_example(name), "{name}");
        }
        for name in ["a.nomad.tpl", "x/nginx.conf.j2", "database.yml.erb"] {
            assert!(Format::is_template(name), "{name}");
        }
        assert!(!Format::is_template("templates/a.yml"));
        for name in
            ["template.yaml", "forum.template.yml", ".env", "example/app.yml", "sampler.yml", "exampled.env"]
        {
            assert!(!Format::is_example(name), "{name}");
        }
    }
}
