"""A Python file of the user's own, and what it defines.

It is the user's code and is executed, with all that it may do.
"""

import importlib.util
import inspect
import random
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from arch.errors import InputError
from sw.source_files import source_files, split_source

__all__ = ["UserFactory", "user_factory", "user_modules"]

_PREFIX = "ohmforge_user_"
_FILES: set[str] = set()
"""Files that were executed, or imported by those."""


class UserFactory:
    """A function of the user's file.

    Parameters
    ----------
    source : str
        ``FILE.py:NAME``.
    function : callable
        What is called.
    """

    def __init__(self, source: str, function: Callable[..., Any]) -> None:
        self.source = source
        self._path = split_source(source)[0]
        self._function = function

    def takes(self, name: str) -> bool:
        """Whether the function has a parameter ``name``."""
        return name in self._parameters()

    def call(self, *, random_seed: int, **offered: Any) -> Any:
        """What the function gives, called with those of ``offered`` that it takes.

        Random numbers of torch and Python begin with ``random_seed``; what they were is restored.

        Raises
        ------
        :exc:`arch.errors.InputError`
            If it raises, or needs something else; one line with the file, the line and the reason.
        """
        parameters = self._parameters()
        missing = [
            name
            for name, parameter in parameters.items()
            if parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            and (name not in offered or parameter.kind is parameter.POSITIONAL_ONLY)
        ]
        if missing:
            raise InputError(
                f"{self.source}: needs {', '.join(missing)}; it can be given "
                f"{', '.join(offered) or 'nothing'}"
            )
        given = {name: value for name, value in offered.items() if name in parameters}
        with _executing(self._path), _seeded(random_seed):
            return self._function(**given)

    def running(self) -> Any:
        """A context in which errors of the user's code become one line."""
        return _executing(self._path)

    def _parameters(self) -> dict[str, inspect.Parameter]:
        try:
            return dict(inspect.signature(self._function).parameters)
        except (TypeError, ValueError):
            return {}


def user_factory(source: str) -> UserFactory:
    """The function that ``FILE.py:NAME`` names; the file is executed.

    Modules beside the file can be imported by it. All of it is executed anew each time.

    Raises
    ------
    :exc:`arch.errors.InputError`
        If the file is missing, cannot be executed or has no such function; one line with the file,
        the line and the reason.
    """
    path, name = split_source(source)
    files = source_files(path)
    with _executing(path):
        module = _execute(path, files)
    function = getattr(module, name, None)
    if not callable(function):
        defined = [
            key
            for key, value in vars(module).items()
            if callable(value) and getattr(value, "__module__", "") == module.__name__
        ]
        raise InputError(f"{path}: has no function {name}; it has {', '.join(defined) or 'none'}")
    return UserFactory(source, function)


def user_modules() -> tuple[ModuleType, ...]:
    """The modules of the user's own that were executed; another process has to be sent them."""
    return tuple(
        module
        for name, module in sys.modules.items()
        if name.startswith(_PREFIX) or str(getattr(module, "__file__", None)) in _FILES
    )


def _execute(path: Path, files: tuple[Path, ...]) -> ModuleType:
    """The module of a file; those that it imports from beside it are read anew."""
    known = set(map(str, files)) | {str(file.resolve()) for file in files}
    folder = path.resolve().parent
    # A module of another folder would be taken for one of the same name in this.
    strange = {file for file in _FILES if not Path(file).resolve().is_relative_to(folder)}
    _FILES.update(known)
    for key, loaded in list(sys.modules.items()):
        if getattr(loaded, "__file__", None) in known | strange:
            del sys.modules[key]
    name = f"{_PREFIX}{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: must be a Python file, NAME.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # what the file defines looks for itself here
    spec.loader.exec_module(module)
    return module


@contextmanager
def _executing(path: Path) -> Iterator[None]:
    """Run the user's code: files beside it can be imported, and errors become one line."""
    folder, before = str(path.resolve().parent), sys.dont_write_bytecode
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True  # nothing is written beside the user's files
    importlib.invalidate_caches()
    try:
        yield
    except InputError:
        raise
    except SyntaxError as error:
        raise InputError(f"{error.filename or path}:{error.lineno or 1}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise InputError(f"{_place(error, folder, path)}: {_reason(error)}") from error
    finally:
        sys.dont_write_bytecode = before
        if folder in sys.path:
            sys.path.remove(folder)


def _place(error: BaseException, folder: str, path: Path) -> str:
    """File and line of the last of the user's own lines that an error came through."""
    lines = [
        f"{Path(frame.filename)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if str(Path(frame.filename).resolve()).startswith(f"{folder}/")
        and "site-packages" not in frame.filename
    ]
    return lines[-1] if lines else str(path)


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Random numbers that follow from ``seed``; those of everybody else go on as they were."""
    python = random.getstate()
    random.seed(seed)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(python)
