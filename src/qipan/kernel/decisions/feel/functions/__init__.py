"""The built-in functions of FEEL (DMN 10.3.4), by family."""

from qipan.kernel.decisions.feel.functions import contexts, dates, lists, numbers, ranges, text
from qipan.kernel.decisions.feel.functions.registry import BUILTINS, call

__all__ = ["BUILTINS", "FAMILIES", "call"]
FAMILIES = (contexts, dates, lists, numbers, ranges, text)
