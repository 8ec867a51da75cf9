//! Reads a table of Cargo.toml key by key, and words everything that is wrong with it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::{Map, Value};

use super::values::unknown;

/// A line for each problem.
pub type Problems = RefCell<Vec<String>>;

/// The value of a text, or why it is wrong.
pub type Parsed<T> = Result<T, String>;

/// A table. A key that is there and is never asked for is unknown.
pub struct Table<'p> {
    path: String,
    pub(super) values: Map<String, Value>,
    known: Vec<&'static str>,
    problems: &'p Problems,
}

impl<'p> Table<'p> {
    /// Reads the table at a path. None if anything in it is wrong.
    pub fn read<T>(
        path: String,
        (value, expected): (Value, &str),
        problems: &'p Problems,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let Value::Object(values) = value else {
            problems.borrow_mut().push(mistyped(&path, &value, expected));
            return None;
        };
        let before = problems.borrow().len();
        let mut table = Table { path, values, known: Vec::new(), problems };
        let result = read(&mut table);
        table.values.keys().for_each(|key| table.add(key, unknown(key, &table.known, "key")));
        (problems.borrow().len() == before).then_some(result)
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The value of a key as it is.
    pub fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.values.remove(key)
    }

    /// The text of a key.
    pub fn text<T>(&mut self, key: &'static str, read: impl Fn(&str) -> Parsed<T>) -> Option<T> {
        let value = self.take(key)?;
        self.check(key, &value, read)
    }

    /// The text of a key that must be there.
    pub fn required<T>(&mut self, key: &'static str, read: impl Fn(&str) -> Parsed<T>) -> Option<T> {
        if !self.has(key) {
            self.problems.borrow_mut().push(format!("`{}` lacks the key `{key}`", self.path));
        }
        self.text(key, read)
    }

    /// The values of a list, each with its place.
    pub fn list(&mut self, key: &'static str) -> Option<Vec<(String, Value)>> {
        match self.take(key)? {
            Value::Array(values) => {
                let place = |(index, value)| (format!("{key}[{index}]"), value);
                Some(values.into_iter().enumerate().map(place).collect())
            }
            other => self.refuse(key, &other, "a list"),
        }
    }

    /// The texts of a list.
    pub fn texts<T>(&mut self, key: &'static str, read: impl Fn(&str) -> Parsed<T>) -> Option<Vec<T>> {
        let list = self.list(key)?;
        Some(list.iter().filter_map(|(place, value)| self.check(place, value, &read)).collect())
    }

    /// The texts of a list that must not be empty.
    pub fn some<T>(&mut self, key: &'static str, read: impl Fn(&str) -> Parsed<T>) -> Option<Vec<T>> {
        if self.values.get(key).and_then(Value::as_array).is_some_and(Vec::is_empty) {
            self.add(key, "is empty; name at least one, or remove the key to get the default");
        }
        self.texts(key, read)
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        match self.take(key)? {
            Value::Bool(flag) => Some(flag),
            other => self.refuse(key, &other, "a boolean"),
        }
    }

    /// The table of a key.
    pub fn table<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let value = self.take(key)?;
        self.inside(key, (value, "a table"), read)
    }

    /// The table at a place inside of this one.
    pub fn inside<T>(
        &self,
        place: &str,
        value: (Value, &str),
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        Table::read(format!("{}.{place}", self.path), value, self.problems, read)
    }

    /// The texts of a table that may have any keys.
    pub fn pairs(&mut self, key: &'static str) -> BTreeMap<String, String> {
        let mut pairs = BTreeMap::new();
        self.table(key, |table| {
            for (key, value) in std::mem::take(&mut table.values) {
                let text = table.check(&key, &value, |text| Ok(text.to_owned()));
                pairs.extend(text.map(|text| (key, text)));
            }
        });
        pairs
    }

    /// Reports values that are in a list twice.
    pub fn refuse_twice<T: Display + PartialEq>(&self, key: &str, values: &[T]) {
        for (index, value) in values.iter().enumerate() {
            if values[..index].contains(value) {
                self.add(key, format!("names `{value}` twice"));
            }
        }
    }

    /// The text of a value at a place of this table.
    pub fn check<T>(&self, place: &str, value: &Value, read: impl Fn(&str) -> Parsed<T>) -> Option<T> {
        let Value::String(text) = value else { return self.refuse(place, value, "a string") };
        read(text).map_err(|why| self.add(place, format!("is invalid: {why}"))).ok()
    }

    fn refuse<T>(&self, place: &str, value: &Value, expected: &str) -> Option<T> {
        let problem = mistyped(&format!("{}.{place}", self.path), value, expected);
        self.problems.borrow_mut().push(problem);
        None
    }

    /// Reports a problem of a key.
    pub fn add(&self, key: &str, why: impl Display) {
        self.problems.borrow_mut().push(format!("`{}.{key}` {why}", self.path));
    }
}

fn mistyped(path: &str, value: &Value, expected: &str) -> String {
    let found = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => format!("boolean `{flag}`"),
        Value::Number(number) if number.is_f64() => format!("floating point `{number}`"),
        Value::Number(number) => format!("integer `{number}`"),
        Value::String(text) => format!("string {text:?}"),
        Value::Array(_) => "list".to_owned(),
        Value::Object(_) => "table".to_owned(),
    };
    format!("`{path}` has an invalid type: {found}, expected {expected}")
}
