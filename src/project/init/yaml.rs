//! YAML as a tree in which each node knows where it begins. Aliases are not followed.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Deeper nodes are refused; a workflow has seven levels.
const DEPTH: usize = 64;

/// A node of a document.
#[derive(Debug)]
pub(super) struct Node<'t> {
    pub value: Value<'t>,
    /// The number of characters before it on its line.
    pub column: usize,
    /// Its text up to the end of the line, if it is written with brackets or is a scalar.
    pub inline: Option<&'t str>,
}

#[derive(Debug)]
pub(super) enum Value<'t> {
    /// Null, or nothing where a value could be.
    Nothing,
    Text(Cow<'t, str>),
    List(Vec<Node<'t>>),
    Table(Vec<(Node<'t>, Node<'t>)>),
    /// A repetition of another node.
    Alias,
}

impl<'t> Node<'t> {
    /// The first document of a text; `None` if it is not YAML.
    pub fn read(text: &'t str) -> Option<Self> {
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let mut open: Vec<(Node<'t>, Vec<Node<'t>>)> = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.ok()?;
            if open.len() > DEPTH {
                return None;
            }
            let rest = starts.get(span.start.index()).map_or("", |at| &text[*at..]);
            let line = rest.lines().next().unwrap_or_default();
            let inline = || Some(line.split(" #").next().unwrap_or(line).trim());
            let node = |value, inline| Node { value, column: span.start.col(), inline };
            let done = match event {
                Event::Scalar(text, ScalarStyle::Plain, ..) if is_null(&text) => node(Value::Nothing, None),
                Event::Scalar(text, ..) => node(Value::Text(text), inline()),
                Event::Alias(_) => node(Value::Alias, inline()),
                Event::SequenceStart(..) | Event::MappingStart(..) => {
                    // The value is replaced when the matching end event comes.
                    let inline = inline().filter(|_| line.starts_with(['[', '{']));
                    open.push((node(Value::Nothing, inline), Vec::new()));
                    continue;
                }
                Event::SequenceEnd => {
                    open.pop().map(|(node, items)| Node { value: Value::List(items), ..node })?
                }
                Event::MappingEnd => {
                    let (node, children) = open.pop()?;
                    let mut children = children.into_iter();
                    let entries = std::iter::from_fn(|| children.next().zip(children.next()));
                    Node { value: Value::Table(entries.collect()), ..node }
                }
                _ => continue,
            };
            match open.last_mut() {
                Some((_, children)) => children.push(done),
                None => return Some(done),
            }
        }
        None
    }

    /// The value of a key of a table.
    pub fn get(&self, name: &str) -> Option<&Node<'t>> {
        self.entries().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The entries of a table.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Node<'t>)> {
        let all = if let Value::Table(entries) = &self.value { entries.as_slice() } else { &[] };
        all.iter().map(|(key, value)| (key.text().unwrap_or_default(), value))
    }

    /// The column of the keys of a table that is not in brackets.
    pub fn keys_column(&self) -> Option<usize> {
        match &self.value {
            Value::Table(entries) if self.inline.is_none() => entries.first().map(|(key, _)| key.column),
            _ => None,
        }
    }

    /// A scalar's text.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// The texts of a list, or the one of a scalar.
    pub fn texts(&self) -> Vec<&str> {
        match &self.value {
            Value::List(items) => items.iter().filter_map(Node::text).collect(),
            _ => self.text().into_iter().collect(),
        }
    }
}

/// As YAML 1.2's core schema reads a plain scalar (section 10.3.2).
fn is_null(text: &str) -> bool {
    ["", "~", "null", "Null", "NULL"].contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_how_they_are_written() {
        let text = "# ä\non: # all\n    push: {tags: [a, 'b c']} # x\n    \"other\":\n      - x\nnone: ~\nagain: &a 1\nalias: *a\n";
        let root = Node::read(text).unwrap();
        let on = root.get("on").unwrap();
        assert_eq!((root.keys_column(), on.keys_column(), on.inline), (Some(0), Some(4), None));
        let push = on.get("push").unwrap();
        assert_eq!(push.inline, Some("{tags: [a, 'b c']}"));
        assert_eq!((push.keys_column(), push.get("tags").unwrap().texts()), (None, vec!["a", "b c"]));
        assert_eq!(on.get("other").unwrap().texts(), ["x"]);
        assert!(matches!(root.get("none").unwrap().value, Value::Nothing));
        assert!(matches!(root.get("alias").unwrap().value, Value::Alias));
        assert!(root.get("tags").is_none() && on.get("on").is_none());
    }

    #[test]
    fn other_texts_are_no_documents() {
        assert!(Node::read("a: [").is_none() && Node::read("").is_none());
        assert!(Node::read(&"[".repeat(100_000)).is_none());
        let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Node::read(&deep(20)).is_some() && Node::read(&deep(200)).is_none());
    }
}
