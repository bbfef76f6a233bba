"""What is missing is named, with the way to get it."""

from importlib import metadata

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

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("flow.doctor.metadata.version", version)
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "system")
    missing = {finding.tool: finding.text for finding in examine() if not finding.found}
    assert missing["torch"] == "is missing: pip install 'ohmforge[train]'"
    assert missing["amaranth"] == "is missing: pip install 'ohmforge[rtl]'"
    assert missing["yosys"] == "is missing: pip install 'ohmforge[rtl]'"
    assert missing["make"] == "is missing: apt install make"
    assert "apt install" in missing["Verilator"]
