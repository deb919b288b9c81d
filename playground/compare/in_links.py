"""What of the Compare tab belongs to a link: the section, what is counted and how, and the text that both read."""

from typing import Any

from core.formula import RULES
from core.pretrained.family import FAMILY
from playground.compare.contents import SECTIONS
from playground.compare.pretrained_section import FIRST_TEXT
from playground.linked import Linked, as_text, one_of


def in_links(tab: Any) -> list[Linked]:
    """Return the parts of the tab."""
    counting, pretrained = tab.sections
    return [
        Linked(
            "section", None, SECTIONS[0], one_of("section", SECTIONS), label="compare_sections", place="compare-section"
        ),
        Linked("family", counting.family, "gpt2", one_of("family", tuple(FAMILY))),
        Linked("count", counting.rule, "once", one_of("count", RULES)),
        Linked("beside", pretrained.text, FIRST_TEXT, as_text),
        Linked("", tab.sight),
    ]
