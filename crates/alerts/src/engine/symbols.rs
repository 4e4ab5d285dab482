//! Texts of labels, each kept once.

use std::{collections::HashMap, sync::Arc};

use crate::rule::Labels;

/// A text by its number.
pub(crate) type Symbol = u32;

/// Names and values of labels as numbers, sorted by the names' texts.
pub(crate) type Key = Box<[(Symbol, Symbol)]>;

/// Texts by number and numbers by text.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, Symbol>,
}

impl Symbols {
    pub(crate) fn number(&mut self, text: &str) -> Symbol {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = Symbol::try_from(self.texts.len()).unwrap_or(Symbol::MAX);
        let text: Arc<str> = text.into();
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }

    pub(crate) fn text(&self, number: Symbol) -> &str {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.texts.get(index).map_or("", |text| text)
    }

    pub(crate) fn key(&mut self, labels: &Labels) -> Key {
        labels.iter().map(|(name, value)| (self.number(name), self.number(value))).collect()
    }

    pub(crate) fn labels(&self, key: &Key) -> Labels {
        key.iter().map(|(name, value)| (self.text(*name), self.text(*value))).collect()
    }
}
