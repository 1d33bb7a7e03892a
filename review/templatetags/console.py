"""Tags that every page uses: icons, keys, the nonce, the rail. No queries of their own."""

from collections.abc import Mapping

from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from review.dashboards.frame import Look, viewer_of

register = template.Library()

SPRITE = "vendor/bootstrap-icons-1.13.2/sprite.svg"
KEY_NAMES = {"Control": "Ctrl", "Escape": "Esc", "Shift": "Shift", " ": "Space"}


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return one icon of the sprite; words beside it carry the meaning."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static(SPRITE),
        name,
    )


@register.simple_tag(takes_context=True)
def hx_nonce(context: Mapping[str, object]) -> SafeString:
    """Stamp an element that htmx may act on: hx-csp ignores elements without it."""
    request = context["request"]
    return format_html('hx-nonce="{}"', getattr(request, "csp_nonce", ""))


@register.simple_tag
def key(name: str) -> SafeString:
    """Return the attributes that give a control its key.

    `name` is spelled as static/js/keys.js reads it: "a", "Shift+E", "g q" or
    "Control+Enter". A sequence has no `aria-keyshortcuts` spelling, so it gets none.
    """
    if " " in name:
        return format_html('data-key="{}"', name)
    return format_html('data-key="{}" aria-keyshortcuts="{}"', name, name)


@register.simple_tag
def keycap(name: str, *, chord: bool = False) -> SafeString:
    """Print a key on its control; hidden from screen readers, which read the attribute.

    `chord` keeps the cap visible for a person who has switched single keys off.
    """
    is_chord = chord or name.startswith("Control+")
    separator = " " if " " in name else "+"
    caps = [KEY_NAMES.get(part, part) for part in name.split(separator)]
    if is_chord and len(caps) > 1:
        caps = [cap.upper() if len(cap) == 1 else cap for cap in caps]
    return format_html_join(
        "",
        '<kbd aria-hidden="true"{}>{}</kbd>',
        ((SafeString(' class="is-chord"') if is_chord else "", cap) for cap in caps),
    )


@register.simple_tag(takes_context=True)
def look_attributes(context: Mapping[str, object]) -> SafeString:
    """Return the root attributes of the person's theme, density and key choices."""
    request = context.get("request")
    viewer = viewer_of(request) if isinstance(request, HttpRequest) else None
    look = viewer.look if viewer else Look()
    theme = (
        "" if look.theme == "auto" else format_html('data-bs-theme="{}" ', look.theme)
    )
    return format_html(
        '{}data-density="{}" data-keys="{}"',
        theme,
        look.density,
        "on" if look.single_keys else "off",
    )
