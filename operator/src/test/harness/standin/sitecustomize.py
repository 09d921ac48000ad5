"""Changes to a process that a test asks for; nothing happens where no variable is set.

PRETENDED_CARDS makes it believe in so many cards. HOLD_AFTER has a model give so many answers and
then wait, until the process is ended.
"""
import functools
import os
import signal

if os.environ.get("HOLD_AFTER"):
    from evaljob_runner.import_hooks import ImportHooks

    def _hold(generation):
        original, left = generation.GenerationMixin.generate, int(os.environ["HOLD_AFTER"])

        @functools.wraps(original)
        def generate(*arguments, **keywords):
            nonlocal left
            while left <= 0:
                signal.pause()
            left -= 1
            return original(*arguments, **keywords)
        generation.GenerationMixin.generate = generate

    ImportHooks().install().after("transformers.generation.utils", _hold)

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
