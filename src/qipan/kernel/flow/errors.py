"""What a wrong declaration raises: a mistake of the programmer, found when the flow is registered."""


class FlowError(Exception):
    """A declaration that cannot stand, or an act that its flow does not know; the text names flow and place."""
