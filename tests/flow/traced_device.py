"""What a traced step must look like in a waveform, by the model of the cycles."""

from io import BytesIO

from vcd.reader import TokenKind, tokenize

from arch.layer_timeline import IdleCycle

__all__ = ["different_cycles", "waveform"]


def waveform(path):
    """Variables of a VCD file in every cycle of the step that it shows, by name."""
    names, scopes, rows, now = {}, [], [], {}
    for token in tokenize(BytesIO(path.read_bytes())):
        if token.kind is TokenKind.SCOPE:
            scopes.append(token.data.ident)
        elif token.kind is TokenKind.UPSCOPE:
            scopes.pop()
        elif token.kind is TokenKind.VAR:
            names[token.data.id_code] = ".".join([*scopes[1:], token.data.reference])
        elif token.kind is TokenKind.CHANGE_TIME:
            rows += [dict(now)] * (token.data // 10**6 - len(rows))  # a clock of 1 MHz
        elif token.kind in (TokenKind.CHANGE_VECTOR, TokenKind.CHANGE_STRING):
            now[names[token.data.id_code]] = token.data.value
    return rows


def different_cycles(rows, timeline, step):
    """Where a tile did not do what the timeline says of a step, and cycles of the step."""
    times = timeline.step(step)
    last = max(cycle for cycle, row in enumerate(rows) if row["step"] == step)
    wrong = []
    for cycle in range(times.first, times.last + 1):
        row = rows[last - times.last + cycle]
        for tile, work in enumerate(timeline.at(cycle).tiles):
            seen = {name: row[f"tile{tile}.{name}"] for name in ("cause", "ou", "plane")}
            if isinstance(work, IdleCycle):
                expected = {"cause": work.cause, "ou": "z", "plane": "z"}
            else:
                expected = {"cause": "planes", "ou": work.ou, "plane": work.plane}
            if seen != expected:
                wrong.append((cycle, tile, seen, expected))
    return wrong, times.last - times.first + 1
