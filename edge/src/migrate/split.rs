//! A SQL file as its statements.

/// The statements without their semicolons; comments before a statement belong to it. A trigger's body
/// is part of its statement.
///
/// # Errors
/// A string, name or comment that does not end, a trigger without its END, or a statement that begins or
/// ends a transaction: a file is one already.
pub fn statements(sql: &'static str) -> Result<Vec<&'static str>, &'static str> {
    let mut found = Vec::new();
    let mut statement = Open::default();
    let mut start = 0;
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let (token, length) = token(rest)?;
        let end = at.saturating_add(length);
        match token {
            Token::Nothing => {}
            Token::Semicolon if statement.takes_semicolon() => {}
            Token::Semicolon => {
                statement.close(sql.get(start..at), &mut found)?;
                start = end;
            }
            Token::Word => statement.word(rest.get(..length).unwrap_or_default()),
            Token::Other => statement.is_empty = false,
        }
        at = end;
    }
    statement.close(sql.get(start..), &mut found)?;
    Ok(found)
}

/// What is known of the statement that is being read.
struct Open {
    is_empty: bool,
    words: usize,
    is_create: bool,
    is_trigger: bool,
    ends_transaction: bool,
    /// BEGIN of a trigger and CASE, less the ENDs that close them.
    depth: usize,
}

impl Default for Open {
    fn default() -> Open {
        Open { is_empty: true, words: 0, is_create: false, is_trigger: false, ends_transaction: false, depth: 0 }
    }
}

impl Open {
    fn word(&mut self, word: &str) {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        self.is_empty = false;
        self.words = self.words.saturating_add(1);
        match self.words {
            1 => {
                self.is_create = is("CREATE");
                self.ends_transaction =
                    ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"].into_iter().any(is);
            }
            // CREATE [TEMP] TRIGGER
            2 | 3 => self.is_trigger |= self.is_create && is("TRIGGER"),
            _ => {}
        }
        if self.is_trigger {
            if is("BEGIN") || is("CASE") {
                self.depth = self.depth.saturating_add(1);
            } else if is("END") {
                self.depth = self.depth.saturating_sub(1);
            }
        }
    }

    fn takes_semicolon(&self) -> bool {
        0 < self.depth
    }

    fn close(&mut self, text: Option<&'static str>, found: &mut Vec<&'static str>) -> Result<(), &'static str> {
        let this = std::mem::take(self);
        if this.ends_transaction {
            return Err("it begins or ends a transaction, and the whole file is one already");
        }
        if 0 < this.depth {
            return Err("a trigger has no END");
        }
        if !this.is_empty {
            found.extend(text.map(str::trim));
        }
        Ok(())
    }
}

enum Token {
    /// White space or a comment.
    Nothing,
    Semicolon,
    /// A keyword, a name or a number.
    Word,
    /// A string, a quoted name, an operator.
    Other,
}

/// The token that `rest`, which is not empty, begins with, and its length in bytes.
fn token(rest: &str) -> Result<(Token, usize), &'static str> {
    if rest.starts_with("--") {
        return Ok((Token::Nothing, rest.find('\n').unwrap_or(rest.len())));
    }
    if let Some(comment) = rest.strip_prefix("/*") {
        let end = comment.find("*/").ok_or("a comment does not end")?;
        return Ok((Token::Nothing, end.saturating_add("/**/".len())));
    }
    let is_of_word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$');
    let length_while = |keep: &dyn Fn(char) -> bool| rest.find(|character| !keep(character)).unwrap_or(rest.len());
    match rest.chars().next() {
        Some(';') => Ok((Token::Semicolon, 1)),
        // A doubled quote inside reads as one string after another, which comes to the same.
        Some(quote @ ('\'' | '"' | '`')) => quoted(rest, quote),
        Some('[') => quoted(rest, ']'),
        Some(space) if space.is_whitespace() => Ok((Token::Nothing, length_while(&char::is_whitespace))),
        Some(letter) if is_of_word(letter) => Ok((Token::Word, length_while(&is_of_word))),
        other => Ok((Token::Other, other.map_or(1, char::len_utf8))),
    }
}

fn quoted(rest: &str, close: char) -> Result<(Token, usize), &'static str> {
    let end = rest.char_indices().skip(1).find(|(_, character)| *character == close);
    end.map(|(at, _)| (Token::Other, at.saturating_add(1))).ok_or("a string or a quoted name does not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_end_statements_only_where_they_do() {
        for (sql, expected) in [
            ("", vec![]),
            (" ;; -- nothing;\n /* ; */ ", vec![]),
            ("SELECT 1", vec!["SELECT 1"]),
            ("SELECT 1; SELECT 2;\n", vec!["SELECT 1", "SELECT 2"]),
            ("-- first;\nSELECT 1;\n-- last;", vec!["-- first;\nSELECT 1"]),
            (
                "SELECT ';', 'it''s;', \"a;\"\"b\", `;`, [;]; SELECT '--', '/*'",
                vec!["SELECT ';', 'it''s;', \"a;\"\"b\", `;`, [;]", "SELECT '--', '/*'"],
            ),
            ("SELECT 'ä;🚀'; SELECT 2", vec!["SELECT 'ä;🚀'", "SELECT 2"]),
            ("SELECT CASE WHEN 1 THEN 2 END; SELECT 2", vec!["SELECT CASE WHEN 1 THEN 2 END", "SELECT 2"]),
            (
                "CREATE TRIGGER a AFTER INSERT ON t WHEN CASE 1 WHEN 1 THEN 1 END BEGIN
                   UPDATE t SET a = CASE b WHEN 1 THEN 'END;' ELSE 2 END;
                   -- END;
                   DELETE FROM t;
                 END; SELECT 1",
                vec![
                    "CREATE TRIGGER a AFTER INSERT ON t WHEN CASE 1 WHEN 1 THEN 1 END BEGIN
                   UPDATE t SET a = CASE b WHEN 1 THEN 'END;' ELSE 2 END;
                   -- END;
                   DELETE FROM t;
                 END",
                    "SELECT 1",
                ],
            ),
            (
                "create temp trigger a after insert on t begin select 1; end; select 2",
                vec!["create temp trigger a after insert on t begin select 1; end", "select 2"],
            ),
            (
                "CREATE TABLE trigger_log (begin_at INTEGER); SELECT 1",
                vec!["CREATE TABLE trigger_log (begin_at INTEGER)", "SELECT 1"],
            ),
        ] {
            assert_eq!(statements(sql), Ok(expected), "{sql}");
        }
    }

    #[test]
    fn what_is_not_finished_or_ends_the_transaction_is_refused() {
        for sql in [
            "SELECT 'open",
            "SELECT \"open",
            "SELECT [open",
            "SELECT 1 /* open",
            "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1;",
            "SELECT 1; COMMIT",
            "begin immediate; SELECT 1",
            "SELECT 1; -- then\nSAVEPOINT a",
        ] {
            assert!(statements(sql).is_err(), "{sql}");
        }
    }
}
