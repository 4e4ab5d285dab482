//! Typed values as nodes: the defaults of a section, and what it came to be.

use std::fmt::{self, Display};
use std::sync::Arc;

use serde::ser::{self, Serialize, Serializer};

use crate::node::{At, Form, Item, Map, Node, Value};

/// Why a value cannot be a part of a configuration.
#[derive(Debug)]
pub(crate) struct NotPlain(String);

impl Display for NotPlain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotPlain {}

impl ser::Error for NotPlain {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

pub(crate) fn node<T: Serialize + ?Sized>(value: &T) -> Result<Arc<Node>, NotPlain> {
    value.serialize(ToNode)
}

fn leaf(text: impl Display, form: Form) -> Arc<Node> {
    Node::scalar(text.to_string(), form, At::Default)
}

fn of(value: Value) -> Arc<Node> {
    Arc::new(Node { value, at: At::Default })
}

struct ToNode;

macro_rules! plain {
    ($($method:ident $type:ty)+) => {$(
        fn $method(self, value: $type) -> Result<Arc<Node>, NotPlain> {
            Ok(leaf(value, Form::Plain))
        }
    )+};
}

impl Serializer for ToNode {
    type Ok = Arc<Node>;
    type Error = NotPlain;
    type SerializeSeq = ListOf;
    type SerializeTuple = ListOf;
    type SerializeTupleStruct = ListOf;
    type SerializeTupleVariant = ListOf;
    type SerializeMap = MapOf;
    type SerializeStruct = MapOf;
    type SerializeStructVariant = MapOf;

    plain! {
        serialize_bool bool
        serialize_i8 i8
        serialize_i16 i16
        serialize_i32 i32
        serialize_i64 i64
        serialize_i128 i128
        serialize_u8 u8
        serialize_u16 u16
        serialize_u32 u32
        serialize_u64 u64
    }

    fn serialize_u128(self, value: u128) -> Result<Arc<Node>, NotPlain> {
        Ok(leaf(value, Form::Plain))
    }

    fn serialize_f32(self, value: f32) -> Result<Arc<Node>, NotPlain> {
        match value.is_finite() {
            true => Ok(leaf(format!("{value:?}"), Form::Plain)),
            false => Err(NotPlain(format!("{value} is not finite"))),
        }
    }

    fn serialize_f64(self, value: f64) -> Result<Arc<Node>, NotPlain> {
        match value.is_finite() {
            true => Ok(leaf(format!("{value:?}"), Form::Plain)),
            false => Err(NotPlain(format!("{value} is not finite"))),
        }
    }

    fn serialize_char(self, value: char) -> Result<Arc<Node>, NotPlain> {
        Ok(leaf(value, Form::Text))
    }

    fn serialize_str(self, value: &str) -> Result<Arc<Node>, NotPlain> {
        Ok(leaf(value, Form::Text))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Arc<Node>, NotPlain> {
        Err(NotPlain("bytes are no setting".to_owned()))
    }

    fn serialize_none(self) -> Result<Arc<Node>, NotPlain> {
        Ok(of(Value::Null))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Arc<Node>, NotPlain> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Arc<Node>, NotPlain> {
        Ok(of(Value::Null))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Arc<Node>, NotPlain> {
        Ok(of(Value::Null))
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Arc<Node>, NotPlain> {
        Ok(leaf(variant, Form::Text))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Arc<Node>, NotPlain> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Arc<Node>, NotPlain> {
        Ok(choice(variant, value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<ListOf, NotPlain> {
        Ok(ListOf { variant: None, items: Vec::new() })
    }

    fn serialize_tuple(self, len: usize) -> Result<ListOf, NotPlain> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<ListOf, NotPlain> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ListOf, NotPlain> {
        Ok(ListOf { variant: Some(variant), items: Vec::new() })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<MapOf, NotPlain> {
        Ok(MapOf { variant: None, map: Map::default(), key: String::new() })
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<MapOf, NotPlain> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<MapOf, NotPlain> {
        Ok(MapOf { variant: Some(variant), map: Map::default(), key: String::new() })
    }
}

/// A choice with content is a map of one entry.
fn choice(variant: &str, content: Arc<Node>) -> Arc<Node> {
    let mut map = Map::default();
    map.push(variant, At::Default, content);
    of(Value::Map(map))
}

struct ListOf {
    variant: Option<&'static str>,
    items: Vec<Item>,
}

impl ListOf {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotPlain> {
        let node = value.serialize(ToNode)?;
        self.items.push(Item { index: self.items.len(), node, alias: None });
        Ok(())
    }

    fn finish(self) -> Arc<Node> {
        let list = of(Value::List(self.items));
        match self.variant {
            Some(variant) => choice(variant, list),
            None => list,
        }
    }
}

macro_rules! lists {
    ($($trait:ident $method:ident)+) => {$(
        impl ser::$trait for ListOf {
            type Ok = Arc<Node>;
            type Error = NotPlain;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotPlain> {
                self.push(value)
            }

            fn end(self) -> Result<Arc<Node>, NotPlain> {
                Ok(self.finish())
            }
        }
    )+};
}

lists! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

struct MapOf {
    variant: Option<&'static str>,
    map: Map,
    key: String,
}

impl MapOf {
    fn finish(self) -> Arc<Node> {
        let map = of(Value::Map(self.map));
        match self.variant {
            Some(variant) => choice(variant, map),
            None => map,
        }
    }
}

impl ser::SerializeMap for MapOf {
    type Ok = Arc<Node>;
    type Error = NotPlain;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotPlain> {
        self.key = match &node(key)?.value {
            Value::Scalar { text, .. } => text.clone(),
            _ => return Err(NotPlain("a key has to be a text or a number".to_owned())),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotPlain> {
        self.map.push(&self.key, At::Default, node(value)?);
        Ok(())
    }

    fn end(self) -> Result<Arc<Node>, NotPlain> {
        Ok(self.finish())
    }
}

macro_rules! structs {
    ($($trait:ident)+) => {$(
        impl ser::$trait for MapOf {
            type Ok = Arc<Node>;
            type Error = NotPlain;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), NotPlain> {
                self.map.push(name, At::Default, node(value)?);
                Ok(())
            }

            fn end(self) -> Result<Arc<Node>, NotPlain> {
                Ok(self.finish())
            }
        }
    )+};
}

structs! { SerializeStruct SerializeStructVariant }
