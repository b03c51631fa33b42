//! One reader for each syntax. A reader decodes, names and places; it judges nothing.
//!
//! At the top of a file, where `at.path` is empty, a value's path is that of the file's own syntax. In a
//! document within another the path stays, and the key is the dotted path in the document.

mod actions;
mod colons;
mod conf;
mod dockerfile;
mod env;
mod hcl;
mod ini;
mod json;
mod lines;
mod properties;
mod references;
mod settings;
mod toml;
mod value;
mod words;
mod xml;
mod yaml;

pub use yaml::written_in_yaml;

use crate::{At, Finder, Format, Text, embedded};

/// Brings the literals that a value's actions give where there is nothing else.
pub(crate) fn defaults<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: &Text<'a>) {
    let value = actions::marked(value.clone().without_holes());
    if !value.holes().is_empty() {
        value::opened(finder, at, value, references::Dollars::Braced);
    }
}

/// Reads a document, and where it does not parse, what can be had of it as text.
pub(crate) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>, format: Format) {
    for comment in actions::comments(text.as_str()) {
        // A whole file of actions is another tool's template, and is left to it.
        let at = finder.unparsed(at);
        finder.comment(&at.key(""), text.slice(comment));
    }
    match format {
        Format::Hcl => hcl::document(finder, at, text),
        Format::Json => json::document(finder, at, text),
        Format::Colons => colons::document(finder, at, text),
        Format::Conf => conf::document(finder, at, text),
        Format::Dockerfile => dockerfile::document(finder, at, text),
        Format::Env => env::document(finder, at, text),
        Format::Ini => ini::document(finder, at, text),
        Format::Properties => properties::document(finder, at, text),
        Format::Toml => toml::document(finder, at, text),
        Format::Xml => xml::document(finder, at, text),
        Format::Yaml => yaml::document(finder, at, text),
        Format::Shell | Format::Text => embedded::script(finder, at, text),
    }
}
