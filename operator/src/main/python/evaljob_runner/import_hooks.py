"""Calls a function when a module has been imported, without importing it."""
import sys


class _Loader:
    """The module's own loader, and the callbacks after it."""

    def __init__(self, loader, callbacks):
        self._loader = loader
        self._callbacks = callbacks

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        create = getattr(self._loader, "create_module", None)
        return create(spec) if create else None

    def exec_module(self, module):
        # The module must not see that it was wrapped: inspect and spawn read these.
        module.__loader__ = self._loader
        module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        for callback in self._callbacks:
            callback(module)


class ImportHooks:
    """A finder in front of the others; it acts only for the names it was given."""

    def __init__(self):
        self._callbacks = {}

    def install(self):
        sys.meta_path.insert(0, self)
        return self

    def after(self, name, callback):
        """Calls back with the module: at once when it is loaded, else after its import."""
        if name in sys.modules:
            callback(sys.modules[name])
        else:
            self._callbacks.setdefault(name, []).append(callback)

    def find_spec(self, name, path=None, target=None):
        if name not in self._callbacks:
            return None
        # Those behind this one: a finder before it may ask us in turn.
        for finder in sys.meta_path[sys.meta_path.index(self) + 1:]:
            if not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self._callbacks[name])
                return spec
        return None
