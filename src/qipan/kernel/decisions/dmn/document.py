"""Opening a DMN file safely: no document types, no entities, no other files, bounded in size and depth."""

from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _

LARGEST = 5_000_000
DEEPEST = 80
NAMESPACES = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
    "https://www.omg.org/spec/DMN/20240513/MODEL/": "1.6",
}
#: The namespace that we write.
WRITTEN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
WRITTEN_NEWER = "https://www.omg.org/spec/DMN/20230324/MODEL/"
#: What DMN has no place for, as attributes of our own.
OURS = "urn:qipan:decisions"


class DmnError(ValueError):
    """A file that is no DMN, or that we do not read; the message says what and where, in the reader's language."""


def opened(content: bytes) -> Element:
    """The root of a DMN file. Raises DmnError."""
    if len(content) > LARGEST:
        raise DmnError(_("文件超过 %(most)d MB，没有读取。") % {"most": LARGEST // 1_000_000})
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise DmnError(
            _("文件含有文档类型声明（DTD）或外部实体，为安全起见不予读取；请删去文件开头的 <!DOCTYPE …>。")
        ) from None
    except ParseError as error:
        line, column = error.position
        raise DmnError(
            _("文件不是完整的 XML：第 %(line)d 行第 %(column)d 列有误。")
            % {"line": line, "column": column + 1}
        ) from None
    except (ValueError, LookupError, RecursionError) as error:
        raise DmnError(_("文件不能读取：%(error)s") % {"error": error}) from None
    space, _brace, name = root.tag.rpartition("}")
    if name != "definitions" or space.lstrip("{") not in NAMESPACES:
        raise DmnError(_("这不是 DMN 1.1 至 1.6 的文件：根元素是“%(name)s”。") % {"name": root.tag})
    if depth(root) > DEEPEST:
        raise DmnError(_("文件的嵌套超过 %(most)d 层，没有读取。") % {"most": DEEPEST})
    return root


def depth(root: Element) -> int:
    """How deep the elements of a tree are nested."""
    deepest, level = 0, [root]
    while level:
        deepest += 1
        level = [child for one in level for child in one]
    return deepest


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element, name: str) -> list[Element]:
    """The children of that name."""
    return [child for child in element if local(child) == name]


def child(element: Element, name: str) -> Element | None:
    """The first child of that name."""
    return next(iter(children(element, name)), None)


def text_of(element: Element | None) -> str:
    """The text of an element's `text` child, as it stands."""
    inner = child(element, "text") if element is not None else None
    return (inner.text or "") if inner is not None else ""
