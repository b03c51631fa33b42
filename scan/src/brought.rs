//! What readers bring to the finder, for their tests: a reader is right when it brings the right values
//! under the right names, whatever the judge makes of them.

use strongroom_hcl::Span;

use crate::{At, Finder, Format, Obstacle, Place, Text, read};

/// One call of the finder. Words are brought one by one.
#[derive(Clone, Debug)]
pub(crate) struct Brought {
    /// `value`, `words`, `comment` or `script`.
    pub(crate) how: &'static str,
    pub(crate) key: String,
    pub(crate) path: String,
    pub(crate) place: Place,
    pub(crate) obstacle: Option<Obstacle>,
    pub(crate) text: String,
    /// What stands in the file.
    pub(crate) span: Span,
}

impl<'a> Finder<'a> {
    /// Whether this is only written down.
    pub(crate) fn bring(&mut self, how: &'static str, at: &At<'_>, texts: &[Text<'a>]) -> bool {
        let Some(brought) = &mut self.brought else { return false };
        brought.extend(texts.iter().map(|text| Brought {
            how,
            key: at.key.clone().into_owned(),
            path: at.path.clone().into_owned(),
            place: at.place,
            obstacle: at.obstacle,
            text: text.as_str().to_owned(),
            span: text.span(),
        }));
        true
    }
}

/// All that the reader of a file brings. Every span lies in the file, on the bounds of characters.
#[track_caller]
pub(crate) fn brought(name: &str, file: &str) -> Vec<Brought> {
    let whole = Text::whole(file);
    let format = Format::of(name, whole.as_str());
    let mut finder = Finder::new(file);
    finder.brought = Some(Vec::new());
    read::document(&mut finder, &At::file(name), whole, format);
    let brought = finder.brought.unwrap_or_default();
    for it in &brought {
        assert!(file.get(it.span.start..it.span.end).is_some(), "{:?} is no span of {file:?}", it.span);
    }
    brought
}

/// The values that are brought, as `(key, place, obstacle, text)`.
#[track_caller]
pub(crate) fn values(name: &str, file: &str, expected: &[(&str, Place, Option<Obstacle>, &str)]) {
    let all = brought(name, file);
    let values: Vec<_> = all
        .iter()
        .filter(|it| it.how == "value")
        .map(|it| (it.key.as_str(), it.place, it.obstacle, it.text.as_str()))
        .collect();
    assert_eq!(values, expected, "{name}: {file:?}");
}

/// What is brought in one way, as texts.
#[track_caller]
pub(crate) fn texts(name: &str, file: &str, how: &str, expected: &[&str]) {
    let all = brought(name, file);
    let texts: Vec<_> = all.iter().filter(|it| it.how == how).map(|it| it.text.as_str()).collect();
    assert_eq!(texts, expected, "{name}: {file:?}");
}
