"""The headers of every answer: what a browser may load for the page, who may frame it, and none for other websites."""

from collections.abc import Iterable

Raw = list[tuple[bytes, bytes]]

# Gradio's page and our widgets need inline scripts and `new Function`. What the policy stops is a request to elsewhere:
# an image, a script, a form or a frame that slipped into a text.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",  # Gradio's page says <base href="./">
    "form-action": "'self'",
}
SPACE_FRAMES = "https://huggingface.co https://*.hf.space"  # a Space is shown in a frame of these
NOTEBOOK_FRAMES = "http://localhost:* http://127.0.0.1:*"  # a notebook shows the page in a frame below the cell
CORS = b"access-control-"


def page_headers(frames: str = "") -> Raw:
    """Return the headers of every answer. frames: who may show the page in a frame, beside itself."""
    policy = {**POLICY, "frame-ancestors": " ".join(filter(None, ["'self'", frames]))}
    told = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",  # nobody else learns the address; here it tells the language of the page
    }
    if not frames:
        told["x-frame-options"] = "SAMEORIGIN"
    return [(name.encode(), value.encode()) for name, value in told.items()]


def dressed(given: Iterable[tuple[bytes, bytes]], ours: Raw) -> Raw:
    """Return the headers of an answer with ours, and without those that let other websites read it."""
    taken = {name for name, _ in ours}
    return [(name, value) for name, value in given if not _is_taken(name.lower(), taken)] + ours


def _is_taken(name: bytes, taken: set[bytes]) -> bool:
    return name.startswith(CORS) or name in taken
