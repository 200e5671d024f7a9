"""The tables of work at the freezer."""

from server.handling.models.labels import LabelJob, LabelPrint, LabelPrinter, LabelTemplate

__all__ = ["LabelJob", "LabelPrint", "LabelPrinter", "LabelTemplate"]
