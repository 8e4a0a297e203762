"""What the catalogues say, in the reader's language.

Names of items, questions and fields are data and Chinese; `locale/catalogue/<language>` holds what they are in others.
Said on pages only: records, papers and letters keep the words of the catalogue.
"""

from typing import Any

from django.utils.translation import get_language, gettext


def said(text: Any) -> Any:
    """A text of a catalogue in the language of the page; what has no translation stays as it is.

    Several that are joined by 、 or ； are said one by one; of a name with a text behind it (a case's title), and of a
    text with a number behind it, the text is. A list is said each by itself.
    """
    if isinstance(text, list | tuple):
        return [said(one) for one in text]
    if not text or (get_language() or "zh").startswith("zh"):
        return text
    words = str(text)
    if (whole := gettext(words)) != words:
        return whole
    for sign, joined in (("、", ", "), ("；", "; ")):
        parts = words.split(sign)
        if len(parts) > 1 and all(part and gettext(part) != part for part in parts):
            return joined.join(gettext(part) for part in parts)
    head, space, tail = words.rpartition(" ")
    if space and head and tail:
        return f"{gettext(head)} {gettext(tail)}"
    return text
