"""Read a page of ours as a browser would, and say what is in it beside what our pages are made of."""

import re
from html.parser import HTMLParser

from nstlib.grading.escaping import printable
from nstlib.grading.reports import page as page_module

TAGS = (
    "html|head|meta|title|style|body|main|h1|h2|h3|p|a|code|pre|div|section|span|strong|ul|li|dl|dt|dd|"
    "table|caption|thead|tbody|tr|th|td|details|summary|br|wbr|script|label|input|select|option"
)
EMPTY = {"meta", "br", "wbr", "input"}
ATTRIBUTES = {
    "html": {"lang"},
    "meta": {"charset", "http-equiv", "content", "name"},
    "a": {"href"},
    "th": {"scope"},
    "td": {"colspan"},
    "div": {"hidden"},
    "input": {"type", "autocomplete"},
    "option": {"value"},
}
ANYWHERE = {"class", "id", "style", "role", "aria-label", "aria-hidden", "tabindex"}
VALUES = {
    "style": r"width: \d{1,3}%",
    "href": r"#[A-Za-z0-9_.-]+|(\.\./)?((feedback|report)/)?[A-Za-z0-9_-][A-Za-z0-9_.-]*\.html(#[A-Za-z0-9_.-]+)?",
    "id": r"[A-Za-z0-9_.-]+",
    "class": r"[a-z ]+",
    "role": r"region|status",
    "tabindex": r"0",
    "scope": r"col|row|rowgroup",
    "colspan": r"\d+",
    "aria-hidden": r"true",
}


class Page(HTMLParser):
    """What a page holds: its text, the values of its attributes, and faults, which there shall not be."""

    def __init__(self, whole: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.faults, self.opened, self.scripts = "", [], [], []
        self.ids, self.links, self.headings, self.metas = [], [], [], []
        self.feed(whole)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self.opened]
        self.faults += [f"{link} leads nowhere" for link in self.links if link[0] == "#" and link[1:] not in self.ids]
        self.faults += ["an id twice"] if len(set(self.ids)) < len(self.ids) else []
        jumps = [pair for pair in zip([0, *self.headings], self.headings, strict=False) if pair[1] > pair[0] + 1]
        self.faults += [f"h{two} after h{one}" for one, two in jumps]

    def handle_starttag(self, tag, attrs):
        if not re.fullmatch(TAGS, tag):
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ANYWHERE | ATTRIBUTES.get(tag, set()):
                self.faults.append(f"<{tag} {name}>")
            elif name in VALUES and not re.fullmatch(VALUES[name], value or ""):
                self.faults.append(f"{name}={value!r}")
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []
        self.headings += [int(tag[1])] if re.fullmatch(r"h\d", tag) else []
        self.metas += [given] if tag == "meta" else []
        if tag == "th" and "scope" not in given:
            self.faults.append("<th> without scope")
        if tag == "table" and self.opened[-1:] != ["div"]:
            self.faults.append("a table without a box")
        if tag not in EMPTY:
            self.opened.append(tag)

    def handle_endtag(self, tag):
        if not self.opened or self.opened.pop() != tag:
            self.faults.append(f"</{tag}> in the wrong place")

    def handle_data(self, data):
        if self.opened and self.opened[-1] == "script":
            self.scripts.append(data)
        elif self.opened and self.opened[-1] != "style":
            self.text += data

    def handle_comment(self, data):
        self.faults.append("a comment")

    def handle_pi(self, data):
        self.faults.append("an instruction")


def read(whole: str, *scripts: str) -> Page:
    """Read a page, and fail where it holds anything that acts but these scripts, leads elsewhere or cannot be seen."""
    page = Page(whole)
    assert page.faults == []
    assert page.scripts == [page_module.script(name)[0] for name in scripts]
    assert not re.search(r"<form|<iframe|<img|<link|https?:|url\(|@import", whole, re.I)
    assert scripts or not re.search(r"<script|<input|<select", whole, re.I)
    policy = [meta["content"] for meta in page.metas if meta.get("http-equiv") == "Content-Security-Policy"]
    hashes = "".join(f"script-src '{page_module.script(name)[1]}'; " for name in scripts)
    ours = f"default-src 'none'; style-src 'unsafe-inline'; {hashes}base-uri 'none'; form-action 'none'"
    assert policy == [ours]
    assert whole == printable(whole, lines=True)
    whole.encode("utf-8")
    return page


EVIL = (
    "<script>alert(1)</script>",
    "</pre></code></td></table><img src=x onerror=alert(1)>",
    "\"'><a href='javascript:x' onclick=\"x\">",
    "--><!-- ]]> <![CDATA[ <?php",
    "&lt;b&gt; &amp; &#60;script&#62;",
    "a\u202eb\u2066c\u200b",
    "a\0b\x1b[31m",
    "\ud800 \udfff",
    "`code` and ` one",
    "</style><style>*{display:none}",
    "</title></head>",
    "{0} {title} %s %(x)s",
    "",
    " ",
)
