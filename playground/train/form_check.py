"""Marks the fields of the form that are refused, each with its sentence, and brings the first one into view on Train.

The value is `{"wrong": {field: sentence}}`, the sentences in the page's language; a field is found by its elem_id,
`field-` and its name. Left out on purpose: what is wrong, which `checks.py` says.
"""

from playground.widgets.base import Widget


class FormCheck(Widget):
    """Takes no room: it writes beside the fields."""

    template = "form_check.html"
    scripts = ("form_check.js",)
    styles = ("form_check.css",)
