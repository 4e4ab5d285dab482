//! Problems as excerpts of the sources, without the secrets in them.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use plimsoll_redact::{Rules, Secret, find, mask};

use crate::node::At;
use crate::problem::{Look, Problem};
use crate::source::{File, Sources};

/// Knows what may not be shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mask {
    rules: Rules,
    known: Vec<Secret>,
    /// Values that are secrets wherever they stand, also those too short to be looked for.
    places: Vec<At>,
}

impl Mask {
    pub(crate) fn new(known: Vec<Secret>, places: Vec<At>) -> Self {
        let rules = Rules::default().with_known(known.iter().map(Secret::expose));
        Self { rules, known, places }
    }

    /// Hides what either of both hides.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        let known = self.known.iter().chain(&other.known).cloned().collect();
        Self::new(known, self.places.iter().chain(&other.places).cloned().collect())
    }

    pub(crate) fn text(&self, text: &str) -> String {
        mask(text, &self.rules).into_owned()
    }

    pub(crate) fn hides(&self, at: &At) -> bool {
        self.places.contains(at)
    }

    /// A file as it may be shown.
    fn file(&self, number: usize, file: &File) -> Shown {
        let mut hidden: Vec<Range<usize>> =
            find(&file.text, &self.rules).into_iter().map(|span| span.range).collect();
        hidden.extend(self.places.iter().filter_map(|at| match at {
            At::File { file, bytes } if *file == number => Some(bytes.clone()),
            _ => None,
        }));
        Shown::new(&file.text, hidden)
    }
}

const HIDDEN: &str = "[redacted]";

/// A text in which parts were replaced, and where its bytes went.
struct Shown {
    text: String,
    /// Replaced parts of the original, and where each one begins in the text.
    moved: Vec<(Range<usize>, usize)>,
}

impl Shown {
    fn new(original: &str, mut hidden: Vec<Range<usize>>) -> Self {
        hidden.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
        let mut shown = Self { text: String::with_capacity(original.len()), moved: Vec::new() };
        let mut from = 0;
        for range in hidden {
            if range.start < from {
                continue;
            }
            shown.text.push_str(original.get(from..range.start).unwrap_or_default());
            shown.moved.push((range.clone(), shown.text.len()));
            shown.text.push_str(HIDDEN);
            from = range.end;
        }
        shown.text.push_str(original.get(from..).unwrap_or_default());
        shown
    }

    fn position(&self, byte: usize) -> usize {
        let before = self.moved.partition_point(|(range, _)| range.start <= byte);
        match before.checked_sub(1).and_then(|at| self.moved.get(at)) {
            None => byte,
            Some((range, start)) if byte < range.end => {
                if byte == range.start {
                    *start
                } else {
                    start + HIDDEN.len()
                }
            }
            Some((range, start)) => start + HIDDEN.len() + (byte - range.end),
        }
    }

    /// The first line of a part; an excerpt is there to be found, not to be read whole.
    fn span(&self, bytes: &Range<usize>) -> Range<usize> {
        let start = self.position(bytes.start).min(self.text.len());
        let end = self.position(bytes.end).clamp(start, self.text.len());
        let part = self.text.get(start..end).unwrap_or_default();
        let line = part.split('\n').next().unwrap_or_default().trim_end();
        start..start + line.len()
    }
}

pub(crate) fn render(problems: &[Problem], sources: &Sources, mask: &Mask, look: Look) -> String {
    let files: Vec<Shown> =
        sources.files.iter().enumerate().map(|(number, file)| mask.file(number, file)).collect();
    let renderer = match look {
        Look::Plain => Renderer::plain(),
        Look::Colored => Renderer::styled(),
    };
    let reports = problems.iter().map(|problem| {
        let group = group(problem, sources, &files, mask);
        renderer.render(&[group])
    });
    reports.collect::<Vec<_>>().join("\n\n")
}

/// A place, what is said at it, and whether the report is about it.
struct Mark<'a> {
    at: &'a At,
    label: Option<String>,
    kind: AnnotationKind,
}

fn group<'a>(
    problem: &'a Problem,
    sources: &'a Sources,
    files: &'a [Shown],
    mask: &Mask,
) -> Group<'a> {
    let title = Level::ERROR.primary_title(problem.message.as_str()).id(problem.kind.name());
    let marks = marks(problem);
    let in_files = sources.files.iter().zip(files).enumerate();
    let in_files = in_files.filter_map(|(n, (file, shown))| file_snippet(n, file, shown, &marks));
    let in_variables = marks.iter().filter_map(|mark| variable_snippet(mark, sources, mask));
    let defaults = marks.iter().filter(|mark| *mark.at == At::Default);
    let defaults = defaults.filter_map(|mark| mark.label.as_ref());
    let notes = defaults.map(|label| Level::NOTE.message(format!("{label}, by default")));
    let hint = problem.hint.iter().map(|hint| Level::HELP.message(hint.as_str()));
    Group::with_title(title)
        .elements(in_files)
        .elements(in_variables)
        .elements(notes)
        .elements(hint)
}

fn marks(problem: &Problem) -> Vec<Mark<'_>> {
    let nearest = problem.nearest.as_ref().map(|name| format!("did you mean `{name}`?"));
    let label = nearest.or_else(|| problem.label.clone());
    let primary = Mark { at: &problem.at, label, kind: AnnotationKind::Primary };
    let related = problem.related.iter().zip(&problem.related_at).map(|((_, label), (at, _))| {
        Mark { at, label: Some(label.clone()), kind: AnnotationKind::Context }
    });
    std::iter::once(primary).chain(related).collect()
}

fn file_snippet<'a>(
    number: usize,
    file: &File,
    shown: &'a Shown,
    marks: &[Mark<'_>],
) -> Option<Snippet<'a, Annotation<'a>>> {
    let annotations = marks.iter().filter_map(|mark| match mark.at {
        At::File { file, bytes } if *file == number => {
            Some(mark.kind.span(shown.span(bytes)).label(mark.label.clone()))
        }
        _ => None,
    });
    let annotations: Vec<_> = annotations.collect();
    let snippet = Snippet::source(shown.text.as_str()).path(file.path.display().to_string());
    (!annotations.is_empty()).then(|| snippet.annotations(annotations))
}

fn variable_snippet<'a>(
    mark: &Mark<'_>,
    sources: &Sources,
    mask: &Mask,
) -> Option<Snippet<'a, Annotation<'a>>> {
    let At::Env { variable } = mark.at else { return None };
    let found = sources.variables.get(*variable)?;
    let value = if mask.hides(mark.at) { HIDDEN.to_owned() } else { mask.text(&found.text) };
    let line = format!("{}={}", found.name, value.replace(['\n', '\r'], " "));
    let annotation = mark.kind.span(found.name.len() + 1..line.len()).label(mark.label.clone());
    Some(Snippet::source(line).path("environment").line_numbering(false).annotation(annotation))
}
