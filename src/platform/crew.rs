//! Threads that lend each other a hand: whoever waits works for the others meanwhile.
//!
//! A thread that has a large source hands parts of the work on it to threads that have nothing to do, and takes the results
//! in the order in which it gave the work. While it waits it works itself, so a crew of so many threads is never more at
//! work than that. What is handed out computes and never waits for anything.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a waiting thread sleeps before it looks again without having been woken.
const DOZE: Duration = Duration::from_millis(20);

type Job = Box<dyn FnOnce() + Send>;

/// The threads of one run that work together. A clone is the same crew.
#[derive(Clone)]
pub struct Crew(Arc<Shared>);

struct Shared {
    threads: usize,
    jobs: Mutex<VecDeque<Job>>,
    changed: Condvar,
    /// Threads that wait and would work.
    idle: AtomicUsize,
    /// Jobs that nobody has taken up yet.
    waiting: AtomicUsize,
}

/// A crew as the work on one source sees it.
#[derive(Clone, Default)]
pub struct Hands {
    crew: Option<Crew>,
    /// Whose turn it is, and the number of this source. Work on others is not handed out: its results would only wait.
    turn: Option<(Arc<AtomicUsize>, usize)>,
}

/// The result of work that was handed out.
pub struct Pending<T>(State<T>);

enum State<T> {
    Done(T),
    Lent(Crew, Arc<Mutex<Option<thread::Result<T>>>>),
}

impl Crew {
    /// A crew of `threads` threads, which the caller starts.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self(Arc::new(Shared {
            threads,
            jobs: Mutex::default(),
            changed: Condvar::new(),
            idle: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
        }))
    }

    /// The crew for the work on one source, whichever comes first.
    #[must_use]
    pub fn hands(&self) -> Hands {
        Hands { crew: Some(self.clone()), turn: None }
    }

    /// The crew for the work on source `number`, while `turn` says that it is the one that others wait for.
    #[must_use]
    pub fn hands_in_turn(&self, turn: &Arc<AtomicUsize>, number: usize) -> Hands {
        Hands { crew: Some(self.clone()), turn: Some((Arc::clone(turn), number)) }
    }

    /// Tries `attempt` until it gives something, and works for others between.
    pub fn until<T>(&self, mut attempt: impl FnMut() -> Option<T>) -> T {
        loop {
            if let Some(result) = attempt() {
                return result;
            }
            if let Some(job) = self.take() {
                job();
                continue;
            }
            let jobs = self.jobs();
            self.0.idle.fetch_add(1, Ordering::SeqCst);
            // Once more under the lock, under which whoever changes something says so.
            let result = attempt();
            if result.is_none() && jobs.is_empty() {
                drop(self.0.changed.wait_timeout(jobs, DOZE));
            } else {
                drop(jobs);
            }
            self.0.idle.fetch_sub(1, Ordering::SeqCst);
            if let Some(result) = result {
                return result;
            }
        }
    }

    /// Wakes those that wait: something has changed for them.
    pub fn nudge(&self) {
        if self.0.idle.load(Ordering::SeqCst) > 0 {
            drop(self.jobs());
            self.0.changed.notify_all();
        }
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Job> {
        if self.0.waiting.load(Ordering::SeqCst) == 0 {
            return None;
        }
        let mut jobs = self.jobs();
        let job = jobs.pop_front()?;
        self.0.waiting.store(jobs.len(), Ordering::SeqCst);
        Some(job)
    }
}

/// Runs `work` here while `threads - 1` others have nothing to do but to help.
pub fn beside<T>(threads: usize, work: impl FnOnce(&Hands) -> T) -> T {
    let (crew, over) = (Crew::new(threads), AtomicBool::new(false));
    thread::scope(|scope| {
        // Also when `work` panics.
        let _end = End(&crew, &over);
        for _ in 1..threads {
            scope.spawn(|| crew.until(|| over.load(Ordering::SeqCst).then_some(())));
        }
        work(&crew.hands())
    })
}

/// Lets the helpers go.
struct End<'a>(&'a Crew, &'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.1.store(true, Ordering::SeqCst);
        self.0.nudge();
    }
}

impl Hands {
    /// How many results may wait at once to be taken: none where all work is done by the one who asks.
    #[must_use]
    pub fn reach(&self) -> usize {
        match &self.crew {
            Some(crew) if crew.0.threads > 1 && self.is_its_turn() => crew.0.threads + 1,
            _ => 0,
        }
    }

    /// Whether somebody has nothing better to do now.
    #[must_use]
    pub fn are_free(&self) -> bool {
        self.crew.as_ref().is_some_and(|crew| {
            self.is_its_turn() && crew.0.waiting.load(Ordering::SeqCst) < crew.0.idle.load(Ordering::SeqCst)
        })
    }

    /// Has `work` done: by somebody who has nothing to do, or here and now.
    pub fn lend<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let Some(crew) = self.crew.as_ref().filter(|_| self.are_free()) else { return Pending(State::Done(work())) };
        let slot = Arc::new(Mutex::new(None));
        let (result, told) = (Arc::clone(&slot), crew.clone());
        let job = Box::new(move || {
            let done = catch_unwind(AssertUnwindSafe(work));
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
            told.nudge();
        });
        let mut jobs = crew.jobs();
        jobs.push_back(job);
        crew.0.waiting.store(jobs.len(), Ordering::SeqCst);
        drop(jobs);
        crew.0.changed.notify_one();
        Pending(State::Lent(crew.clone(), slot))
    }

    fn is_its_turn(&self) -> bool {
        self.turn.as_ref().is_none_or(|(turn, number)| turn.load(Ordering::SeqCst) == *number)
    }
}

impl<T> Pending<T> {
    /// Whether the result is there.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match &self.0 {
            State::Done(_) => true,
            State::Lent(_, slot) => slot.lock().unwrap_or_else(PoisonError::into_inner).is_some(),
        }
    }

    /// The result, once it is there. A panic of the work goes on here.
    pub fn wait(self) -> T {
        match self.0 {
            State::Done(result) => result,
            State::Lent(crew, slot) => {
                match crew.until(|| slot.lock().unwrap_or_else(PoisonError::into_inner).take()) {
                    Ok(result) => result,
                    Err(panic) => resume_unwind(panic),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_back_whoever_did_the_work() {
        for threads in [1, 2, 8] {
            let sum: u64 = beside(threads, |hands| {
                let all: Vec<_> = (0..200_u64).map(|n| hands.lend(move || n * n)).collect();
                all.into_iter().map(Pending::wait).sum()
            });
            assert_eq!(sum, (0..200_u64).map(|n| n * n).sum::<u64>());
        }
    }

    #[test]
    fn a_panic_comes_out_where_the_result_is_wanted() {
        let caught = beside(2, |hands| {
            while !hands.are_free() {
                thread::yield_now();
            }
            let pending = hands.lend(|| -> u8 { resume_unwind(Box::new("broken")) });
            catch_unwind(AssertUnwindSafe(|| pending.wait())).is_err()
        });
        assert!(caught);
    }

    #[test]
    fn who_is_not_in_turn_works_alone() {
        beside(2, |hands| {
            let crew = hands.crew.as_ref().expect("a crew");
            let turn = Arc::new(AtomicUsize::new(3));
            assert_eq!(crew.hands_in_turn(&turn, 4).reach(), 0);
            let here = thread::current().id();
            assert!(crew.hands_in_turn(&turn, 4).lend(move || thread::current().id() == here).wait());
            assert!(crew.hands_in_turn(&turn, 3).reach() > 1 && Hands::default().reach() == 0);
        });
    }
}
