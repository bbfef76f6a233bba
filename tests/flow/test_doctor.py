"""What is missing is named, with the way to get it."""

from importlib import metadata

from amaranth._toolchain import yosys

from flow.doctor import examine


def test_finds_what_is_installed():
    found = {finding.tool: finding for finding in examine()}
    for name in ("numpy", "torch", "amaranth", "cocotb"):
        assert found[name].found
        assert found[name].text == metadata.version(name)
    assert all(finding.text for finding in found.values())


def test_names_what_is_missing(monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    def find_none(requirement):
        raise yosys.YosysError("Could not find an acceptable Yosys binary")

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("flow.doctor.metadata.version", version)
    monkeypatch.setattr(yosys, "find_yosys", find_none)
    missing = {finding.tool: finding.text for finding in examine() if not finding.found}
    assert missing["torch"] == "is missing: pip install 'ohmforge[train]'"
    assert missing["amaranth"] == "is missing: pip install 'ohmforge[rtl]'"
    assert missing["yosys"] == "is missing: pip install 'ohmforge[rtl]'"
    assert missing["make"] == "is missing: apt install make"
    assert "apt install" in missing["Verilator"]
