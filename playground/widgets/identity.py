"""Who looks at the page: the browser makes a token and keeps it (`identity.js`), and a handler gets a person.

The token is hashed before Gradio keeps anything of the call, and no handler sees it. It is the value of this component
in the browser alone: no handler may name the component as an output.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.data_classes import GradioRootModel
from pydantic import field_validator

from core.runs.config import owner_of

# When a page opens: the component gets the token, and what the browser remembered with it in earlier versions goes.
IDENTIFY_JS = "(memory) => [playgroundOwner.token(memory), playgroundOwner.without(memory)]"


class OwnerHash(GradioRootModel):
    """What is left of the token that a request brings; None for anything else."""

    root: str | None = None

    @field_validator("root", mode="before")
    @classmethod
    def _hash(cls, told: Any) -> str | None:
        return owner_of(told)


class Identity(gr.Textbox):
    """The token of a browser as an input: `of` makes it. Gradio sends the page only what `__init__` itself names."""

    is_template = True
    data_model = OwnerHash

    who: Callable[[str | None], Any]

    @classmethod
    def of(cls, who: Callable[[str | None], Any]) -> "Identity":
        """Make the component; who: the hash of a token -> what a handler gets."""
        made = cls(visible="hidden", elem_id="identity")
        made.who = who
        return made

    def preprocess(self, payload: OwnerHash | None) -> Any:
        """Return who sent the token."""
        return self.who(payload.root if isinstance(payload, OwnerHash) else None)
