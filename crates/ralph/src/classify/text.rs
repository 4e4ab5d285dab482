//! A prompt as sentences of words: without code, logs and patches that were pasted into it.

/// Longest prompt that is looked at, bytes: what comes after was pasted.
const BYTES_MAX: usize = 16 * 1024;

/// A piece of code, whatever it says.
pub(super) const CODE: &str = "`";

/// One sentence or line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sentence {
    /// Lower case, without punctuation at their ends.
    pub(super) words: Vec<String>,
    /// It ended with a question mark.
    pub(super) is_asked: bool,
}

/// Whether a person typed this. Clients send what they have to say as prompts too.
pub(super) fn is_from_a_person(prompt: &str) -> bool {
    let start = prompt.trim_start();
    let is_tag = start.strip_prefix('<').is_some_and(|rest| {
        let name = rest.split(['>', ' ', '\n']).next().unwrap_or_default();
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '-')
    });
    let is_said_by_the_client =
        ["Stop hook feedback:", "[Request interrupted", "Caveat: The messages below"]
            .iter()
            .any(|opening| start.starts_with(opening));
    !start.is_empty() && !is_tag && !is_said_by_the_client
}

/// Whether it is a command for the client itself: a slash command, a shell line, a note for its memory.
pub(super) fn is_for_the_client(prompt: &str) -> bool {
    prompt.trim_start().starts_with(['/', '!', '#'])
}

/// Splits a prompt.
pub(super) fn sentences(prompt: &str) -> Vec<Sentence> {
    let end = prompt.floor_char_boundary(BYTES_MAX);
    let mut found = Vec::new();
    let mut is_fenced = false;
    for line in prompt.get(..end).unwrap_or_default().lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced && !is_pasted(line) {
            split_line(line, &mut found);
        }
    }
    found
}

/// A line of a log, a patch or a quotation.
fn is_pasted(line: &str) -> bool {
    let line = line.trim_start();
    let marks = [
        "--- ",
        "+++ ",
        "@@ ",
        "diff --git",
        "> ",
        "at ",
        "error:",
        "error[",
        "warning:",
        "-old",
        "+new",
    ];
    if marks.iter().any(|mark| line.starts_with(mark)) {
        return true;
    }
    let has_time = line.split_whitespace().take(3).any(|word| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        digits >= 6 && word.contains(':')
    });
    has_time
        || line.starts_with(['+', '-'])
            && line.as_bytes().get(1).is_some_and(u8::is_ascii_alphanumeric)
}

fn split_line(line: &str, found: &mut Vec<Sentence>) {
    let mut sentence = Sentence::default();
    let mut is_code = false;
    for part in line.split_inclusive('`') {
        let text = part.strip_suffix('`');
        if is_code {
            sentence.words.push(CODE.to_owned());
        } else {
            for word in text.unwrap_or(part).split_whitespace() {
                add_word(word, &mut sentence, found);
            }
        }
        is_code = if text.is_some() { !is_code } else { is_code };
    }
    close(&mut sentence, found);
}

fn add_word(raw: &str, sentence: &mut Sentence, found: &mut Vec<Sentence>) {
    let is_inner = |c: char| c.is_alphanumeric() || c == '_' || c == '%';
    let word = raw.trim_matches(|c: char| !is_inner(c));
    if !word.is_empty() {
        let word = word.replace('\u{2019}', "'").to_lowercase();
        sentence.words.push(word);
    }
    let tail = raw.trim_end_matches(['"', '\'', ')']);
    if tail.ends_with('?') {
        sentence.is_asked = true;
    }
    if tail.ends_with(['.', '!', '?', ';', ':']) {
        close(sentence, found);
    }
}

fn close(sentence: &mut Sentence, found: &mut Vec<Sentence>) {
    let done = std::mem::take(sentence);
    if !done.words.is_empty() {
        found.push(done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(prompt: &str, expected: &[&str]) {
        let found = sentences(prompt);
        let found: Vec<String> = found
            .iter()
            .map(|s| format!("{}{}", s.words.join(" "), if s.is_asked { "?" } else { "" }))
            .collect();
        assert_eq!(found, expected, "{prompt:?}");
    }

    #[test]
    fn a_prompt_becomes_sentences_without_what_was_pasted() {
        check("Fix it. Why (again)?", &["fix it", "why again?"]);
        check("run `cargo test` until green", &["run ` until green"]);
        check("see:\n```\nfix all\n```\nok", &["see", "ok"]);
        check(
            "what?\n2026-11-02T14:02:11Z fill order=17\nNov 02 16:20:01 host systemd",
            &["what?"],
        );
        check("don\u{2019}t touch fix-all or a/b.rs", &["don't touch fix-all or a/b.rs"]);
        check("apply\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new", &["apply"]);
    }

    #[test]
    fn what_a_client_says_is_not_a_person() {
        for text in [
            "<task-notification>\n<task-id>a</task-id>",
            "",
            "  ",
            "Stop hook feedback:\ngo on",
            "<command-name>/x",
        ] {
            assert!(!is_from_a_person(text), "{text:?}");
        }
        for text in ["fix <Foo> in all files", "<Foo> is broken", "< 3 errors please"] {
            assert!(is_from_a_person(text), "{text:?}");
        }
        assert!(is_for_the_client("/compact keep the plan") && !is_for_the_client("fix /etc"));
    }
}
