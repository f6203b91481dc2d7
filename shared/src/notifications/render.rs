//! A mail's subject, text and HTML.

use super::Message;
use super::words::{Language, Words};
use crate::kernel::locale::Locale;
use crate::kernel::time::Timestamp;

/// A mail as it is sent. The subject is one line.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
    /// A whole document.
    pub html: String,
}

/// Writes the mail in the locale's language, or in English. `shop` is the store's name, which signs it.
pub fn render(message: &Message, shop: &str, locale: &Locale) -> Rendered {
    let language = Language::of(locale);
    let words = language.words(message.kind());
    let values = Values::of(message, shop, language);
    let subject = values.fill(words.subject).unwrap_or_default();
    // A line break would end the header.
    let subject: String = subject.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    Rendered { text: text(&words, &values), html: html(&words, &values, &subject, language), subject }
}

/// What the words name, in plain text.
struct Values<'a> {
    shop: &'a str,
    link: Option<&'a str>,
    named: Vec<(&'static str, String)>,
}

impl<'a> Values<'a> {
    fn of(message: &'a Message, shop: &'a str, language: Language) -> Values<'a> {
        let (link, mut named) = match message {
            Message::VerifyEmail { link, minutes }
            | Message::ResetPassword { link, minutes }
            | Message::MagicLink { link, minutes }
            | Message::ChangeEmail { link, minutes } => {
                (Some(link), vec![("valid", Some(language.duration(*minutes)))])
            }
            Message::Invitation { link, minutes, organization, inviter } => (
                Some(link),
                vec![
                    ("valid", Some(language.duration(*minutes))),
                    ("organization", Some(organization.clone())),
                    ("inviter", inviter.clone()),
                ],
            ),
            Message::Welcome { name, link } => (link.as_ref(), vec![("name", name.clone())]),
            Message::AlreadyRegistered { link } => (link.as_ref(), vec![]),
            Message::PasswordChanged { at, link }
            | Message::EmailChanging { at, link }
            | Message::EmailChanged { at, link }
            | Message::SecondFactorOn { at, link }
            | Message::SecondFactorOff { at, link }
            | Message::RecoveryCodesReplaced { at, link } => (link.as_ref(), vec![("at", Some(minute(*at)))]),
            Message::IdentityLinked { what, at, link }
            | Message::IdentityUnlinked { what, at, link }
            | Message::PasskeyAdded { what, at, link }
            | Message::PasskeyRemoved { what, at, link } => {
                (link.as_ref(), vec![("what", Some(what.clone())), ("at", Some(minute(*at)))])
            }
        };
        named.push(("shop", Some(shop.to_owned())));
        let named = named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        Values { shop, link: link.map(String::as_str), named }
    }

    /// The line with its values; `None` when one of them is not there. A value is never read as words: one that
    /// holds `{link}` stays as it is.
    fn fill(&self, line: &str) -> Option<String> {
        let mut filled = String::with_capacity(line.len());
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}')?;
            filled.push_str(before);
            filled.push_str(self.named.iter().find(|(known, _)| *known == name).map(|(_, value)| value)?);
            rest = after;
        }
        filled.push_str(rest);
        Some(filled)
    }

    fn lines(&self, lines: &[&str]) -> Vec<String> {
        lines.iter().filter_map(|line| self.fill(line)).collect()
    }
}

/// `2026-11-24 09:30 UTC`.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('T') {
        Some((date, time)) => format!("{date} {} UTC", time.get(..5).unwrap_or_default()),
        None => text,
    }
}

fn text(words: &Words, values: &Values<'_>) -> String {
    let mut parts = values.lines(words.before);
    if let (Some(link), Some(label)) = (values.link, values.fill(words.link)) {
        parts.push(format!("{label}:\n{link}"));
    }
    parts.extend(values.lines(words.after));
    parts.push(format!("-- \n{}", values.shop));
    parts.join("\n\n")
}

fn html(words: &Words, values: &Values<'_>, subject: &str, language: Language) -> String {
    let paragraph = |line: &String| format!("<p>{}</p>\n", escape(line));
    let before: String = values.lines(words.before).iter().map(paragraph).collect();
    let after: String = values.lines(words.after).iter().map(paragraph).collect();
    let button = match (values.link, values.fill(words.link)) {
        (Some(link), Some(label)) => {
            let (link, label) = (escape(link), escape(&label));
            format!(
                "<p style=\"margin:24px 0\"><a href=\"{link}\" style=\"background:#1a1a1a;border-radius:6px;\
                 color:#ffffff;display:inline-block;padding:12px 20px;text-decoration:none\">{label}</a></p>\n\
                 <p style=\"color:#666666;font-size:13px;word-break:break-all\">{link}</p>\n"
            )
        }
        _ => String::new(),
    };
    let (title, shop, tag) = (escape(subject), escape(values.shop), language.tag());
    format!(
        "<!doctype html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n</head>\n\
         <body style=\"color:#1a1a1a;font:16px/1.5 sans-serif;margin:0 auto;max-width:560px;padding:24px\">\n\
         {before}{button}{after}<p style=\"color:#666666\">{shop}</p>\n</body>\n</html>\n"
    )
}

/// Text as the content of an element or as an attribute's value in double or single quotes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notifications::{BaseUrl, MailKind};

    fn locale(text: &str) -> Locale {
        text.parse().unwrap()
    }

    fn messages(name: &str) -> Vec<Message> {
        let base: BaseUrl = "https://shop.example".parse().unwrap();
        let link = base.secret_page("page", "t0ken");
        let at = Timestamp::from_millis(1_795_512_600_000);
        vec![
            Message::VerifyEmail { link: link.clone(), minutes: 1_440 },
            Message::ResetPassword { link: link.clone(), minutes: 60 },
            Message::MagicLink { link: link.clone(), minutes: 15 },
            Message::Invitation {
                link: link.clone(),
                minutes: 10_080,
                organization: name.to_owned(),
                inviter: Some(name.to_owned()),
            },
            Message::Welcome { name: Some(name.to_owned()), link: Some(link.clone()) },
            Message::PasswordChanged { at, link: Some(link.clone()) },
            Message::AlreadyRegistered { link: Some(link.clone()) },
            Message::ChangeEmail { link: link.clone(), minutes: 60 },
            Message::EmailChanging { at, link: Some(link.clone()) },
            Message::EmailChanged { at, link: Some(link.clone()) },
            Message::IdentityLinked { what: name.to_owned(), at, link: Some(link.clone()) },
            Message::IdentityUnlinked { what: name.to_owned(), at, link: Some(link.clone()) },
            Message::PasskeyAdded { what: name.to_owned(), at, link: Some(link.clone()) },
            Message::PasskeyRemoved { what: name.to_owned(), at, link: Some(link.clone()) },
            Message::SecondFactorOn { at, link: Some(link.clone()) },
            Message::SecondFactorOff { at, link: Some(link.clone()) },
            Message::RecoveryCodesReplaced { at, link: Some(link) },
        ]
    }

    #[test]
    fn every_kind_has_a_whole_mail_in_each_language() {
        assert_eq!(messages("x").iter().map(Message::kind).collect::<Vec<_>>(), MailKind::ALL);
        for language in ["en", "ko-KR"] {
            let mut subjects = Vec::new();
            for message in messages("Ada") {
                let mail = render(&message, "Acme", &locale(language));
                assert!([&mail.subject, &mail.text, &mail.html].iter().all(|part| !part.contains(['{', '}'])));
                assert!(mail.text.contains("Acme") && mail.html.contains("Acme"), "{}", mail.text);
                assert!(mail.text.contains("\nhttps://shop.example/page#token=t0ken"), "{}", mail.text);
                assert!(mail.html.contains("href=\"https://shop.example/page#token=t0ken\""), "{}", mail.html);
                let is_korean = |text: &str| text.chars().any(|letter| ('\u{ac00}'..='\u{d7a3}').contains(&letter));
                assert_eq!(
                    [is_korean(&mail.subject), is_korean(&mail.text)],
                    [language == "ko-KR"; 2],
                    "{}",
                    mail.text
                );
                subjects.push(mail.subject);
            }
            subjects.sort();
            subjects.dedup();
            assert_eq!(subjects.len(), MailKind::ALL.len());
        }
    }

    #[test]
    fn a_mail_reads_as_it_should() {
        let reset = Message::ResetPassword { link: "https://shop.example/x#token=1".to_owned(), minutes: 60 };
        let mail = render(&reset, "Acme", &locale("de"));
        assert_eq!(mail.subject, "Choose a new password for Acme");
        assert_eq!(
            mail.text,
            "Somebody asked for a new password for your account at Acme.\n\n\
             Choose a new password:\nhttps://shop.example/x#token=1\n\n\
             The link is valid for 1 hour and works once.\n\n\
             If it was not you, you can ignore this message: your password stays as it is.\n\n\
             -- \nAcme"
        );
        let magic = Message::MagicLink { link: "https://shop.example/x#token=1".to_owned(), minutes: 15 };
        let mail = render(&magic, "아크메", &locale("ko"));
        assert_eq!(mail.subject, "[아크메] 로그인 링크");
        assert!(mail.text.contains("링크는 15분 동안 유효하며"), "{}", mail.text);
        assert!(mail.html.contains("<html lang=\"ko\">"));
    }

    #[test]
    fn lines_without_their_value_are_left_out() {
        let link = "https://shop.example/x#token=1".to_owned();
        let invitation =
            Message::Invitation { link, minutes: 2_880, organization: "Acme Ltd".to_owned(), inviter: None };
        let mail = render(&invitation, "Acme", &locale("en"));
        assert!(!mail.text.contains("from"), "{}", mail.text);
        assert!(mail.text.contains("valid for 2 days"), "{}", mail.text);
        let welcome = render(&Message::Welcome { name: None, link: None }, "Acme", &locale("en"));
        assert_eq!(welcome.text, "Your account at Acme is ready.\n\n-- \nAcme");
        assert!(!welcome.html.contains("href"));
    }

    #[test]
    fn values_are_text_and_nothing_else() {
        let hostile = "<script>alert('x')</script>\"><a href=\"https://evil.example\">{link}\r\nBcc: all@example.com";
        for message in messages(hostile) {
            let mail = render(&message, hostile, &locale("en"));
            assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
            assert!(!mail.html.contains("<script") && !mail.html.contains("href=\"https://evil"), "{}", mail.html);
            assert!(mail.html.contains("&lt;script&gt;alert(&#39;x&#39;)"), "{}", mail.html);
            // A value is not read as a template again.
            assert!(mail.text.contains("{link}"), "{}", mail.text);
        }
    }

    #[test]
    fn durations_are_said_in_whole_units() {
        for (minutes, english, korean) in [
            (0, "0 minutes", "0분"),
            (1, "1 minute", "1분"),
            (90, "90 minutes", "90분"),
            (60, "1 hour", "1시간"),
            (2_880, "2 days", "2일"),
        ] {
            assert_eq!(Language::English.duration(minutes), english);
            assert_eq!(Language::Korean.duration(minutes), korean);
        }
    }
}
