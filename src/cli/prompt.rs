//! Questions on a terminal. Nothing here asks without one, and every question has a flag.

use std::io::{BufRead, IsTerminal, Write};

use super::case_flags::{CaseFlags, Question};
use crate::model::{Case, Moment};

/// Whether a person can be asked.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && std::env::var_os("CI").is_none()
}

/// Asks for the facts that `case` lacks. An empty answer leaves a fact out.
pub fn facts(case: &Case, flags: &mut CaseFlags) -> std::io::Result<()> {
    let questions = Question::open(case);
    let mut err = anstream::stderr().lock();
    if !questions.is_empty() {
        writeln!(err, "A few questions, so that nobody needs to ask you later. Enter skips one.")?;
    }
    for (question, text) in questions {
        writeln!(err, "{text}")?;
        while let Some(answer) = line(&mut err)? {
            // Asked again at once: a wrong time must not cost the other answers.
            if question == Question::StartedAt
                && let Err(e) = Moment::parse(&answer)
            {
                writeln!(err, "This {e}")?;
                continue;
            }
            flags.answer(question, answer);
            if question != Question::Step {
                break;
            }
        }
    }
    Ok(())
}

/// Asks yes or no; Enter means yes.
pub fn agrees(question: &str) -> std::io::Result<bool> {
    let mut err = anstream::stderr().lock();
    writeln!(err, "{question} [Y/n]")?;
    let answer = line(&mut err)?.unwrap_or_default().to_ascii_lowercase();
    Ok(matches!(answer.as_str(), "" | "y" | "yes"))
}

/// Asks for a yes to something that leaves this machine; Enter means no.
pub fn consents(question: &str) -> std::io::Result<bool> {
    let mut err = anstream::stderr().lock();
    writeln!(err, "{question} [y/N]")?;
    let answer = line(&mut err)?.unwrap_or_default().to_ascii_lowercase();
    Ok(matches!(answer.as_str(), "y" | "yes"))
}

fn line(err: &mut impl Write) -> std::io::Result<Option<String>> {
    write!(err, "> ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    let answer = answer.trim().to_owned();
    Ok((!answer.is_empty()).then_some(answer))
}
