"""How static files are stored: hashed names, so browsers may keep them for ever."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hash and compress static files, ES modules' imports included.

    References to source maps are left alone: vendored builds name maps of several
    times their own size that are not vendored with them.
    """

    support_js_module_import_aggregation = True
    patterns = tuple(
        (
            glob,
            tuple(
                pattern
                for pattern in found
                if "sourceMappingURL"
                not in (pattern if isinstance(pattern, str) else pattern[0])
            ),
        )
        for glob, found in HashedFilesMixin.patterns
    )
