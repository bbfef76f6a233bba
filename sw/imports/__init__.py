"""Networks from elsewhere: a user's own Python file, or an ONNX file."""

from sw.imported_network import ImportedNetwork
from sw.imports.factory import load_factory
from sw.imports.onnx_network import load_onnx

__all__ = ["ImportedNetwork", "load_factory", "load_onnx"]
