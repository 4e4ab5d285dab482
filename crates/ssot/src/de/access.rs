//! Maps, lists and choices as serde walks through them.

use std::sync::Arc;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer as _, EnumAccess, IntoDeserializer as _, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::path::{Path, StepRef};
use super::{De, Reading};
use crate::fault::Fault;
use crate::node::{Entry, Form, Item, Node, Value};

pub(super) struct Entries<'a, I> {
    pub(super) entries: I,
    pub(super) current: Option<(&'a str, &'a Entry)>,
    pub(super) path: &'a Path<'a>,
    pub(super) reading: &'a Reading<'a>,
}

impl<'de, 'a, I: Iterator<Item = (&'a str, &'a Entry)>> MapAccess<'de> for &mut Entries<'a, I> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.current = self.entries.next();
        let Some((name, entry)) = self.current else { return Ok(None) };
        let path = self.path.down(StepRef::Name(name));
        let node = Node {
            value: Value::Scalar { text: name.to_owned(), form: Form::Untyped },
            at: entry.key_at.clone(),
        };
        let de = De { node: &node, path: &path, reading: self.reading };
        seed.deserialize(de).map(Some).map_err(|fault| fault.at(|| path.key()))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let Some((name, entry)) = self.current else {
            return Err(serde::de::Error::custom("a value was asked for before its key"));
        };
        let path = self.path.down(StepRef::Name(name));
        let de = De { node: &entry.node, path: &path, reading: self.reading };
        // Types that refuse what they were read from do so without knowing the place.
        seed.deserialize(de).map_err(|fault| fault.at(|| path.key()))
    }
}

pub(super) struct Items<'a, I> {
    pub(super) items: I,
    pub(super) path: &'a Path<'a>,
    pub(super) reading: &'a Reading<'a>,
}

impl<'de, 'a, I: Iterator<Item = &'a Item>> SeqAccess<'de> for &mut Items<'a, I> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let path = self.path.down(StepRef::Index(item.index));
        let de = De { node: &item.node, path: &path, reading: self.reading };
        seed.deserialize(de).map(Some).map_err(|fault| fault.at(|| path.key()))
    }
}

/// A choice by name, with what belongs to it.
pub(super) struct Choice<'a> {
    pub(super) name: &'a str,
    pub(super) content: Option<&'a Arc<Node>>,
    pub(super) path: &'a Path<'a>,
    pub(super) reading: &'a Reading<'a>,
}

impl Choice<'_> {
    fn with_content<R>(
        &self,
        wanted: &str,
        read: impl FnOnce(De<'_>) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        let Some(node) = self.content else {
            let found = format!("`{}` alone", self.name);
            return Err(Fault::wrong(found, format!("`{}` with {wanted}", self.name)));
        };
        let path = self.path.down(StepRef::Name(self.name));
        read(De { node, path: &path, reading: self.reading })
    }
}

impl<'de> EnumAccess<'de> for Choice<'_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let name: StrDeserializer<'_, Fault> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content.map(|node| &node.value) {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(Fault::wrong(
                format!("`{}` with more", self.name),
                format!("`{}` alone", self.name),
            )),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        self.with_content("a value", |de| seed.deserialize(de))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        self.with_content("a list", |de| de.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.with_content("keys", |de| de.deserialize_struct("", fields, visitor))
    }
}
