//! A document as PDF, on A4.
//!
//! No font is embedded: the fourteen fonts that every reader has (ISO 32000-1, 9.6.2.2) write what the Windows code page has,
//! their other glyphs, named by the Adobe Glyph List, what other alphabets have, and the readers' own fonts Chinese, Japanese
//! and Korean (9.7.5.2). What is written from right to left is not shaped: HTML is the better form for that.

use headlesspro_shared::invoices::Document;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::drawing::Personal;
use super::html::{below, facts, lines, notes, sums};
use super::words::Words;

/// A4, in points, and what is left white around.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const LEFT: f32 = 56.0;
const RIGHT: f32 = 539.0;
const TOP: f32 = 786.0;
const BOTTOM: f32 = 92.0;

/// Where columns end.
const QUANTITY: f32 = 350.0;
const PRICE: f32 = 445.0;

const SIZE: f32 = 9.5;
const SMALL: f32 = 8.0;
const LARGE: f32 = 17.0;
const LINE: f32 = 13.0;

/// How a character is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    /// In the Windows code page 1252.
    Latin(u8),
    /// By its name in the Adobe Glyph List.
    Glyph(u8),
    Korean,
    Japanese,
    Chinese,
}

const REGULAR: Name<'_> = Name(b"F1");
const BOLD: Name<'_> = Name(b"F2");
const GLYPHS: Name<'_> = Name(b"F3");
const KOREAN: Name<'_> = Name(b"F4");
const JAPANESE: Name<'_> = Name(b"F5");
const CHINESE: Name<'_> = Name(b"F6");

/// A font of the reader's own.
#[derive(Clone, Copy)]
struct Asian {
    name: Name<'static>,
    font: &'static [u8],
    /// Of characters, with its number.
    collection: &'static [u8],
    supplement: i32,
    encoding: &'static [u8],
}

const ASIAN: [Asian; 3] = [
    Asian { name: KOREAN, font: b"HYGoThic-Medium", collection: b"Korea1", supplement: 1, encoding: b"UniKS-UTF16-H" },
    Asian {
        name: JAPANESE,
        font: b"HeiseiKakuGo-W5",
        collection: b"Japan1",
        supplement: 5,
        encoding: b"UniJIS-UTF16-H",
    },
    Asian { name: CHINESE, font: b"STSong-Light", collection: b"GB1", supplement: 4, encoding: b"UniGB-UTF16-H" },
];

/// Codes of [`GLYPHS`] begin here.
const FIRST_GLYPH: u8 = 33;

/// The whole file.
pub fn render(document: &Document, personal: &Personal) -> Vec<u8> {
    let words = Words::of(document.language);
    let mut pages = Pages::new();
    let seller = &document.seller;
    pages.text(LEFT, SIZE, true, &seller.name);
    pages.down(LINE);
    let from = seller.address.iter().cloned();
    let from = from.chain(seller.tax_id.iter().map(|id| format!("{}: {id}", words.tax_id))).chain(seller.email.clone());
    for line in from {
        pages.text(LEFT, SMALL, false, &line);
        pages.down(11.0);
    }
    pages.down(24.0);
    for line in lines(&personal.buyer) {
        pages.text(LEFT, SIZE, false, &line);
        pages.down(LINE);
    }
    pages.down(24.0);
    pages.text(LEFT, LARGE, true, &words.title(document));
    pages.down(22.0);
    for (name, value) in facts(document, personal) {
        pages.wrapped(LEFT, RIGHT, SIZE, &format!("{name}: {value}"));
    }
    pages.down(10.0);
    pages.heading(words);
    for item in &document.items {
        pages.room(LINE * 3.0, words);
        if item.quantity != 0 {
            pages.right(QUANTITY, SIZE, false, &item.quantity.to_string());
            pages.right(PRICE, SIZE, false, &words.money(item.unit_price, document));
        }
        pages.right(RIGHT, SIZE, false, &words.money(item.gross, document));
        pages.wrapped(LEFT, QUANTITY - 40.0, SIZE, &item.title);
        let small = below(words, document, item);
        if !small.is_empty() {
            pages.wrapped(LEFT, QUANTITY - 40.0, SMALL, &small);
        }
        pages.down(4.0);
    }
    pages.rule();
    for (name, amount, is_total) in sums(words, document) {
        pages.room(LINE, words);
        pages.text(LEFT, SIZE, is_total, &name);
        pages.right(RIGHT, SIZE, is_total, &amount);
        pages.down(LINE + 1.0);
    }
    pages.down(10.0);
    for note in notes(words, document) {
        pages.room(LINE, words);
        pages.wrapped(LEFT, RIGHT, SIZE, &note);
    }
    pages.finish(document, words)
}

/// Pages as they are filled, from the top.
struct Pages {
    done: Vec<Vec<u8>>,
    now: Content,
    y: f32,
    glyphs: Vec<char>,
    /// Whether Han is Japanese here: there were kana.
    has_kana: bool,
    asian: [bool; 3],
}

impl Pages {
    fn new() -> Pages {
        let (done, glyphs) = (Vec::new(), Vec::new());
        Pages { done, now: Content::new(), y: TOP, glyphs, has_kana: false, asian: [false; 3] }
    }

    /// A new page, after what was on the last one.
    fn begin(&mut self) -> Vec<u8> {
        self.y = TOP;
        std::mem::replace(&mut self.now, Content::new()).finish().to_vec()
    }

    fn down(&mut self, by: f32) {
        self.y -= by;
    }

    /// Goes on on the next page where less than `height` is left.
    fn room(&mut self, height: f32, words: &Words) {
        if self.y - height < BOTTOM {
            let full = self.begin();
            self.done.push(full);
            self.heading(words);
        }
    }

    fn heading(&mut self, words: &Words) {
        self.text(LEFT, SMALL, true, words.item);
        self.right(QUANTITY, SMALL, true, words.quantity);
        self.right(PRICE, SMALL, true, words.unit_price);
        self.right(RIGHT, SMALL, true, words.amount);
        self.down(5.0);
        self.rule();
    }

    fn rule(&mut self) {
        self.now.set_line_width(0.5).move_to(LEFT, self.y).line_to(RIGHT, self.y).stroke();
        self.down(LINE);
    }

    fn text(&mut self, x: f32, size: f32, is_bold: bool, text: &str) {
        let y = self.y;
        self.text_at((x, y), size, is_bold, text);
    }

    fn right(&mut self, end: f32, size: f32, is_bold: bool, text: &str) {
        self.text(end - width(text, size), size, is_bold, text);
    }

    /// As many lines as it takes, and goes below them.
    fn wrapped(&mut self, x: f32, end: f32, size: f32, text: &str) {
        for line in wrap(text, end - x, size) {
            self.text(x, size, false, &line);
            self.down(size + 3.5);
        }
    }

    fn text_at(&mut self, (x, y): (f32, f32), size: f32, is_bold: bool, text: &str) {
        self.now.begin_text();
        self.now.next_line(x, y);
        let (mut font, mut bytes): (Option<Name<'static>>, Vec<u8>) = (None, Vec::new());
        for character in text.chars() {
            let script = self.script(character);
            let (next, mut code) = match script {
                Script::Latin(byte) => (if is_bold { BOLD } else { REGULAR }, vec![byte]),
                Script::Glyph(byte) => (GLYPHS, vec![byte]),
                Script::Korean => (KOREAN, utf16(character)),
                Script::Japanese => (JAPANESE, utf16(character)),
                Script::Chinese => (CHINESE, utf16(character)),
            };
            if font != Some(next) {
                self.show(font, size, &bytes);
                bytes.clear();
                font = Some(next);
            }
            bytes.append(&mut code);
        }
        self.show(font, size, &bytes);
        self.now.end_text();
    }

    fn show(&mut self, font: Option<Name<'static>>, size: f32, bytes: &[u8]) {
        if let Some(font) = font.filter(|_| !bytes.is_empty()) {
            self.now.set_font(font, size);
            self.now.show(Str(bytes));
        }
    }

    fn script(&mut self, character: char) -> Script {
        if let Some(byte) = windows(character) {
            return Script::Latin(byte);
        }
        let script = match character {
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}' => Script::Korean,
            '\u{3040}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}' => {
                self.has_kana = true;
                Script::Japanese
            }
            '\u{2e80}'..='\u{303f}'
            | '\u{3100}'..='\u{312f}'
            | '\u{31c0}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff00}'..='\u{ff65}'
            | '\u{20000}'..='\u{2ffff}' => {
                if self.has_kana {
                    Script::Japanese
                } else {
                    Script::Chinese
                }
            }
            character => return self.glyph(character),
        };
        let used = match script {
            Script::Korean => self.asian.get_mut(0),
            Script::Japanese => self.asian.get_mut(1),
            _ => self.asian.get_mut(2),
        };
        if let Some(used) = used {
            *used = true;
        }
        script
    }

    /// Its code among the glyphs that are named.
    fn glyph(&mut self, character: char) -> Script {
        let at = self.glyphs.iter().position(|known| *known == character);
        let at = at.unwrap_or_else(|| {
            self.glyphs.push(character);
            self.glyphs.len().saturating_sub(1)
        });
        let code = u8::try_from(at).ok().and_then(|at| at.checked_add(FIRST_GLYPH));
        // An invoice in more than two hundred such letters.
        code.map_or(Script::Latin(b'?'), Script::Glyph)
    }

    fn finish(mut self, document: &Document, words: &Words) -> Vec<u8> {
        let last = self.begin();
        self.done.push(last);
        let count = self.done.len();
        let mut contents = Vec::with_capacity(count);
        for (at, mut whole) in std::mem::take(&mut self.done).into_iter().enumerate() {
            let footer = document.footer.as_deref().map(|footer| wrap(footer, RIGHT - LEFT, SMALL)).unwrap_or_default();
            self.y = 70.0;
            for line in footer.iter().take(4) {
                self.text(LEFT, SMALL, false, line);
                self.down(10.0);
            }
            self.y = 26.0;
            self.right(RIGHT, SMALL, false, &format!("{} {} / {count}", words.page, at.saturating_add(1)));
            whole.push(b'\n');
            whole.append(&mut self.begin());
            contents.push(whole);
        }
        self.file(&contents, &words.title(document))
    }

    fn file(&self, contents: &[Vec<u8>], title: &str) -> Vec<u8> {
        let mut next = 0;
        let mut new = || {
            next += 1;
            Ref::new(next)
        };
        let (catalog, tree, info) = (new(), new(), new());
        let (regular, bold, glyphs, descriptor) = (new(), new(), new(), new());
        let asian: Vec<_> = ASIAN.into_iter().zip(self.asian).filter(|(_, used)| *used).collect();
        let asian: Vec<_> = asian.into_iter().map(|(font, _)| (font, new(), new(), new())).collect();
        let pages: Vec<(Ref, Ref)> = contents.iter().map(|_| (new(), new())).collect();
        let mut pdf = Pdf::new();
        pdf.catalog(catalog).pages(tree);
        pdf.document_info(info).title(TextStr(title));
        let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(pages.iter().map(|(page, _)| *page)).count(count);
        for ((page, content), bytes) in pages.iter().zip(contents) {
            let mut one = pdf.page(*page);
            one.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(*content);
            let mut resources = one.resources();
            let mut fonts = resources.fonts();
            fonts.pair(REGULAR, regular).pair(BOLD, bold);
            if !self.glyphs.is_empty() {
                fonts.pair(GLYPHS, glyphs);
            }
            for (asian, font, ..) in &asian {
                fonts.pair(asian.name, *font);
            }
            fonts.finish();
            resources.finish();
            one.finish();
            pdf.stream(*content, bytes);
        }
        for (id, name) in [(regular, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
            pdf.type1_font(id).base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        self.glyph_font(&mut pdf, glyphs, descriptor);
        for (Asian { font, collection, supplement, encoding, .. }, id, cid, described) in asian {
            pdf.type0_font(id).base_font(Name(font)).encoding_predefined(Name(encoding)).descendant_font(cid);
            let system_info = SystemInfo { registry: Str(b"Adobe"), ordering: Str(collection), supplement };
            pdf.cid_font(cid)
                .subtype(CidFontType::Type0)
                .base_font(Name(font))
                .system_info(system_info)
                .font_descriptor(described)
                .default_width(1_000.0);
            describe(&mut pdf, described, font);
        }
        pdf.finish()
    }

    fn glyph_font(&self, pdf: &mut Pdf, id: Ref, descriptor: Ref) {
        let Some(last) = self.glyphs.len().checked_sub(1) else { return };
        let last = u8::try_from(last).ok().and_then(|last| last.checked_add(FIRST_GLYPH)).unwrap_or(u8::MAX);
        let mut font = pdf.type1_font(id);
        font.base_font(Name(b"Helvetica")).first_char(FIRST_GLYPH).last_char(last).font_descriptor(descriptor);
        font.widths((FIRST_GLYPH..=last).map(|_| OTHER_WIDTH));
        let names: Vec<String> = self.glyphs.iter().map(|glyph| format!("uni{:04X}", u32::from(*glyph))).collect();
        let mut encoding = font.encoding_custom();
        encoding.differences().consecutive(FIRST_GLYPH, names.iter().map(|name| Name(name.as_bytes())));
        encoding.finish();
        font.finish();
        describe(pdf, descriptor, b"Helvetica");
    }
}

/// What a reader has to know of a font that is not embedded.
fn describe(pdf: &mut Pdf, id: Ref, name: &[u8]) {
    pdf.font_descriptor(id)
        .name(Name(name))
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(Rect::new(-166.0, -225.0, 1_000.0, 931.0))
        .italic_angle(0.0)
        .ascent(718.0)
        .descent(-207.0)
        .cap_height(718.0)
        .stem_v(88.0);
}

fn utf16(character: char) -> Vec<u8> {
    let mut units = [0; 2];
    character.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()).collect()
}

/// Codes 0x80 to 0x9f of Windows code page 1252 (ISO 32000-1, annex D).
const WINDOWS: [(char, u8); 27] = [
    ('€', 0x80),
    ('‚', 0x82),
    ('ƒ', 0x83),
    ('„', 0x84),
    ('…', 0x85),
    ('†', 0x86),
    ('‡', 0x87),
    ('ˆ', 0x88),
    ('‰', 0x89),
    ('Š', 0x8a),
    ('‹', 0x8b),
    ('Œ', 0x8c),
    ('Ž', 0x8e),
    ('\u{2018}', 0x91),
    ('\u{2019}', 0x92),
    ('\u{201c}', 0x93),
    ('\u{201d}', 0x94),
    ('•', 0x95),
    ('–', 0x96),
    ('—', 0x97),
    ('˜', 0x98),
    ('™', 0x99),
    ('š', 0x9a),
    ('›', 0x9b),
    ('œ', 0x9c),
    ('ž', 0x9e),
    ('Ÿ', 0x9f),
];

fn windows(character: char) -> Option<u8> {
    match character {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(character)).ok(),
        character => WINDOWS.iter().find(|(known, _)| *known == character).map(|(_, code)| *code),
    }
}

/// Widths of Helvetica from the space to the tilde, in thousandths (Adobe's font metrics).
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

/// Of letters beyond these.
const OTHER_WIDTH: f32 = 556.0;

fn width(text: &str, size: f32) -> f32 {
    let of = |character: char| match u32::from(character) {
        code @ 32..=126 => {
            let at = usize::try_from(code.saturating_sub(32)).unwrap_or(0);
            HELVETICA.get(at).copied().map_or(OTHER_WIDTH, f32::from)
        }
        0xa0 => 278.0,
        0x1100..=0x11ff | 0x2e80..=0xd7af | 0xf900..=0xffef | 0x20000.. => 1_000.0,
        _ => OTHER_WIDTH,
    };
    text.chars().map(of).sum::<f32>() * size / 1_000.0
}

/// Lines of at most `most` points: between words, or within one that is longer than a line.
fn wrap(text: &str, most: f32, size: f32) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ') {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width(&longer, size) <= most {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            line.push(character);
            if most < width(&line, size) && line.pop().is_some() {
                lines.push(std::mem::take(&mut line));
                line.push(character);
            }
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_broken_between_words_and_within_long_ones() {
        assert_eq!(wrap("two words", 30.0, 10.0), ["two", "words"]);
        let long = "x".repeat(30);
        let lines = wrap(&long, 52.0, 10.0);
        assert_eq!(lines.concat(), long);
        assert!(lines.iter().all(|line| width(line, 10.0) <= 52.0), "{lines:?}");
        assert_eq!(wrap("", 10.0, 10.0), [""]);
    }

    #[test]
    fn each_character_has_a_font() {
        let mut pages = Pages::new();
        let of = |pages: &mut Pages, character| pages.script(character);
        assert_eq!(of(&mut pages, 'é'), Script::Latin(0xe9));
        assert_eq!(of(&mut pages, '€'), Script::Latin(0x80));
        assert_eq!(of(&mut pages, 'Ł'), Script::Glyph(33));
        assert_eq!(of(&mut pages, 'Ж'), Script::Glyph(34));
        assert_eq!(of(&mut pages, 'Ł'), Script::Glyph(33));
        assert_eq!(of(&mut pages, '한'), Script::Korean);
        assert_eq!(of(&mut pages, '漢'), Script::Chinese);
        assert_eq!(of(&mut pages, 'か'), Script::Japanese);
        assert_eq!(of(&mut pages, '漢'), Script::Japanese);
    }
}
