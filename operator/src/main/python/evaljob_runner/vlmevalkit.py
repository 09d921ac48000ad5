"""The VLMEvalKit harness."""
from .failures import HARNESS_FAILED, StageFailure


class VlmEvalKitHarness:
    """Refuses: this runner has only the Command harness so far."""

    def __init__(self, context):
        raise StageFailure(HARNESS_FAILED, "this runner has only the Command harness so far")
