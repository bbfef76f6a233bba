"""Where independent work is done: in this process, or side by side on Ray."""

import contextlib
import importlib.util
import logging
import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, TypeVar

from arch.errors import InputError, ToolError
from sw.user_module import user_modules

__all__ = ["EXECUTORS", "Executor", "LocalExecutor", "RayExecutor", "new_executor"]

Request = TypeVar("Request")
Result = TypeVar("Result")

EXECUTORS = ("local", "ray")
_PATIENCE = 10.0
"""Seconds in which a cluster must answer."""
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # Nothing is told to anybody.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # Tasks see the devices that this process sees.
}


class Executor(Protocol):
    """Applies a function to many requests; a context manager that holds what it needs for that.

    What comes out depends on function and requests alone, never on the executor. It is ``parallel``
    if requests are worked on side by side, so that it pays to have many of them.
    """

    parallel: bool

    def __enter__(self) -> "Executor": ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def map(
        self, function: Callable[[Request], Result], requests: Sequence[Request]
    ) -> Iterator[tuple[Request, Result]]:
        """Every request with its result, as soon as there is one, in any order.

        An error of the function is raised here, and ends the rest.
        """


class LocalExecutor:
    """One request after the other, in this process."""

    parallel = False

    def __enter__(self) -> "LocalExecutor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held."""

    def map(
        self, function: Callable[[Request], Result], requests: Sequence[Request]
    ) -> Iterator[tuple[Request, Result]]:
        """See :class:`Executor`; in order."""
        for request in requests:
            yield request, function(request)


class RayExecutor:
    """Ray tasks of one processor each.

    Without an address Ray is started on this machine when the executor is entered, and is gone with
    all its processes and files when it is left. The function goes to the object store once, so that
    the processes of a machine share its arrays.

    Parameters
    ----------
    address : str, optional
        Of a Ray cluster that runs: ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT``. The same Python
        packages must be there, and the same files under the same paths.
    cpus : int, optional
        Tasks that run side by side on this machine; its number of processors unless given. A
        cluster decides this by itself.

    Raises
    ------
    :exc:`arch.errors.ToolError`
        If Ray is not installed.
    :exc:`ValueError`
        If ``cpus`` is not positive.
    """

    parallel = True

    def __init__(self, *, address: str | None = None, cpus: int | None = None) -> None:
        if importlib.util.find_spec("ray") is None:
            raise ToolError("search.executor ray needs ray: pip install 'ohmforge[ray]'")
        if cpus is not None and cpus < 1:
            raise ValueError(f"cpus must be at least 1, not {cpus}")
        self._address = address
        self._cpus = cpus
        self._held = contextlib.ExitStack()
        self._function: Callable[[Any], Any] | None = None
        self._shared: Any = None

    def __enter__(self) -> "RayExecutor":
        import ray  # Takes most of a second.

        with contextlib.ExitStack() as held:
            held.enter_context(_environment(_ENVIRONMENT))
            where = f" at {self._address}" if self._address else ""
            options: dict[str, Any] = {"address": self._address}
            if self._address is None:
                # Short, because the names of its sockets must be; processes may still be ending.
                place = tempfile.TemporaryDirectory(prefix="ray_", ignore_cleanup_errors=True)
                options = {
                    "num_cpus": self._cpus,
                    "include_dashboard": False,
                    "_temp_dir": held.enter_context(place),
                }
            held.callback(ray.shutdown)
            try:
                _knock(self._address)
                ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
            except (OSError, RuntimeError) as error:
                raise InputError(f"Ray{where} cannot be used: {_first_line(error)}") from error
            for module in user_modules():
                # A task cannot import it: what is defined there is sent whole.
                ray.cloudpickle.register_pickle_by_value(module)
                held.callback(ray.cloudpickle.unregister_pickle_by_value, module)
            self._held = held.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def map(
        self, function: Callable[[Request], Result], requests: Sequence[Request]
    ) -> Iterator[tuple[Request, Result]]:
        """See :class:`Executor`."""
        import ray

        if self._function is not function:
            self._function, self._shared = function, ray.put(function)
        task = ray.remote(num_cpus=1)(_apply)
        waiting = {task.remote(self._shared, request): request for request in requests}
        # Nothing is cancelled where this ends early: it would race with tasks that end by
        # themselves, which is fatal in Ray. What is left ends with the connection.
        while waiting:
            (done,), _ = ray.wait(list(waiting), num_returns=1)
            request = waiting.pop(done)
            try:
                result = ray.get(done)
            except ray.exceptions.RayTaskError as error:
                cause = error.cause
                # None, or one of Ray's: the error could not be brought here.
                if cause is None or isinstance(cause, ray.exceptions.RayError):
                    raise ToolError(
                        f"a task on Ray failed: {_first_line(cause or error)}"
                    ) from error
                raise cause from None
            except ray.exceptions.RayError as error:
                raise ToolError(f"Ray lost a task: {_first_line(error)}") from error
            yield request, result


def _apply(function: Callable[[Any], Any], request: Any) -> Any:
    return function(request)


def _knock(address: str | None) -> None:
    """Raise OSError if nothing listens at an address; Ray would try for minutes."""
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Variables of the environment, until they are as they were."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def new_executor(name: str, *, address: str | None = None, cpus: int | None = None) -> Executor:
    """The executor called ``name``.

    Parameters
    ----------
    address, cpus
        For ``ray``, see :class:`RayExecutor`.

    Raises
    ------
    :exc:`ValueError`
        If there is none.
    :exc:`arch.errors.ToolError`
        If what it needs is not installed.
    """
    if name not in EXECUTORS:
        raise ValueError(f"executor must be {' or '.join(EXECUTORS)}, not {name!r}")
    return RayExecutor(address=address, cpus=cpus) if name == "ray" else LocalExecutor()
