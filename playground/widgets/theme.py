"""How the page looks: Gradio's Soft theme with the system's own fonts, the layout's CSS; and the scripts for all."""

import json
from pathlib import Path

import gradio as gr

from playground.words.gradio_words import GRADIO_VI


def theme() -> gr.themes.Base:
    """Return the theme."""
    return gr.themes.Soft(
        primary_hue="blue",
        neutral_hue="slate",
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace"],
    ).set(
        block_title_background_fill="transparent",
        block_title_padding="0",
        block_title_text_color="*body_text_color",
        block_title_text_weight="600",
        block_label_background_fill="transparent",
        block_label_text_color="*body_text_color",
        block_shadow="none",
        block_border_width="1px",
        block_border_color="*border_color_primary",
        checkbox_label_shadow="none",
        checkbox_label_border_width="1px",
        checkbox_label_border_color="*border_color_primary",
        checkbox_border_color="*neutral_400",  # fields, circles and small print that can be told from what is around
        input_border_width="1px",
        input_border_color="#8492a6",  # three times the contrast of what is around, as a field's edge must have
        input_border_color_dark="*neutral_500",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        body_text_color_subdued="*neutral_600",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        input_shadow="none",
        button_secondary_shadow="none",
        button_secondary_border_color="*border_color_primary",
        # White on the Soft theme's own blues has a contrast of 3.7 and less; AA asks for 4.5.
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_700",
        button_secondary_background_fill_hover_dark="*primary_600",
        checkbox_label_background_fill_selected="*primary_600",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_400",
    )


def css() -> str:
    """Return the page's own CSS."""
    return _read("page.css")


def head() -> str:
    """Return what the page's head needs before any widget: what concerns the whole screen, and what scripts share."""
    names = ("storage", "identity", "feed", "dom", "link", "opening", "present", "gradio_marks", "gradio_clones")
    scripts = "".join(_read(f"{name}.js") for name in names)
    scripts += _read("gradio_words.js").replace("GRADIO_VI)", json.dumps(GRADIO_VI, ensure_ascii=False) + ")", 1)
    return f"<style>{_read('screen.css')}</style><script>{scripts}</script>"


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
