//! Merchants' HTML, made safe to put into a page.
//!
//! The output is written anew from a list of allowed elements and attributes; nothing of the input is
//! copied but text, with its markup characters escaped, and attribute values, with theirs. So how the
//! input is cut into tags decides how it looks and never whether it is safe: the output holds no other
//! element, no other attribute and no other address scheme than those below, however a browser reads it.
//! Elements of other kinds (SVG, MathML, raw text), which make browsers change their way of reading, are
//! not among them.
//!
//! Sources: the WHATWG HTML standard, "Tokenization" and "Tree construction", for what a tag is and which
//! tags end others; the WHATWG URL standard for what a scheme is.

/// Elements that may stay, each with its attributes beyond [`GLOBAL_ATTRIBUTES`].
const ELEMENTS: &[(&str, &[&str])] = &[
    ("a", &["href"]),
    ("abbr", &[]),
    ("article", &[]),
    ("aside", &[]),
    ("b", &[]),
    ("bdi", &[]),
    ("bdo", &[]),
    ("blockquote", &["cite"]),
    ("br", &[]),
    ("caption", &[]),
    ("center", &[]),
    ("cite", &[]),
    ("code", &[]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("dd", &[]),
    ("del", &["cite", "datetime"]),
    ("details", &[]),
    ("dfn", &[]),
    ("div", &[]),
    ("dl", &[]),
    ("dt", &[]),
    ("em", &[]),
    ("figcaption", &[]),
    ("figure", &[]),
    ("footer", &[]),
    ("h1", &[]),
    ("h2", &[]),
    ("h3", &[]),
    ("h4", &[]),
    ("h5", &[]),
    ("h6", &[]),
    ("header", &[]),
    ("hr", &[]),
    ("i", &[]),
    ("img", &["src", "alt", "width", "height"]),
    ("ins", &["cite", "datetime"]),
    ("kbd", &[]),
    ("li", &["value"]),
    ("mark", &[]),
    ("nav", &[]),
    ("ol", &["start", "reversed"]),
    ("p", &[]),
    ("pre", &[]),
    ("q", &["cite"]),
    ("s", &[]),
    ("samp", &[]),
    ("section", &[]),
    ("small", &[]),
    ("span", &[]),
    ("strike", &[]),
    ("strong", &[]),
    ("sub", &[]),
    ("summary", &[]),
    ("sup", &[]),
    ("table", &[]),
    ("tbody", &[]),
    ("td", &["colspan", "rowspan"]),
    ("tfoot", &[]),
    ("th", &["colspan", "rowspan", "scope"]),
    ("thead", &[]),
    ("time", &["datetime"]),
    ("tr", &[]),
    ("u", &[]),
    ("ul", &[]),
    ("var", &[]),
    ("wbr", &[]),
];

const GLOBAL_ATTRIBUTES: &[&str] = &["dir", "lang", "title"];

/// Elements without content, and so without an end tag.
const VOID: &[&str] = &["br", "col", "hr", "img", "wbr"];

/// Elements whose content is no text for a reader, and goes with them. Any other unknown element goes and
/// leaves its content.
const DROPPED: &[&str] =
    &["iframe", "noembed", "noframes", "noscript", "script", "style", "template", "textarea", "title", "xmp"];

/// Schemes a link may have; an image or a source only the first two.
const LINK_SCHEMES: &[&str] = &["http", "https", "mailto", "tel"];
const SOURCE_SCHEMES: &[&str] = &["http", "https"];

/// Elements within elements; deeper tags are left out. Browsers themselves stop at 512.
const DEEPEST: usize = 64;

/// `html` with what is allowed in it: structure, emphasis, lists, tables, links and images. Links get
/// `rel="noopener noreferrer"`. Tags are balanced. Sanitising twice changes nothing more.
pub fn sanitize(html: &str) -> String {
    let mut page = Page { html: String::with_capacity(html.len()), open: Vec::new() };
    let mut rest = html;
    while let Some((text, markup)) = rest.split_once('<') {
        page.text(text);
        rest = page.markup(markup);
    }
    page.text(rest);
    page.close_to(0);
    page.html
}

/// What is written so far, and which elements are open in it.
struct Page {
    html: String,
    open: Vec<&'static str>,
}

struct Tag<'a> {
    name: String,
    attributes: Vec<(String, &'a str)>,
}

impl Page {
    /// Reads what follows a `<` and answers what follows that.
    fn markup<'a>(&mut self, markup: &'a str) -> &'a str {
        if let Some(comment) = markup.strip_prefix("!--") {
            let empty = comment.strip_prefix('>').or_else(|| comment.strip_prefix("->"));
            return empty.unwrap_or_else(|| after(comment, "-->"));
        }
        let (end, tag) = markup.strip_prefix('/').map_or((false, markup), |tag| (true, tag));
        if !tag.starts_with(|first: char| first.is_ascii_alphabetic()) {
            if end || markup.starts_with(['!', '?']) {
                return after(markup, ">");
            }
            self.html.push_str("&lt;");
            return markup;
        }
        // The input ends within a tag: a browser shows nothing of it either.
        let Some((tag, rest)) = parse_tag(tag) else { return "" };
        if end {
            self.end(&tag.name);
            return rest;
        }
        if DROPPED.contains(&tag.name.as_str()) {
            return after_element(&tag.name, rest);
        }
        self.start(&tag);
        rest
    }

    fn start(&mut self, tag: &Tag) {
        let Some((name, allowed)) = ELEMENTS.iter().copied().find(|(name, _)| *name == tag.name) else { return };
        let attributes = attributes(name, allowed, tag);
        if name == "img" && !attributes.iter().any(|(attribute, _)| *attribute == "src") {
            return;
        }
        self.end_implied_by(name);
        let is_void = VOID.contains(&name);
        if !is_void && DEEPEST <= self.open.len() {
            return;
        }
        self.html.push('<');
        self.html.push_str(name);
        for (attribute, value) in attributes {
            self.html.push(' ');
            self.html.push_str(attribute);
            self.html.push_str("=\"");
            escape_value(&value, &mut self.html);
            self.html.push('"');
        }
        if name == "a" {
            self.html.push_str(" rel=\"noopener noreferrer\"");
        }
        self.html.push('>');
        if !is_void {
            self.open.push(name);
        }
    }

    /// Ends the innermost element of this name and those within it. A cell's content ends nothing outside.
    fn end(&mut self, name: &str) {
        let is_table_part = matches!(name, "table" | "tbody" | "td" | "tfoot" | "th" | "thead" | "tr");
        let walls: &[&str] = if is_table_part { &["table"] } else { &["td", "th", "caption"] };
        self.end_innermost(&[name], walls);
    }

    /// Ends what a start tag ends without saying so: a paragraph before a block, an item before an item.
    fn end_implied_by(&mut self, name: &str) {
        match name {
            "li" => self.end_innermost(&["li"], &["ol", "ul", "table"]),
            "dd" | "dt" => self.end_innermost(&["dd", "dt"], &["dl", "table"]),
            "td" | "th" => self.end_innermost(&["td", "th"], &["tr", "table"]),
            "tr" => self.end_innermost(&["tr"], &["table"]),
            "tbody" | "tfoot" | "thead" => self.end_innermost(&["tbody", "tfoot", "thead"], &["table"]),
            "a" => self.end_innermost(&["a"], &["td", "th", "caption"]),
            _ => {}
        }
        if is_block(name) {
            self.end_innermost(&["p"], &["td", "th", "caption"]);
        }
    }

    /// Ends the innermost open element of these names, unless a wall stands between.
    fn end_innermost(&mut self, names: &[&str], walls: &[&str]) {
        for (depth, open) in self.open.iter().enumerate().rev() {
            if names.contains(open) {
                return self.close_to(depth);
            }
            if walls.contains(open) {
                return;
            }
        }
    }

    /// Ends elements until `depth` are open.
    fn close_to(&mut self, depth: usize) {
        for name in self.open.drain(depth.min(self.open.len())..).rev() {
            self.html.push_str("</");
            self.html.push_str(name);
            self.html.push('>');
        }
    }

    /// Text between tags. Character references stay; a stray `&` becomes one.
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let following = rest.strip_prefix(first).unwrap_or_default();
            match first {
                '&' if is_reference(following) => self.html.push('&'),
                '&' => self.html.push_str("&amp;"),
                '>' => self.html.push_str("&gt;"),
                '\0' => {}
                other => self.html.push(other),
            }
            rest = following;
        }
    }
}

/// What follows the first `end`; nothing when there is none.
fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// What follows the end tag of a dropped element; nothing when it has none.
fn after_element<'a>(name: &str, content: &'a str) -> &'a str {
    let mut rest = content;
    while let Some((_, end)) = rest.split_once("</") {
        if let Some((start, following)) = end.split_at_checked(name.len())
            && start.eq_ignore_ascii_case(name)
            && following.starts_with(|next: char| is_space(next) || next == '>' || next == '/')
        {
            return after(following, ">");
        }
        rest = end;
    }
    ""
}

/// A tag's name and attributes, and what follows it. `None` when the input ends before its `>`.
fn parse_tag(text: &str) -> Option<(Tag<'_>, &str)> {
    let (name, mut rest) = split_where(text, |next| is_space(next) || next == '/' || next == '>');
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|next| is_space(next) || next == '/');
        if let Some(following) = rest.strip_prefix('>') {
            return Some((Tag { name: name.to_ascii_lowercase(), attributes }, following));
        }
        // A name may begin with "=", which is then part of it.
        let sign = rest.strip_prefix('=').unwrap_or(rest);
        let (name, following) = split_where(sign, |next| is_space(next) || matches!(next, '/' | '>' | '='));
        let name = if sign.len() == rest.len() { name } else { "=" };
        if name.is_empty() && following.is_empty() {
            return None;
        }
        rest = following.trim_start_matches(is_space);
        let mut value = "";
        if let Some(assigned) = rest.strip_prefix('=') {
            (value, rest) = parse_value(assigned.trim_start_matches(is_space))?;
        }
        attributes.push((name.to_ascii_lowercase(), value));
    }
}

/// An attribute's value, quoted or not, and what follows it.
fn parse_value(text: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote);
        }
    }
    Some(split_where(text, |next| is_space(next) || next == '>'))
}

/// `text` before and from the first character that is an end; all of it before when none is.
fn split_where(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.find(is_end).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// The allowed attributes of a tag, each once, with values as a browser would read them.
fn attributes(element: &str, allowed: &[&'static str], tag: &Tag) -> Vec<(&'static str, String)> {
    let mut kept: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in &tag.attributes {
        let Some(name) = allowed.iter().chain(GLOBAL_ATTRIBUTES).copied().find(|allowed| allowed == name) else {
            continue;
        };
        if kept.iter().any(|(there, _)| *there == name) {
            continue;
        }
        let value = decoded(value);
        let value = match name {
            "href" => safe_address(&value, LINK_SCHEMES),
            "cite" | "src" => {
                safe_address(&value, SOURCE_SCHEMES).filter(|address| element != "img" || !address.is_empty())
            }
            _ => Some(value),
        };
        kept.extend(value.map(|value| (name, value)));
    }
    kept
}

/// The address without what browsers ignore in it, when it is relative or has one of these schemes.
fn safe_address(value: &str, schemes: &[&str]) -> Option<String> {
    let bare: String = value.chars().filter(|character| !character.is_ascii_control()).collect();
    let bare = bare.trim();
    let is_safe = match bare.find([':', '/', '?', '#', '\\']).and_then(|at| bare.split_at_checked(at)) {
        Some((scheme, rest)) if rest.starts_with(':') => {
            schemes.iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed))
        }
        _ => true,
    };
    is_safe.then(|| bare.to_owned())
}

/// The value with its character references replaced: the numeric ones and the five that markup needs.
/// Another one stays as text, since [`escape_value`] escapes its `&`.
fn decoded(value: &str) -> String {
    let mut decoded = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((text, reference)) = rest.split_once('&') {
        decoded.push_str(text);
        let (character, following) = match decode_reference(reference) {
            Some(found) => found,
            None => ('&', reference),
        };
        decoded.push(character);
        rest = following;
    }
    decoded.push_str(rest);
    decoded.retain(|character| character != '\0');
    decoded
}

/// The character that a reference stands for, and what follows it. The `;` may be missing.
fn decode_reference(reference: &str) -> Option<(char, &str)> {
    if let Some(number) = reference.strip_prefix('#') {
        let (radix, digits) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (16, digits),
            None => (10, number),
        };
        let (digits, rest) = split_where(digits, |next| !next.is_digit(radix));
        let code = u32::from_str_radix(digits, radix).ok().or((!digits.is_empty()).then_some(0xFFFD))?;
        return Some((char::from_u32(code).unwrap_or('\u{FFFD}'), rest.strip_prefix(';').unwrap_or(rest)));
    }
    let named = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];
    named.iter().find_map(|(name, character)| Some((*character, reference.strip_prefix(name)?.strip_prefix(';')?)))
}

/// Whether what follows an `&` makes it a character reference: `name;`, `#38;` or `#x26;`.
fn is_reference(text: &str) -> bool {
    let (body, rest) = split_where(text, |next| !next.is_ascii_alphanumeric() && next != '#');
    let is_body = match body.strip_prefix('#') {
        Some(number) => {
            let (radix, digits) = number.strip_prefix(['x', 'X']).map_or((10, number), |digits| (16, digits));
            !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))
        }
        None => {
            body.starts_with(|first: char| first.is_ascii_alphabetic())
                && body.chars().all(|c| c.is_ascii_alphanumeric())
        }
    };
    is_body && body.len() <= 32 && rest.starts_with(';')
}

fn escape_value(value: &str, into: &mut String) {
    for character in value.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            other => into.push(other),
        }
    }
}

/// Elements whose start tag ends an open paragraph.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "article"
            | "aside"
            | "blockquote"
            | "center"
            | "details"
            | "div"
            | "dl"
            | "dd"
            | "dt"
            | "figcaption"
            | "figure"
            | "footer"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "ul"
    )
}

/// HTML's white space.
fn is_space(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\u{C}' | '\r' | ' ')
}

#[cfg(test)]
mod tests;
