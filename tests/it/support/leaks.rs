//! Requests that carry a secret which belongs to another server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use floe_rehearsal::interceptor::Interceptor;

/// A count of such requests. Clones share it.
#[derive(Clone, Default)]
pub struct Leaks(Arc<AtomicUsize>);

impl Leaks {
    /// Counts requests to a server from now on that carry one of these texts in a header or in their address.
    pub fn forbid(&self, interceptor: &Interceptor, texts: Vec<String>) {
        let count = Arc::clone(&self.0);
        interceptor.before_each(move |_, uri, headers| {
            let uri = uri.to_string();
            let carries = |text: &String| {
                let in_header =
                    headers.values().any(|value| String::from_utf8_lossy(value.as_bytes()).contains(text));
                in_header || uri.contains(text)
            };
            if texts.iter().any(carries) {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
    }

    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub fn reset(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}
