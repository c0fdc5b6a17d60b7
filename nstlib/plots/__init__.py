"""The lessons' figures: every function takes tensors or numbers by name and returns one figure with a description.

They are drawn without pyplot, whose global state is not safe in threads; on a light card, which reads the same in light
and dark themes; and in colours that colour-blind readers can tell apart.
"""

from nstlib.plots.card import Plot
from nstlib.plots.charts import bars, curves, histograms, paths, scatter, shares
from nstlib.plots.diagrams import dataflow
from nstlib.plots.frontier import frontier
from nstlib.plots.matrices import gram_maps, matrices
from nstlib.plots.sheets import grid, row, slabs
from nstlib.plots.tables import Table, table

__all__ = [
    "Plot",
    "Table",
    "bars",
    "curves",
    "dataflow",
    "frontier",
    "gram_maps",
    "grid",
    "histograms",
    "matrices",
    "paths",
    "row",
    "scatter",
    "shares",
    "slabs",
    "table",
]
