"""FEEL, the friendly expression language of DMN: read into a tree, evaluated with three-valued logic, never `eval`."""

from qipan.kernel.decisions.feel.evaluator import Evaluator, evaluate, matches
from qipan.kernel.decisions.feel.limits import FeelLimitError
from qipan.kernel.decisions.feel.parser import FeelSyntaxError, parse_expression, parse_unary_tests

__all__ = [
    "Evaluator",
    "FeelLimitError",
    "FeelSyntaxError",
    "evaluate",
    "matches",
    "parse_expression",
    "parse_unary_tests",
]
