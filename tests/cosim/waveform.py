"""Reads signals out of a waveform."""

__all__ = ["values_at_edges"]


def values_at_edges(path, clock, *names):
    """Values of signals of a VCD right before each rising edge of a clock.

    Signals are named by their scopes and their own name.
    """
    codes, values, changed = {}, {}, {}
    with path.open() as file:
        scopes = []
        for line in file:
            words = line.split()
            if words[0] == "$scope":
                scopes.append(words[2])
            elif words[0] == "$upscope":
                scopes.pop()
            elif words[0] == "$var" and (*scopes, words[4]) in (clock, *names):
                codes[*scopes, words[4]] = words[3]
            elif words[0] == "$enddefinitions":
                break
        assert codes.keys() == {clock, *names}
        for line in map(str.strip, file):
            if line.startswith("#"):
                if changed.get(codes[clock]) == 1:
                    yield [values.get(codes[name], 0) for name in names]
                values |= changed
                changed = {}
            elif line.startswith("b"):
                value, code = line[1:].split()
                changed[code] = int(value, 2)
            elif line:
                changed[line[1:]] = int(line[0])
