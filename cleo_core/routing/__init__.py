"""Routing: which experts of a mixture each token went to, as a value that training, evaluation and serving share.

    model ─> listen (hooks on its routers) ─> RoutingTrace ─> measure ─> RoutingSummary ─> draw (heatmaps), tables

Nothing here imports torch but `trace_texts`: a listener is handed a model, and asks of its tensors what they can do.
"""

from cleo_core.routing.draw import plot_routing, plot_tokens
from cleo_core.routing.listen import ROUTERS, RouterListener, probabilities, routers, token_texts, trace_texts
from cleo_core.routing.measure import DEAD, RoutingSummary, dead_experts, mutual_information, routing_tables, summarise
from cleo_core.routing.trace import RoutingTrace, token_class

__all__ = [
    "DEAD",
    "ROUTERS",
    "RouterListener",
    "RoutingSummary",
    "RoutingTrace",
    "dead_experts",
    "mutual_information",
    "plot_routing",
    "plot_tokens",
    "probabilities",
    "routers",
    "routing_tables",
    "summarise",
    "token_class",
    "token_texts",
    "trace_texts",
]
