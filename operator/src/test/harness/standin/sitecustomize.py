"""Makes a process believe in PRETENDED_CARDS cards; nothing happens where the variable is not set."""
import os

if os.environ.get("PRETENDED_CARDS"):
    from evaljob_runner.import_hooks import ImportHooks

    def _pretend(torch):
        import pretended_cards
        pretended_cards.install(torch)

    def _attention(modeling):
        import pretended_cards
        pretended_cards.without_flash_attention(modeling)

    _hooks = ImportHooks().install()
    _hooks.after("torch", _pretend)
    _hooks.after("transformers.modeling_utils", _attention)
