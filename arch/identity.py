"""What the registers must say of the engine that runs certain tables."""

from arch.network_program import NetworkProgram
from arch.registers import MAGIC, VERSION
from arch.shape_record import shape_identity
from arch.tables import MappingTables

__all__ = ["expected_identity"]


def expected_identity(tables: MappingTables, program: NetworkProgram) -> dict[str, dict[str, int]]:
    """Value of every constant field by register, without the hash of the tables.

    Parameters
    ----------
    tables : MappingTables
        The tables.
    program : NetworkProgram
        The program that was made from them.
    """
    g = tables.geometry
    return {
        "magic": {"value": MAGIC},
        "version": {"minor": VERSION[1], "major": VERSION[0]},
        "capabilities": {
            "tiles": g.tiles,
            "skip_zero_planes": int(program.shape.engine.skip_zero_planes),
            "macro": int(program.shape.engine.macro is not None),
            "differential": int(g.encoding == "differential"),
            "loadable": int(program.shape.engine.loadable),
            "argmax": int(program.shape.argmax),
            "counter_bits": program.shape.counter_bits,
            "read_back": int(program.shape.read_back),
        },
        "crossbar": {"rows": g.rows, "cols": g.cols},
        "operation_unit": {
            "ou_rows": g.ou_rows,
            "ou_cols": g.ou_cols,
            "cell_bits": g.cell_bits,
            "adc_bits": g.adc_bits,
        },
        "formats": {
            "weight_bits": g.weight_bits,
            "act_bits": g.act_bits,
            "out_bits": program.shape.out_bits,
        },
        "program": {"steps": program.shape.steps, "layers": program.shape.engine.layers},
        "memory": {"elements": program.shape.depth},
        "shape": {"value": shape_identity(program.shape) if program.shape.engine.loadable else 0},
    }
