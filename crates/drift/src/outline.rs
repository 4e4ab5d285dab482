//! What a file says, independent of its format: scalars and texts, and the names that lead to them.

use crate::span::Span;
use crate::tables::TableStatement;

/// A scope of an [`Outline`]; zero is the file.
pub(crate) type ScopeId = u32;

/// The scope of the whole file.
pub(crate) const FILE: ScopeId = 0;

/// What a scope is in its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The file itself.
    File,
    /// A key, a section, a variable that is assigned.
    Key,
    /// A service of a compose file, or a container of a workflow.
    Service,
    /// A call whose argument this is.
    Call,
    /// A function or class.
    Definition,
    /// A heading of a document.
    Heading,
    /// The first cell of a table's row.
    Row,
    /// A table's column.
    Column,
    /// A block of code in a document; its name is the block.
    Fence,
}

/// A name that holds for what is under it.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) parent: ScopeId,
    pub(crate) role: Role,
    pub(crate) name: Span,
    /// Other texts that say what this is: a service's image, a container's name.
    pub(crate) also: Vec<Span>,
}

/// How a statement is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One scalar under its names.
    Value,
    /// A scalar under its names in a line that is commented out.
    Commented,
    /// Prose, a command line, a comment: names and values mixed.
    Text,
    /// Ports of a container, `[address:]host:container`.
    PortMapping,
    /// The port on the host of a container's port, which is the note.
    PublishedPort,
    /// A container port.
    ContainerPort,
    /// An image's name with its tag.
    Image,
    /// The versions that a package may have; its name is the scope.
    Requirement,
    /// The version that a package has; its name is the scope.
    Pinned,
}

/// One scalar or text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) scope: ScopeId,
    pub(crate) value: Span,
    pub(crate) form: Form,
    /// What stands in a comment behind it; of a published port, the container's port.
    pub(crate) note: Option<Span>,
}

/// Everything that a file states.
#[derive(Debug)]
pub(crate) struct Outline {
    scopes: Vec<Scope>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) tables: Vec<TableStatement>,
}

impl Default for Outline {
    fn default() -> Self {
        let file =
            Scope { parent: FILE, role: Role::File, name: Span::default(), also: Vec::new() };
        Self { scopes: vec![file], statements: Vec::new(), tables: Vec::new() }
    }
}

impl Outline {
    /// An outline with room for what a text of a length usually has.
    pub(crate) fn with_room(length: usize) -> Self {
        let mut outline = Self::default();
        outline.scopes.reserve(length / 96);
        outline.statements.reserve(length / 48);
        outline
    }

    /// Opens a scope.
    pub(crate) fn scope(&mut self, parent: ScopeId, role: Role, name: Span) -> ScopeId {
        let id = ScopeId::try_from(self.scopes.len()).unwrap_or(ScopeId::MAX);
        self.scopes.push(Scope { parent, role, name, also: Vec::new() });
        id
    }

    /// Says by what other text a scope is known.
    pub(crate) fn also_known_as(&mut self, scope: ScopeId, text: Span) {
        if let Some(scope) = self.scopes.get_mut(scope as usize) {
            scope.also.push(text);
        }
    }

    pub(crate) fn add(&mut self, scope: ScopeId, form: Form, value: Span) {
        self.statements.push(Statement { scope, value, form, note: None });
    }

    pub(crate) fn add_noted(&mut self, statement: Statement) {
        self.statements.push(statement);
    }

    /// Takes what another outline has, under a scope of this one.
    pub(crate) fn merge(&mut self, under: ScopeId, other: Outline) {
        let offset = ScopeId::try_from(self.scopes.len()).unwrap_or(ScopeId::MAX) - 1;
        let moved =
            |scope: ScopeId| if scope == FILE { under } else { scope.saturating_add(offset) };
        self.scopes.extend(
            other.scopes.into_iter().skip(1).map(|s| Scope { parent: moved(s.parent), ..s }),
        );
        self.statements
            .extend(other.statements.into_iter().map(|s| Statement { scope: moved(s.scope), ..s }));
        self.tables.extend(other.tables);
    }

    pub(crate) fn get(&self, scope: ScopeId) -> Option<&Scope> {
        self.scopes.get(scope as usize)
    }

    /// A scope and what is around it, innermost first, without the file.
    pub(crate) fn chain(&self, scope: ScopeId) -> impl Iterator<Item = &Scope> {
        let mut next = scope;
        std::iter::from_fn(move || {
            if next == FILE {
                return None;
            }
            let scope = self.scopes.get(next as usize)?;
            next = scope.parent;
            Some(scope)
        })
    }
}
