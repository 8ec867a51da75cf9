//! The same work on many things, on all cores: whichever is next is taken, and what came of them stands in their order.
//!
//! It never begins more threads than there are cores, and six at the most: each may hold a few MiB.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// More threads than this would need more memory than they save time.
const MOST: usize = 6;

/// How many threads are worth while.
pub fn count() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).min(MOST)
}

/// What comes of each thing, in the order of the things.
///
/// # Panics
/// As `work` does.
pub fn each<T: Send, R: Send>(things: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    each_on(count(), things, work)
}

fn each_on<T: Send, R: Send>(threads: usize, things: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let others = threads.min(things.len()).saturating_sub(1);
    let queue = Mutex::new(things.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let go_on = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((number, thing)) = next else { return };
            let result = work(thing);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
        }
    };
    thread::scope(|scope| {
        // A system that gives no more threads leaves the work to those that are there.
        (0..others).map_while(|_| thread::Builder::new().spawn_scoped(scope, go_on).ok()).for_each(drop);
        go_on();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_things_on_any_number_of_threads() {
        let things: Vec<u32> = (0..100).collect();
        let expected: Vec<u32> = things.iter().map(|thing| thing * 2).collect();
        for threads in [0, 1, 2, 7, 1000] {
            assert_eq!(each_on(threads, things.clone(), |thing| thing * 2), expected, "{threads}");
        }
        assert_eq!(each_on(4, Vec::<u32>::new(), |thing| thing), Vec::<u32>::new());
    }

    #[test]
    fn things_are_worked_on_at_the_same_time() {
        // Would never end one after the other.
        let all = Barrier::new(3);
        assert_eq!(each_on(3, vec!["a", "b", "c"], |thing| (all.wait(), thing).1), ["a", "b", "c"]);
    }
}
