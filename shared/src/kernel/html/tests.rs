use proptest::prelude::*;

use super::*;

#[test]
fn what_a_merchant_writes_stays() {
    for html in [
        "<p>Soft <strong>organic</strong> cotton.</p>\n<ul>\n<li>200 g/m²</li>\n<li>Made in Porto</li>\n</ul>",
        "<h2 title=\"Größe\">Maße</h2><table><thead><tr><th scope=\"col\">S</th></tr></thead><tbody><tr><td colspan=\"2\">48 cm</td></tr></tbody></table>",
        "<img src=\"https://cdn.example/a.jpg?v=1&amp;w=2\" alt=\"A &quot;mug&quot;\" width=\"200\">",
        "Fish &amp; chips &lt;3 &eacute; &#8364;<br>5 &gt; 4",
        "<div><p>a</p><p>b</p></div><blockquote cite=\"https://example.com/\">c</blockquote>",
        "",
        "plain",
    ] {
        assert_eq!(sanitize(html), html);
    }
}

#[test]
fn a_link_keeps_its_address_and_learns_no_manners_from_the_input() {
    for (html, expected) in [
        (
            r#"<a href="/pages/size?x=1&y=2" target="_blank" rel="opener" class="x">Sizes</a>"#,
            r#"<a href="/pages/size?x=1&amp;y=2" rel="noopener noreferrer">Sizes</a>"#,
        ),
        (
            "<A HREF=mailto:shop@example.com>write</A>",
            r#"<a href="mailto:shop@example.com" rel="noopener noreferrer">write</a>"#,
        ),
        ("<a href='tel:+4930123'>call</a>", r#"<a href="tel:+4930123" rel="noopener noreferrer">call</a>"#),
        ("<a href=\"#care\">care</a>", "<a href=\"#care\" rel=\"noopener noreferrer\">care</a>"),
    ] {
        assert_eq!(sanitize(html), expected);
    }
}

#[test]
fn markup_that_is_not_allowed_goes_and_its_text_stays_unless_it_is_no_text() {
    for (html, expected) in [
        ("<font color=red>Red</font>", "Red"),
        ("<form action=/x><button>Buy</button></form>", "Buy"),
        ("a<script>alert('</p>')</script >b", "ab"),
        ("a<STYLE>p{}</style x>b", "ab"),
        ("a<script>never closed <p>b", "a"),
        ("a<!-- <p>no</p> -->b<!-->c<!--->d<!doctype html>e<?php f ?>g</>h</ i>j", "abcdeghj"),
        ("a<!-- open", "a"),
        ("<svg><path d='M0'/><title>Icon</title><text>Hi</text></svg>", "Hi"),
        ("<p onclick=x style=y id=z>a</p>", "<p>a</p>"),
        ("<img alt=x><img src><img src=''>", ""),
        ("2 < 3 & 4 > 1 <3 <", "2 &lt; 3 &amp; 4 &gt; 1 &lt;3 &lt;"),
        ("a<p title=\"never closed>b", "a"),
        ("a\0b", "ab"),
    ] {
        assert_eq!(sanitize(html), expected, "{html:?}");
    }
}

#[test]
fn tags_are_balanced_the_way_a_browser_reads_them() {
    for (html, expected) in [
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<p>a<b>c<div>d", "<p>a<b>c</b></p><div>d</div>"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"),
        ("<table><tr><td>a<td>b<tr><td>c</table>d", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d"),
        ("<b><table><tr><td>x</b>y</table>", "<b><table><tr><td>xy</td></tr></table></b>"),
        ("<b><i>a</b>b</i>", "<b><i>a</i></b>b"),
        ("a</p></div></b>", "a"),
        ("<br/><br></br><hr>", "<br><br><hr>"),
        (
            "<a href=/x>a<a href=/y>b",
            "<a href=\"/x\" rel=\"noopener noreferrer\">a</a><a href=\"/y\" rel=\"noopener noreferrer\">b</a>",
        ),
    ] {
        assert_eq!(sanitize(html), expected, "{html:?}");
    }
}

/// From OWASP's XSS Filter Evasion Cheat Sheet and the published bypasses of DOMPurify, bleach and ammonia.
#[test]
fn known_attacks_leave_nothing_that_runs() {
    for attack in [
        "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
        "<IMG SRC=\"javascript:alert('XSS');\">",
        "<img src=x onerror=alert(1)>",
        "<IMG \"\"\"><SCRIPT>alert(\"XSS\")</SCRIPT>\"\\>",
        "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
        "<a href=\"jav\tascript:alert(1)\">x</a>",
        "<a href=\"jav&Tab;ascript:alert(1)\">x</a>",
        "<a href=\"javascript&colon;alert(1)\">x</a>",
        "<a href=\"&#106&#97&#118&#97&#115&#99&#114&#105&#112&#116&#58alert(1)\">x</a>",
        "<a href=\"&#0000106avascript:alert(1)\">x</a>",
        "<a href=\" \u{1} javascript:alert(1)\">x</a>",
        "<a href=\"\u{a0}javascript:alert(1)\">x</a>",
        "<a href=\"java\0script:alert(1)\">x</a>",
        "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
        "<a href=\"vbscript:x\">x</a>",
        "<a href=javascript:alert(1) href=https://ok.example>x</a>",
        "<svg/onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<xmp><p title=\"</xmp><svg/onload=alert(1)>\">",
        "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\">",
        "<p title='\"><script>alert(1)</script>'>x",
        "<p title=`\"><script>alert(1)</script>`>x",
        "<<script>alert(1);//<</script>",
        "<scr<script>ipt>alert(1)</scr</script>ipt>",
        "<a/href=\"//evil.example\"onclick=alert(1)>x",
        "<img/src=`x`onerror=alert(1)>",
        "<iframe src=javascript:alert(1)></iframe>",
        "<object data=javascript:alert(1)><embed src=javascript:alert(1)>",
        "<base href=\"javascript:alert(1);//\"><link rel=stylesheet href=//evil.example><meta http-equiv=refresh content=0>",
        "<div style=\"background:url(javascript:alert(1))\">",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<\u{131}mg src=x onerror=alert(1)>",
        "<p =\"><img src=x onerror=alert(1)>\">",
        "<p/=/onclick=alert(1)/title=\"a\"b>x",
    ] {
        assert_safe(&sanitize(attack), attack);
    }
}

#[test]
fn deep_and_long_input_stays_within_bounds() {
    let deep = sanitize(&"<div>".repeat(100_000));
    assert_eq!(deep.matches("<div>").count(), DEEPEST);
    for hostile in ["<", "<a ", "&", "&#", "</", "<!--", "<script>", "<p title=", "<p =", "<b></", "<li>"] {
        let html = hostile.repeat(200_000);
        assert!(sanitize(&html).len() <= html.len() * 8, "{hostile}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_comes_in_the_result_is_safe_and_final(pieces in prop::collection::vec(piece(), 0..24)) {
        let html = pieces.concat();
        let once = sanitize(&html);
        assert_safe(&once, &html);
        prop_assert_eq!(sanitize(&once), once);
    }

    #[test]
    fn text_without_markup_is_the_same_to_the_reader(text in "[^<>&\0]*") {
        prop_assert_eq!(sanitize(&text), text);
    }
}

fn piece() -> impl Strategy<Value = String> {
    let tricky = [
        "<",
        ">",
        "</",
        "/>",
        "\"",
        "'",
        "`",
        "=",
        " ",
        "\t",
        "\n",
        "&",
        ";",
        "&#",
        "&#x",
        "&lt;",
        "&amp;",
        "&colon;",
        ":",
        "/",
        "!--",
        "-->",
        "<!",
        "<?",
        "<p",
        "<p>",
        "</p>",
        "<a href=",
        "<a href=\"",
        "javascript:",
        "https://a.example",
        "<img src=",
        " onerror=",
        " title=\"",
        "<script>",
        "</script>",
        "<style>",
        "</style>",
        "<svg>",
        "<math>",
        "<li>",
        "<ul>",
        "</ul>",
        "<td>",
        "<tr>",
        "<table>",
        "</table>",
        "<b>",
        "</b>",
        "<div>",
        "\0",
        "\u{a0}",
        "é",
        "x",
        "106",
        "6A",
    ];
    prop_oneof![4 => prop::sample::select(tricky.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

/// Reads `html` with a grammar of its own, far stricter than a browser's, and accepts nothing beyond it.
#[track_caller]
fn assert_safe(html: &str, of: &str) {
    let mut open = Vec::new();
    let mut pieces = html.split('<');
    assert!(!pieces.next().unwrap().contains('>'), "{html:?} of {of:?}");
    for piece in pieces {
        let (tag, text) = piece.split_once('>').unwrap_or_else(|| panic!("no end of a tag in {html:?} of {of:?}"));
        assert!(!text.contains('>'), "{html:?} of {of:?}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html:?} of {of:?}");
            continue;
        }
        let (name, mut rest) = tag.split_at(tag.find(' ').unwrap_or(tag.len()));
        assert!(ELEMENTS.iter().any(|(allowed, _)| *allowed == name), "<{name}> in {html:?} of {of:?}");
        while let Some((attribute, value)) = rest.strip_prefix(' ').and_then(|rest| rest.split_once("=\"")) {
            let (value, following) = value.split_once('"').unwrap();
            assert!(
                !attribute.starts_with("on") && !matches!(attribute, "style" | "id" | "class" | "srcdoc" | "target"),
                "{html:?}"
            );
            assert!(attribute.bytes().all(|byte| byte.is_ascii_lowercase()), "{attribute:?} in {html:?} of {of:?}");
            if matches!(attribute, "href" | "src" | "cite") {
                let bare: String = value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
                let scheme = bare
                    .split(['/', '?', '#', '\\'])
                    .next()
                    .unwrap()
                    .split_once(':')
                    .map(|(scheme, _)| scheme.to_lowercase());
                let allowed = ["http", "https", "mailto", "tel"];
                assert!(
                    scheme.as_deref().is_none_or(|scheme| allowed.contains(&scheme)),
                    "{value:?} in {html:?} of {of:?}"
                );
            }
            rest = following;
        }
        assert_eq!(rest, "", "{html:?} of {of:?}");
        if !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} open in {html:?} of {of:?}");
}
