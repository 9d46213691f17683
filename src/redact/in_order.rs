//! One text on many threads: pieces are worked on before it is known how those in front of them end, and again where that
//! was guessed wrongly. So the results are those of one thread, in the order of the text.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

use super::lines::LineState;
use super::split::{OwnedPiece, Piece, Splitter};
use super::{RedactError, Redactor};
use crate::platform::{Hands, Pending};

/// Smaller pieces are done sooner than handed out.
const WORTH_IT: usize = 32 << 10;

/// What is done with each piece. The state goes on to the next one.
pub(super) type Work<T> = fn(&Redactor, &Piece<'_>, &mut LineState) -> Result<T, RedactError>;

/// The pieces of a text, worked on side by side.
pub(super) struct InOrder<R, T> {
    redactor: Arc<Redactor>,
    splitter: Splitter<R>,
    /// Before the next piece that is handed out as done.
    state: LineState,
    work: Work<T>,
    hands: Hands,
    begun: VecDeque<Begun<T>>,
    /// How the text ended, once that was seen.
    end: Option<io::Result<()>>,
}

/// A piece that somebody works on.
struct Begun<T> {
    piece: Arc<OwnedPiece>,
    guess: LineState,
    result: Pending<Result<(T, LineState), RedactError>>,
}

impl<R: Read, T: Send + 'static> InOrder<R, T> {
    pub(super) fn new(redactor: &Arc<Redactor>, splitter: Splitter<R>, work: Work<T>, hands: Hands) -> Self {
        // Whoever is told of replacements is told once.
        let hands = if redactor.witnesses.is_empty() { hands } else { Hands::default() };
        let redactor = Arc::clone(redactor);
        Self { redactor, splitter, state: LineState::default(), work, hands, begun: VecDeque::new(), end: None }
    }

    /// Where the text comes from.
    pub(super) fn reader(&self) -> &R {
        self.splitter.reader()
    }

    /// The result of the next piece; `None` at the end. `failed` says what an error of the reader means.
    pub(super) fn next(&mut self, failed: fn(io::Error) -> RedactError) -> Result<Option<T>, RedactError> {
        while self.end.is_none() && self.wants_more() {
            match self.splitter.piece() {
                Ok(Some(piece))
                    if self.begun.is_empty() && (piece.bytes.len() < WORTH_IT || !self.hands.are_free()) =>
                {
                    return (self.work)(&self.redactor, &piece, &mut self.state).map(Some);
                }
                Ok(Some(piece)) => {
                    let piece = Arc::new(piece.to_owned());
                    self.begin(piece);
                }
                Ok(None) => self.end = Some(Ok(())),
                Err(e) => self.end = Some(Err(e)),
            }
        }
        if let Some(begun) = self.begun.pop_front() {
            return self.settle(begun).map(Some);
        }
        match self.end.replace(Ok(())) {
            Some(Err(e)) => Err(failed(e)),
            _ => Ok(None),
        }
    }

    /// Whether to begin another piece before the result of the first is handed out: as long as that is not there.
    fn wants_more(&self) -> bool {
        self.begun.front().is_none_or(|first| self.begun.len() < self.hands.reach() && !first.result.is_done())
    }

    fn begin(&mut self, piece: Arc<OwnedPiece>) {
        let guess = self.state.guess();
        let (redactor, work) = (Arc::clone(&self.redactor), self.work);
        let (theirs, mut state) = (Arc::clone(&piece), guess.clone());
        let result = self.hands.lend(move || {
            let result = work(&redactor, &theirs.piece(), &mut state)?;
            Ok((result, state))
        });
        self.begun.push_back(Begun { piece, guess, result });
    }

    /// The result of a piece whose turn it is: now the state before it is known.
    fn settle(&mut self, begun: Begun<T>) -> Result<T, RedactError> {
        let result = begun.result.wait();
        if !self.state.is(&begun.guess) {
            return (self.work)(&self.redactor, &begun.piece.piece(), &mut self.state);
        }
        let (result, state) = result?;
        self.state = state;
        Ok(result)
    }
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::super::split::WINDOW;
    use super::*;
    use crate::platform::beside;
    use crate::redact::{KnownNames, Privacy, Pseudonyms, RuleSet};

    fn redactor() -> Arc<Redactor> {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules"));
        let made = Redactor::new(set, Pseudonyms::new(b"key"), &KnownNames::default(), Privacy::Standard);
        Arc::new(made.expect("a redactor"))
    }

    /// Lines of several pieces, in which one border lies inside a key, one inside a block of YAML and one inside a long
    /// value of a long line.
    fn text() -> Vec<u8> {
        let fill = |text: &mut Vec<u8>, to: usize| {
            while text.len() < to {
                text.extend_from_slice(
                    b"all is well, said the worker, and went on with what it had to do until it was done\n",
                );
            }
        };
        let mut text = Vec::new();
        let key_line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n";
        fill(&mut text, (1 << 20) - 500);
        text.extend_from_slice(format!("-----BEGIN PRIVATE KEY-----\n{}", key_line.repeat(60)).as_bytes());
        text.extend_from_slice(b"-----END PRIVATE KEY-----\n");
        fill(&mut text, (2 << 20) - 400);
        text.extend_from_slice(b"password: |\n");
        text.extend_from_slice("  correct horse battery\n".repeat(80).as_bytes());
        let start = text.len();
        while text.len() < start + WINDOW - 20 {
            text.extend_from_slice(b"x=1, ");
        }
        text.extend_from_slice(b"password=");
        text.extend(std::iter::repeat_n(b"0123456789abcdef", 8000).flatten());
        text.extend_from_slice(b" from 81.2.69.142\n");
        fill(&mut text, start + (1 << 20));
        text
    }

    fn replaced(redactor: &Redactor, piece: &Piece<'_>, state: &mut LineState) -> Result<Vec<u8>, RedactError> {
        let mut out = Vec::new();
        redactor.replace(piece, state, &mut out, &mut super::super::stream::Counts::new())?;
        Ok(out)
    }

    #[test]
    fn what_comes_out_does_not_depend_on_the_number_of_threads() {
        let (redactor, text) = (redactor(), text());
        let all = |hands: Hands| {
            let mut pieces = InOrder::new(&redactor, Splitter::new(text.as_slice()), replaced, hands);
            let mut all = Vec::new();
            while let Some(piece) = pieces.next(RedactError::Read).expect("text") {
                all.push(piece);
            }
            all
        };
        let alone = all(Hands::default());
        let whole = String::from_utf8(alone.concat()).expect("text");
        assert!(!whole.contains("MIIEvQ") && !whole.contains("horse") && !whole.contains("0123456789abcdef"));
        assert!(alone.len() > 4 && whole.ends_with("done\n"));
        for threads in [2, 3, 8] {
            assert!(beside(threads, |hands| all(hands.clone())) == alone, "{threads} threads");
        }
    }

    /// Leaves everything as it is, and looks once more.
    fn careless(redactor: &Redactor, piece: &Piece<'_>, _: &mut LineState) -> Result<usize, RedactError> {
        if redactor.seeds.stands_in(piece.bytes) { Err(RedactError::SecretLeft) } else { Ok(piece.bytes.len()) }
    }

    #[test]
    fn a_piece_that_fails_its_check_fails_the_text_at_the_same_place_on_any_number_of_threads() {
        let mut text = text();
        let at = memchr::memrchr(b'\n', &text[..text.len() - 100]).expect("lines") + 1;
        text.splice(at..at, *b"and hunter2-Correct-Horse is left\n");
        let mut seeds = super::super::Seeds::default();
        seeds.add(b"hunter2-Correct-Horse", 0);
        let redactor = Arc::new(redactor().with_seeds(&seeds).expect("a redactor"));
        let passed = |hands: Hands| {
            let mut pieces = InOrder::new(&redactor, Splitter::new(text.as_slice()), careless, hands);
            let mut passed = Vec::new();
            loop {
                match pieces.next(RedactError::Read) {
                    Ok(Some(length)) => passed.push(length),
                    Ok(None) => panic!("it was not seen"),
                    Err(RedactError::SecretLeft) => return passed,
                    Err(e) => panic!("{e}"),
                }
            }
        };
        let alone = passed(Hands::default());
        assert!(alone.len() > 3);
        for threads in [2, 3, 8] {
            assert_eq!(beside(threads, |hands| passed(hands.clone())), alone);
        }
    }
}
