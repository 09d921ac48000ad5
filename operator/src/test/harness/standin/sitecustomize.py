"""Changes to a process that a test asks for; nothing happens where no variable is set.

PRETENDED_CARDS makes it believe in so many cards. HOLD_AFTER has a model give so many answers and
then wait, until the process is ended. HANG_AFTER has rank 1 give so many answers, and then hang at a
token of the next. ANSWERED is a file for a line of each answer: attempt, rank, data set, question.
"""
import functools
import os
import re
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

if os.environ.get("HANG_AFTER") and os.environ.get("RANK") == "1":
    from evaljob_runner.import_hooks import ImportHooks

    _left = int(os.environ["HANG_AFTER"])

    def _count(generation):
        original = generation.GenerationMixin.generate

        @functools.wraps(original)
        def generate(*arguments, **keywords):
            global _left
            _left -= 1
            return original(*arguments, **keywords)
        generation.GenerationMixin.generate = generate

    def _hang(processing):
        original = processing.LogitsProcessorList.__call__

        @functools.wraps(original)
        def process(*arguments, **keywords):
            while _left < 0:
                signal.pause()
            return original(*arguments, **keywords)
        processing.LogitsProcessorList.__call__ = process

    _hooks = ImportHooks().install()
    _hooks.after("transformers.generation.utils", _count)
    _hooks.after("transformers.generation.logits_process", _hang)

if os.environ.get("ANSWERED"):
    from evaljob_runner.import_hooks import ImportHooks

    def _note(base):
        original = base.BaseModel.generate

        def generate(self, message, dataset=None):
            answer = original(self, message, dataset)
            number = re.search(r"picture (\d+)", str(message)).group(1)
            log = os.open(os.environ["ANSWERED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(log, ("%s %s %s %s\n" % (os.environ["EVALJOB_ATTEMPT"], os.environ.get(
                "RANK", "0"), dataset, number)).encode("ascii"))
            os.close(log)
            return answer
        base.BaseModel.generate = generate

    ImportHooks().install().after("vlmeval.vlm.base", _note)

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
