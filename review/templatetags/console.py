"""Tags that every page uses: icons, keys, the nonce, the rail. No queries of their own."""

import json

from django import template
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from review.core.keys import is_single
from review.dashboards.frame import Look, Viewer, house_look, viewer_of

register = template.Library()

SPRITE = "vendor/bootstrap-icons-1.13.2/sprite.svg"
KEY_NAMES = {
    "Control": "Ctrl",
    "Escape": "Esc",
    "Shift": "Shift",
    " ": "Space",
    "ArrowDown": "↓",
    "ArrowUp": "↑",
    "ArrowLeft": "←",
    "ArrowRight": "→",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return one icon of the sprite; words beside it carry the meaning."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static(SPRITE),
        name,
    )


@register.simple_tag(takes_context=True)
def hx_nonce(context: Context) -> SafeString:
    """Stamp an element that htmx may act on: hx-csp ignores elements without it."""
    request = context["request"]
    return format_html('hx-nonce="{}"', getattr(request, "csp_nonce", ""))


@register.simple_tag(takes_context=True)
def key(context: Context, name: str) -> SafeString:
    """Return the attributes that give a control its key, the person's own if changed.

    `name` is the default, spelled as static/js/keys.js reads it: "a", "Shift+E", "g q"
    or "Control+Enter". A sequence has no `aria-keyshortcuts` spelling and gets none,
    nor does a single key that the person has switched off.
    """
    look = _look_of(context)
    own = look.keys.get(name, name)
    if " " in own or (is_single(own) and not look.single_keys):
        return format_html('data-key="{}"', own)
    return format_html('data-key="{}" aria-keyshortcuts="{}"', own, own)


@register.simple_tag(takes_context=True)
def keycap(context: Context, name: str, *, chord: bool = False) -> SafeString:
    """Print a key on its control; hidden from screen readers, which read the attribute.

    `name` is the default, as for `key`. `chord` keeps the cap visible for a person who
    has switched single keys off.
    """
    return print_key(_look_of(context).keys.get(name, name), chord=chord)


def print_key(own: str, *, chord: bool = False) -> SafeString:
    """Return a key as caps: "Control+Enter" as two, "g q" as two."""
    is_chord = chord or own.startswith("Control+")
    presses = own.split(" ") if own != " " else [own]
    parts = [part for press in presses for part in _split(press)]
    caps = [KEY_NAMES.get(part, part) for part in parts]
    if is_chord and len(caps) > 1:
        caps = [cap.upper() if len(cap) == 1 else cap for cap in caps]
    return format_html_join(
        "",
        '<kbd aria-hidden="true"{}>{}</kbd>',
        ((SafeString(' class="is-chord"') if is_chord else "", cap) for cap in caps),
    )


@register.simple_tag(takes_context=True)
def look_attributes(context: Context) -> SafeString:
    """Return the root attributes of the person's theme, density, keys and wellness."""
    look = _look_of(context)
    wellness = look.wellness
    theme = (
        "" if look.theme == "auto" else format_html('data-bs-theme="{}" ', look.theme)
    )
    keymap = format_html(' data-keymap="{}"', json.dumps(dict(look.keys)))
    soft = [
        ("blur", str(wellness.blur) if wellness.blur else ""),
        ("greyscale", "on" if wellness.greyscale else ""),
        ("mute", "on" if wellness.mute else ""),
        ("hover", "on" if wellness.hover else ""),
        ("thumbnails", wellness.thumbnails),
    ]
    return format_html(
        '{}data-density="{}" data-keys="{}"{}{}',
        theme,
        look.density,
        "on" if look.single_keys else "off",
        keymap if look.keys else "",
        format_html_join("", ' data-{}="{}"', (pair for pair in soft if pair[1])),
    )


def _split(press: str) -> list[str]:
    return [press] if press == "+" else [part or "+" for part in press.split("+", 1)]


def _look_of(context: Context) -> Look:
    """Return the look of whom the page is for.

    An `include ... only` drops the variable `request`, but keeps the context's own.
    """
    request = getattr(context, "request", None) or context.get("request")
    viewer: Viewer | None = (
        viewer_of(request)
        if isinstance(request, HttpRequest) and hasattr(request, "user")
        else None
    )
    return viewer.look if viewer else house_look()
