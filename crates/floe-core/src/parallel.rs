//! Parallel work: the same function on many values, and locks without poisoning.
//!
//! It starts at most six threads, because each may hold a few MiB.

use std::num::NonZero;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// More threads would need more memory than they save time.
const THREADS_LIMIT: usize = 6;

/// How many threads are worthwhile on this machine.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_LIMIT)
}

/// Applies `work` to each value; the results are in the order of the values.
///
/// # Panics
/// As `work` does.
pub fn map<T: Send, R: Send>(values: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    map_on(threads(), values, work)
}

fn map_on<T: Send, R: Send>(threads: usize, values: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let others = threads.min(values.len()).saturating_sub(1);
    let queue = Mutex::new(values.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let work_off = || {
        loop {
            let next = lock(&queue).next();
            let Some((number, value)) = next else { return };
            let result = work(value);
            lock(&done).push((number, result));
        }
    };
    thread::scope(|scope| {
        // Where the system starts no more threads, the existing ones do the work.
        (0..others).map_while(|_| thread::Builder::new().spawn_scoped(scope, work_off).ok()).for_each(drop);
        work_off();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Locks a mutex whose value is valid even where a thread panicked while it held the lock.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_values_on_any_number_of_threads() {
        let values: Vec<u32> = (0..100).collect();
        let expected: Vec<u32> = values.iter().map(|value| value * 2).collect();
        for threads in [0, 1, 2, 7, 1000] {
            assert_eq!(map_on(threads, values.clone(), |value| value * 2), expected, "{threads}");
        }
        assert_eq!(map_on(4, Vec::<u32>::new(), |value| value), Vec::<u32>::new());
    }

    #[test]
    fn values_are_worked_on_at_the_same_time() {
        // Would never end one after the other.
        let all = Barrier::new(3);
        assert_eq!(map_on(3, vec!["a", "b", "c"], |value| (all.wait(), value).1), ["a", "b", "c"]);
    }
}
