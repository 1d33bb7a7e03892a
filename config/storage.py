"""How static files are stored: hashed names, so browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hash and compress static files, ES modules' imports included."""

    support_js_module_import_aggregation = True
