//! Nodes as typed values. A scalar is read as what is asked for; what it is by itself counts only
//! where nobody asks.

mod access;
mod path;

use std::cell::RefCell;

use serde::de::value::StringDeserializer;
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer as _, Visitor};
use serde::forward_to_deserialize_any;

use self::access::{Choice, Entries, Items};
use self::path::Path;
use crate::fault::Fault;
use crate::key::Key;
use crate::nearest::nearest;
use crate::node::{At, Entry, Form, Item, Map, Node, Value};
use crate::scalar::{self, Misfit, Natural};
use crate::secret::{ReadSecret, Reference};

/// A newtype of this name holds a secret; any crate may have its own.
const SECRET: &str = "Secret";
/// Handed out instead of a secret where nobody asks for secrets.
const HIDDEN: &str = "[redacted]";

/// A secret that was met.
#[derive(Clone, Debug)]
pub(crate) struct Met {
    pub(crate) key: Key,
    pub(crate) at: At,
    pub(crate) state: MetState,
}

#[derive(Clone, Debug)]
pub(crate) enum MetState {
    /// By its name.
    Named(Reference),
    /// By its name, and it cannot be had; with the reason.
    Missing(Reference, String),
    /// A variable's own value.
    Variable(String),
    /// Written down in a file.
    Clear(String),
    /// The default of the program.
    Default,
}

/// A key that the section does not have.
#[derive(Clone, Debug)]
pub(crate) struct Unknown {
    pub(crate) key: Key,
    pub(crate) nearest: Option<String>,
}

/// What is met on the way through one section.
#[derive(Default)]
pub(crate) struct Reading<'a> {
    /// Where secrets are read; without it their names are handed out instead of them.
    pub(crate) secrets: Option<&'a dyn ReadSecret>,
    pub(crate) met: RefCell<Vec<Met>>,
    pub(crate) unknown: RefCell<Vec<Unknown>>,
}

/// Reads a section.
pub(crate) fn read<T: DeserializeOwned>(node: &Node, reading: &Reading<'_>) -> Result<T, Fault> {
    T::deserialize(De { node, path: &Path::ROOT, reading })
}

#[derive(Clone, Copy)]
struct De<'a> {
    node: &'a Node,
    path: &'a Path<'a>,
    reading: &'a Reading<'a>,
}

impl De<'_> {
    fn placed(&self, fault: Fault) -> Fault {
        fault.at(|| self.path.key())
    }

    fn wrong(&self, wanted: impl Into<String>) -> Fault {
        let fault = match &self.node.value {
            Value::Null => {
                Fault::wrong("nothing", wanted).with_hint("write a value, or take the key away")
            }
            Value::Scalar { text, .. } => Fault::wrong(format!("the text {text:?}"), wanted),
            Value::List(_) => Fault::wrong("a list", wanted),
            Value::Map(_) => Fault::wrong("a map", wanted),
        };
        fault.at(|| self.path.key())
    }

    fn misfit(&self, misfit: Misfit, wanted: impl Into<String>) -> Fault {
        let fault = Fault::wrong(misfit.found, wanted);
        let fault = match misfit.hint {
            Some(hint) => fault.with_hint(hint),
            None => fault,
        };
        fault.at(|| self.path.key())
    }

    fn integer(&self, min: i128, max: i128) -> Result<i128, Fault> {
        let wanted = match (min, max) {
            (0, max) if max > i128::from(u16::MAX) => "a whole number, 0 or more".to_owned(),
            (min, _) if min < i128::from(i16::MIN) => "a whole number".to_owned(),
            (min, max) => format!("a whole number from {min} to {max}"),
        };
        let Value::Scalar { text, form } = &self.node.value else {
            return Err(self.wrong(wanted));
        };
        match scalar::integer(text, *form) {
            Ok(number) if (min..=max).contains(&number) => Ok(number),
            Ok(number) => Err(Fault::wrong(format!("`{number}`"), wanted).at(|| self.path.key())),
            Err(misfit) => Err(self.misfit(misfit, wanted)),
        }
    }

    /// The elements of a list; a variable states one as YAML does in one line.
    fn items(&self) -> Result<Vec<Item>, Fault> {
        match &self.node.value {
            Value::List(items) => Ok(items.clone()),
            Value::Scalar { text, form: Form::Untyped } => crate::env::list(text, &self.node.at)
                .ok_or_else(|| {
                    self.wrong("a list").with_hint("in a variable a list is written as [a, b]")
                }),
            _ => Err(self.wrong("a list")),
        }
    }

    fn entries(&self) -> Result<&Map, Fault> {
        self.node.as_map().ok_or_else(|| {
            let fault = self.wrong("a map of keys");
            match self.node.at {
                At::Env { .. } => fault.with_hint("set its keys one by one: ..__KEY=value"),
                _ => fault,
            }
        })
    }

    fn struct_entries(
        &self,
        fields: &'static [&'static str],
    ) -> Result<Vec<(&str, &Entry)>, Fault> {
        let mut known = Vec::new();
        for (name, entry) in self.entries()?.ordered() {
            if fields.contains(&name) {
                known.push((name, entry));
                continue;
            }
            let nearest = nearest(name, fields.iter().copied()).map(str::to_owned);
            let key = self.path.key().name(name);
            self.reading.unknown.borrow_mut().push(Unknown { key, nearest });
        }
        Ok(known)
    }

    fn visit_entries<'de, V: Visitor<'de>>(
        &self,
        entries: Vec<(&str, &Entry)>,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let mut access = Entries {
            entries: entries.into_iter(),
            current: None,
            path: self.path,
            reading: self.reading,
        };
        visitor.visit_map(&mut access).map_err(|fault: Fault| self.placed(fault))
    }

    /// What a secret's reader is handed: the secret, or its name where nobody asks for more.
    fn secret(&self) -> Result<String, Fault> {
        let Value::Scalar { text, .. } = &self.node.value else {
            return Err(self.wrong("a secret's name: ${VARIABLE} or file:PATH"));
        };
        let (state, handed) = match (Reference::parse(text), &self.node.at) {
            (Some(reference), _) => match self.reading.secrets {
                None => (MetState::Named(reference), text.clone()),
                Some(secrets) => match reference.resolve(secrets) {
                    Ok(secret) => (MetState::Named(reference), secret),
                    Err(why) => (MetState::Missing(reference, why), text.clone()),
                },
            },
            (None, At::Default) => (MetState::Default, text.clone()),
            (None, at) => {
                let state = match at {
                    At::Env { .. } => MetState::Variable(text.clone()),
                    _ => MetState::Clear(text.clone()),
                };
                let is_wanted = self.reading.secrets.is_some();
                (state, if is_wanted { text.clone() } else { HIDDEN.to_owned() })
            }
        };
        let met = Met { key: self.path.key(), at: self.node.at.clone(), state };
        self.reading.met.borrow_mut().push(met);
        Ok(handed)
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number = self.integer(i128::from($type::MIN), i128::from($type::MAX))?;
            let number = $type::try_from(number).map_err(|_| self.wrong("a smaller number"))?;
            visitor.$visit(number).map_err(|fault: Fault| self.placed(fault))
        }
    )+};
}

impl<'de> Deserializer<'de> for De<'_> {
    type Error = Fault;

    integers! {
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
        deserialize_i128 visit_i128 i128
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let seen: Result<V::Value, Fault> = match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::List(_) => return self.deserialize_seq(visitor),
            Value::Map(map) => return self.visit_entries(map.ordered(), visitor),
            Value::Scalar { text, form } => match scalar::natural(text, *form) {
                Natural::Null => visitor.visit_unit(),
                Natural::Bool(value) => visitor.visit_bool(value),
                Natural::Float(value) => visitor.visit_f64(value),
                Natural::Text(value) => visitor.visit_str(value),
                Natural::Integer(value) => match (u64::try_from(value), i64::try_from(value)) {
                    (Ok(value), _) => visitor.visit_u64(value),
                    (_, Ok(value)) => visitor.visit_i64(value),
                    _ => visitor.visit_i128(value),
                },
            },
        };
        seen.map_err(|fault| self.placed(fault))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Value::Scalar { text, form } = &self.node.value else {
            return Err(self.wrong("true or false"));
        };
        let value =
            scalar::boolean(text, *form).map_err(|misfit| self.misfit(misfit, "true or false"))?;
        visitor.visit_bool(value).map_err(|fault: Fault| self.placed(fault))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Value::Scalar { text, form } = &self.node.value else {
            return Err(self.wrong("a number"));
        };
        let value = scalar::float(text, *form).map_err(|misfit| self.misfit(misfit, "a number"))?;
        visitor.visit_f64(value).map_err(|fault: Fault| self.placed(fault))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Scalar { text, .. } => {
                visitor.visit_str(text).map_err(|fault: Fault| self.placed(fault))
            }
            Value::Null => Err(self.wrong("text").with_hint("a text is put into quotes: \"\"")),
            _ => Err(self.wrong("text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let is_none = match &self.node.value {
            Value::Null => true,
            Value::Scalar { text, form: Form::Untyped } => scalar::is_null(text, Form::Untyped),
            _ => false,
        };
        let seen = if is_none { visitor.visit_none() } else { visitor.visit_some(self) };
        seen.map_err(|fault: Fault| self.placed(fault))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            _ => Err(self.wrong("nothing")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let seen = if name == SECRET {
            let secret: StringDeserializer<Fault> = self.secret()?.into_deserializer();
            visitor.visit_newtype_struct(secret)
        } else {
            visitor.visit_newtype_struct(self)
        };
        seen.map_err(|fault: Fault| self.placed(fault))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let items = self.items()?;
        let mut access = Items { items: items.iter(), path: self.path, reading: self.reading };
        visitor.visit_seq(&mut access).map_err(|fault: Fault| self.placed(fault))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        let found = self.items()?.len();
        if found != len {
            let fault = Fault::wrong(format!("a list of {found}"), format!("a list of {len}"));
            return Err(fault.at(|| self.path.key()));
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        // Keys are free here, and one that is said to be nothing is taken away.
        let mut entries = self.entries()?.ordered();
        entries.retain(|(_, entry)| !matches!(entry.node.value, Value::Null));
        self.visit_entries(entries, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.visit_entries(self.struct_entries(fields)?, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let (name, content) = match &self.node.value {
            Value::Scalar { text, .. } => (text.as_str(), None),
            Value::Map(map) => {
                let mut entries = map.0.iter();
                match (entries.next(), entries.next()) {
                    (Some((name, entry)), None) => (name.as_str(), Some(&entry.node)),
                    _ => return Err(self.wrong(format!("one of {}", variants.join(", ")))),
                }
            }
            _ => return Err(self.wrong(format!("one of {}", variants.join(", ")))),
        };
        let access = Choice { name, content, path: self.path, reading: self.reading };
        visitor.visit_enum(access).map_err(|fault: Fault| self.placed(fault))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { u128 bytes byte_buf }
}
