//! Which rows of a table count.

use crate::scope::Dialect;

/// A condition on a row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter {
    /// The column has one of these words, in which `*` stands for anything.
    Is {
        /// Column.
        column: String,
        /// Words.
        words: Vec<String>,
    },
    /// The column has none of these words, or nothing.
    IsNot {
        /// Column.
        column: String,
        /// Words.
        words: Vec<String>,
    },
    /// The column has a value.
    Known {
        /// Column.
        column: String,
    },
    /// SQL over columns in braces that is true.
    True {
        /// SQL.
        expr: String,
    },
}

impl Filter {
    /// The columns that it reads.
    pub(crate) fn columns(&self) -> Vec<&str> {
        match self {
            Self::Is { column, .. } | Self::IsNot { column, .. } | Self::Known { column } => {
                vec![column]
            }
            Self::True { expr } => super::names(expr).collect(),
        }
    }

    pub(crate) fn sql(&self, dialect: Dialect) -> String {
        match self {
            Self::Is { column, words } => any(column, words, dialect),
            // Whether NULL is in a list is a matter of dialect, so that it is said.
            Self::IsNot { column, words } => {
                format!("(\"{column}\" IS NULL OR NOT ({}))", any(column, words, dialect))
            }
            Self::Known { column } => format!("\"{column}\" IS NOT NULL"),
            Self::True { expr } => format!("({})", super::sql_of(expr)),
        }
    }
}

fn any(column: &str, words: &[String], dialect: Dialect) -> String {
    let (globs, plain): (Vec<&String>, Vec<&String>) = words.iter().partition(|w| w.contains('*'));
    let mut terms = Vec::new();
    if !plain.is_empty() {
        let plain: Vec<String> = plain.iter().map(|word| literal(word)).collect();
        terms.push(format!("\"{column}\" IN ({})", plain.join(", ")));
    }
    for glob in globs {
        terms.push(match dialect {
            Dialect::Sqlite => format!("\"{column}\" GLOB {}", literal(&sqlite_glob(glob))),
            Dialect::QuestDb => format!("\"{column}\" ~ {}", literal(&expression(glob))),
        });
    }
    match terms.as_slice() {
        [] => "1 = 0".to_owned(),
        [one] => one.clone(),
        _ => format!("({})", terms.join(" OR ")),
    }
}

/// `?` and `[` are plain characters of ours.
fn sqlite_glob(glob: &str) -> String {
    glob.replace('[', "[[]").replace('?', "[?]")
}

/// The regular expression of a glob.
fn expression(glob: &str) -> String {
    let mut out = String::from("^");
    for c in glob.chars() {
        match c {
            '*' => out.push_str(".*"),
            c if c.is_ascii_punctuation() && c != '_' && c != '-' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push('$');
    out
}

/// A text as SQL.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_stars_become_patterns() {
        let is = |words: &[&str]| Filter::Is {
            column: "venue".to_owned(),
            words: words.iter().map(ToString::to_string).collect(),
        };
        let both = |filter: Filter| [filter.sql(Dialect::Sqlite), filter.sql(Dialect::QuestDb)];
        assert_eq!(both(is(&["O'X"])), [r#""venue" IN ('O''X')"#; 2]);
        assert_eq!(
            both(is(&["BTC-*.H?"])),
            [r#""venue" GLOB 'BTC-*.H[?]'"#, r#""venue" ~ '^BTC-.*\.H\?$'"#]
        );
        assert_eq!(both(is(&[])), ["1 = 0"; 2]);
    }

    #[test]
    fn nothing_is_none_of_the_words() {
        let filter =
            Filter::IsNot { column: "error_class".to_owned(), words: vec!["expected".to_owned()] };
        assert_eq!(
            filter.sql(Dialect::Sqlite),
            r#"("error_class" IS NULL OR NOT ("error_class" IN ('expected')))"#
        );
    }
}
