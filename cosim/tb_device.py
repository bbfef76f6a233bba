"""A device that serves a host in another process; runs inside Verilator."""

import signal
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

import cocotb
from cocotb.task import bridge
from cocotb.triggers import Timer

from cosim.device_case import DeviceCase
from cosim.device_server import DeviceServer
from cosim.driver import CLOCK_NS
from cosim.wire import Wire

CASE = DeviceCase.read(Path())
RESET_CYCLES = 4


@cocotb.test()
async def serves(dut: Any) -> None:
    """Until the other process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for that one
    dut.rst.value = 1
    await Timer(RESET_CYCLES * CLOCK_NS, "ns")
    dut.rst.value = 0
    with Client(CASE.socket, family="AF_UNIX") as connection:
        server = DeviceServer(Wire(dut, divisor=CASE.divisor), connection, CASE)
        await bridge(server.run)()
