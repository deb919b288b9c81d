"""The panel that invites others: each address at which a guest finds the page, with its QR code, and what one may do.

The value is `{"text", "about", "places", "limits"}`; a place is an address and the SVG of its code. On a public server
nobody needs an address, and the panel says what one may do there and what is lost.
"""

from playground.widgets.base import Widget
from playground.words.translate import translate

LIMITS = ("active_runs", "kept_runs", "parameters", "characters")


class Invite(Widget):
    """Show where the page is found and what its profile means; the script offers `playground.invite()`."""

    template = "invite.html"
    scripts = ("invite.js",)
    styles = ("dialog.css", "invite.css")

    @staticmethod
    def pack(profile: str, most: dict[str, int | None], codes: dict[str, str], has_password: bool, lang: str) -> dict:
        """Return the value. most: what a person may have of LIMITS; codes: address that a guest can use -> SVG."""
        is_class = profile == "classroom"
        text = {key: translate(f"invite_{key}", lang) for key in ("code", "close", "limits")}
        text["title"] = translate(f"invite_title_{'classroom' if is_class else 'server'}", lang)
        limits = [translate(f"invite_{name}", lang, n=count) for name, count in most.items() if count is not None]
        about = f"invite_about_{profile}"
        if is_class:
            limits.insert(0, translate("invite_own", lang))
            about = "invite_about_nowhere" if not codes else "invite_about_password" if has_password else about
        places = [{"address": address, "code": code} for address, code in codes.items()] if is_class else []
        return {"text": text, "about": translate(about, lang), "places": places, "limits": limits}
