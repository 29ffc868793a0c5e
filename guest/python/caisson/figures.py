"""A backend of matplotlib that draws into memory, and has `show` save the pictures that are open."""

from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from caisson.display import save_figures


class FigureManager(FigureManagerBase):
    @classmethod
    def pyplot_show(cls, *, block=None):
        save_figures()


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager


def show(*_given, **_named):
    save_figures()
