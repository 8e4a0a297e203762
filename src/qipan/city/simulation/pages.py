"""A page as somebody without eyes sees it: its forms, its links, the rows of its lists."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

SKIPPED = frozenset({"script", "style", "svg"})
VOID = frozenset({"input", "br", "img", "meta", "link", "hr", "use", "path"})


@dataclass
class Field:
    """One field: for radios and boxes every choice is in `options`, and what is chosen in `chosen`."""

    name: str
    kind: str
    options: list[str] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)


@dataclass
class Form:
    """One form with its fields in order; `text` is everything written in it, `refused` whether it says no already."""

    action: str
    method: str
    key: str = ""
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    text: str = ""
    refused: bool = False

    def values(self) -> dict[str, list[str]]:
        """What would be sent if nothing more were filled in."""
        return {name: list(each.chosen) for name, each in self.fields.items() if each.chosen}

    def named(self, kind: str) -> list[Field]:
        """The fields of a kind."""
        return [each for each in self.fields.values() if each.kind == kind]


@dataclass(frozen=True)
class Link:
    """Where a link leads and what stands on it."""

    href: str
    text: str


@dataclass
class Page:
    """One answer of the server."""

    url: str
    status: int
    source: str
    forms: list[Form] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    rows: list[tuple[str, list[str]]] = field(default_factory=list)
    text: str = ""
    errors: list[str] = field(default_factory=list)
    state: str = ""

    def form(self, ending: str) -> Form | None:
        """The first form whose action ends so."""
        return next((each for each in self.forms if each.action.endswith(ending)), None)

    def link(self, part: str) -> str:
        """The first link whose address contains a part; empty for none."""
        return next((each.href for each in self.links if part in each.href), "")

    def says(self, *words: str) -> bool:
        """Whether one of the words stands on the page."""
        return any(word in self.text for word in words)


def parse(url: str, status: int, source: str) -> Page:
    """The page behind an answer."""
    page = Page(url, status, source)
    reader = _Reader(page)
    reader.feed(source)
    reader.close()
    page.text = " ".join("".join(reader.words).split())
    for form in page.forms:
        form.text = " ".join(form.text.split())
    return page


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.words: list[str] = []
        self.form: Form | None = None
        self.area: Field | None = None
        self.choice: Field | None = None
        self.link: list[str] | None = None
        self.row: tuple[list[str], list[str]] | None = None
        self.button: tuple[str, str] | None = None
        self.skipping = 0
        self.signature = False
        self.caught: tuple[str, list[str], int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in SKIPPED:
            self.skipping += 1
        if self.caught and tag not in VOID:
            self.caught = (self.caught[0], self.caught[1], self.caught[2] + 1)
        self._notice(tag, given)
        handler = getattr(self, f"_start_{tag}", None)
        if handler:
            handler(given)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        handler = getattr(self, f"_start_{tag}", None)
        if handler:
            handler({name: value or "" for name, value in attrs})

    def _notice(self, tag: str, given: dict[str, str]) -> None:
        """Messages, refusals, the state of a case, signatures, uploads."""
        classes = given.get("class", "").split()
        if "data-signature" in given:
            self.signature = True
        if "data-upload" in given and self.form is not None:
            self.form.uploads.append(given.get("data-name", ""))
        if "text-danger" in classes and self.form is not None:
            self.form.refused = True
        if self.caught is None and tag not in VOID:
            if (
                "error-summary" in classes
                or "alert-danger" in classes
                or ("error" in classes and "hidden" not in given)
            ):
                self.caught = ("error", [], 0)
            elif "state" in classes and not self.page.state:
                self.caught = ("state", [], 0)

    def _start_form(self, given: dict[str, str]) -> None:
        self.form = Form(given.get("action", ""), given.get("method", "get").lower(), given.get("id", ""))
        self.page.forms.append(self.form)

    def _start_a(self, given: dict[str, str]) -> None:
        self.link = [given.get("href", ""), ""]
        if self.row is not None:
            self.row[1].append(given.get("href", ""))

    def _start_tr(self, given: dict[str, str]) -> None:
        self.row = ([], [])

    def _start_input(self, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text")
        if not name or self.form is None or kind in {"file", "submit", "button"}:
            return
        if kind == "hidden" and self.signature:
            kind, self.signature = "signature", False
        found = self.form.fields.setdefault(name, Field(name, kind))
        if kind in {"radio", "checkbox"}:
            found.options.append(given.get("value", "on"))
            found.titles.append("")
            self.choice = found
            if "checked" in given:
                found.chosen.append(given.get("value", "on"))
        else:
            found.chosen.append(given.get("value", ""))

    def _start_textarea(self, given: dict[str, str]) -> None:
        if given.get("name") and self.form is not None:
            self.area = self.form.fields.setdefault(given["name"], Field(given["name"], "textarea"))
            self.area.chosen = [""]

    def _start_select(self, given: dict[str, str]) -> None:
        if given.get("name") and self.form is not None:
            self.choice = self.form.fields.setdefault(given["name"], Field(given["name"], "select"))

    def _start_option(self, given: dict[str, str]) -> None:
        if self.choice is not None and self.choice.kind == "select":
            self.choice.options.append(given.get("value", ""))
            if "selected" in given or not self.choice.chosen:
                self.choice.chosen = [given.get("value", "")]

    def _start_button(self, given: dict[str, str]) -> None:
        pair = (given.get("name", ""), given.get("value", ""))
        owner = self.form
        if given.get("form"):
            owner = next((form for form in self.page.forms if form.key == given["form"]), None)
        if owner is not None and given.get("type", "submit") == "submit":
            owner.buttons.append(pair)

    def handle_data(self, data: str) -> None:
        if self.skipping:
            return
        self.words.append(data)
        if self.form is not None:
            self.form.text += data
        if self.area is not None:
            self.area.chosen[0] += data
        if self.choice is not None and self.choice.titles and self.choice.kind != "select":
            self.choice.titles[-1] += data.strip() + " "
        if self.link is not None:
            self.link[1] += data
        if self.row is not None:
            self.row[0].append(data)
        if self.caught is not None:
            self.caught[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in SKIPPED and self.skipping:
            self.skipping -= 1
        if self.caught and tag not in VOID:
            kind, words, depth = self.caught
            if depth == 0:
                self._keep(kind, " ".join("".join(words).split()))
                self.caught = None
            else:
                self.caught = (kind, words, depth - 1)
        if tag == "form":
            self.form = None
        elif tag == "textarea":
            self.area = None
        elif tag in {"label", "select"}:
            self.choice = None
        elif tag == "a" and self.link is not None:
            self.page.links.append(Link(self.link[0], " ".join(self.link[1].split())))
            self.link = None
        elif tag == "tr" and self.row is not None:
            self.page.rows.append((" ".join("".join(self.row[0]).split()), self.row[1]))
            self.row = None
        self.words.append(" ")

    def _keep(self, kind: str, words: str) -> None:
        if kind == "state":
            self.page.state = words
        elif words:
            self.page.errors.append(re.sub(r"^\s*(没有办成|现在不能提交|还不能提交)[:：]\s*", "", words))
