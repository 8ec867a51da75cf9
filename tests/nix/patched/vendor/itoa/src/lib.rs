//! The part of itoa that http calls.

#[derive(Default)]
pub struct Buffer(String);

impl Buffer {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn format(&mut self, number: impl ToString) -> &str {
        self.0 = number.to_string();
        &self.0
    }
}
