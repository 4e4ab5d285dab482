//! What a row says of an event.

use std::{
    error::Error,
    fmt::{self, Write as _},
};

use tracing::{
    Event, Level,
    field::{Field, Visit},
};

use crate::{
    tables::{ErrorEvent, ErrorSeverity},
    value::ID_BYTES_MAX,
};

/// Longest message that is put together; the row's own limit is below.
const MESSAGE_BYTES_MAX: usize = 1_024;

/// Most causes of an error that are told.
const CAUSES_MAX: usize = 16;

/// One event, or several of one callsite.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) fingerprint: i64,
    pub(super) count: i64,
    severity: ErrorSeverity,
    component: String,
    error_code: String,
    fields: Fields,
}

/// Values of an event.
#[derive(Debug, Clone, Default)]
struct Fields {
    message: String,
    /// Errors and their causes, after the message.
    causes: String,
    code: Option<String>,
    class: Option<String>,
    client_order_id: Option<String>,
    transient: Option<bool>,
}

impl Seen {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let metadata = event.metadata();
        let mut fields = Fields::default();
        event.record(&mut fields);
        fields.join_causes();
        let place = match (metadata.file(), metadata.line()) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            _ => format!("{} {}", metadata.target(), metadata.name()),
        };
        Self {
            fingerprint: fnv1a(place.as_bytes()),
            count: 1,
            severity: if *metadata.level() == Level::WARN {
                ErrorSeverity::Warning
            } else {
                ErrorSeverity::Error
            },
            component: label(metadata.target()).to_owned(),
            error_code: fields.code.take().unwrap_or_else(|| label_end(&place).to_owned()),
            fields,
        }
    }

    /// The row that callsites beyond the most that are told apart share.
    pub(super) fn shared(count: i64) -> Self {
        let fields =
            Fields { message: "errors of further callsites".to_owned(), ..Fields::default() };
        Self {
            fingerprint: 0,
            count,
            severity: ErrorSeverity::Error,
            component: "__other__".to_owned(),
            error_code: "__other__".to_owned(),
            fields,
        }
    }

    pub(super) fn row(&self) -> ErrorEvent<'_> {
        let fields = &self.fields;
        let mut row = ErrorEvent::new(&self.error_code, &fields.message)
            .severity(self.severity)
            .component(self.component.as_str())
            .count(self.count)
            .fingerprint(self.fingerprint)
            .error_class(fields.class.as_deref().unwrap_or_default())
            .client_order_id(fields.client_order_id.as_deref().unwrap_or_default());
        if let Some(transient) = fields.transient {
            row = row.transient(transient);
        }
        row
    }
}

impl Fields {
    fn text(&mut self, field: &Field, text: &str) {
        match field.name() {
            "message" => push(&mut self.message, text),
            "error_code" | "code" => self.code = Some(label(text).to_owned()),
            "error_class" | "class" => self.class = Some(label(text).to_owned()),
            // A cut id would be another id.
            "client_order_id" if text.len() <= ID_BYTES_MAX => {
                self.client_order_id = Some(text.to_owned());
            }
            "error" | "err" => self.cause(text),
            _ => {}
        }
    }

    fn cause(&mut self, text: &str) {
        if !self.causes.is_empty() {
            push(&mut self.causes, ": ");
        }
        push(&mut self.causes, text);
    }

    fn join_causes(&mut self) {
        let causes = std::mem::take(&mut self.causes);
        if !self.message.is_empty() && !causes.is_empty() {
            push(&mut self.message, ": ");
        }
        push(&mut self.message, &causes);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = Bounded(String::new());
        // It fails when the text is too long; what fits is kept.
        write!(text, "{value:?}").unwrap_or_default();
        self.text(field, &text.0);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "transient" {
            self.transient = Some(value);
        }
    }

    fn record_error(&mut self, _: &Field, value: &(dyn Error + 'static)) {
        let mut chain = Bounded(String::new());
        write!(chain, "{value}").unwrap_or_default();
        let mut cause = value.source();
        for _ in 0..CAUSES_MAX {
            let Some(error) = cause else { break };
            write!(chain, ": {error}").unwrap_or_default();
            cause = error.source();
        }
        self.cause(&chain.0);
    }
}

/// A text that ends when it is too long.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push(&mut self.0, text);
        if self.0.len() < MESSAGE_BYTES_MAX { Ok(()) } else { Err(fmt::Error) }
    }
}

fn push(to: &mut String, text: &str) {
    to.push_str(begin(text, MESSAGE_BYTES_MAX.saturating_sub(to.len())));
}

/// The longest beginning of at most `bytes` bytes.
fn begin(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

fn label(text: &str) -> &str {
    begin(text, ID_BYTES_MAX)
}

/// The end of a path is what tells files apart.
fn label_end(text: &str) -> &str {
    let mut start = text.len().saturating_sub(ID_BYTES_MAX);
    while !text.is_char_boundary(start) {
        start = start.saturating_add(1);
    }
    text.get(start..).unwrap_or_default()
}

/// 64-bit FNV-1a (Fowler, Noll and Vo), the same in every build.
fn fnv1a(bytes: &[u8]) -> i64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}
