"""Makes the ONNX files that ONNX Runtime runs beside our encoder, from the very weights that our encoder reads.

usage: make_onnx.py MODEL_DIR OUT_DIR

f32.onnx: the graph as exporters write it (post-norm BERT, mean over the mask, length 1). f32-fused.onnx: the same
after ONNX Runtime's own transformer optimizer. int8.onnx and int8-fused.onnx: both after its own quantize_dynamic
(weights int8, activations quantised as they come). `made-from` names what they were made from; nothing is made anew
while it is the same.
"""
import hashlib
import json
import logging
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer

OPSET = 17
MASKED = -10000.0  # added to the scores of pieces that are padding


def read_safetensors(path):
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    tensors = {}
    for name, about in header.items():
        if name != "__metadata__" and about["dtype"] == "F32":
            start, end = about["data_offsets"]
            values = np.frombuffer(data, np.float32, (end - start) // 4, 8 + size + start)
            tensors[name.removeprefix("bert.")] = values.reshape(about["shape"])
    return tensors


class Graph:
    """Nodes and constants under names of their own."""

    def __init__(self, weights, config):
        self.weights, self.config = weights, config
        self.nodes, self.constants, self.known = [], [], {}

    def constant(self, value, dtype):
        value = np.array(value, dtype)
        key = (value.tobytes(), value.shape, str(value.dtype))
        if key not in self.known:
            self.known[key] = f"constant_{len(self.known)}"
            self.constants.append(numpy_helper.from_array(value, self.known[key]))
        return self.known[key]

    def integers(self, *values):
        return self.constant(values, np.int64)

    def real(self, value):
        return self.constant(value, np.float32)

    def weight(self, name, transposed=False):
        values = self.weights[name]
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values.T if transposed else values), name))
        return name

    def add(self, kind, *inputs, name=None, **attributes):
        out = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], name=f"node_{len(self.nodes)}", **attributes))
        return out

    def linear(self, value, name):
        product = self.add("MatMul", value, self.weight(f"{name}.weight", transposed=True))
        return self.add("Add", product, self.weight(f"{name}.bias"))

    def norm(self, value, name):
        return self.add("LayerNormalization", value, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), axis=-1,
                        epsilon=self.config["layer_norm_eps"])


def embeddings(graph):
    table = "embeddings"
    length = graph.add("Gather", graph.add("Shape", "input_ids"), graph.constant(1, np.int64), axis=0)
    end = graph.add("Unsqueeze", length, graph.integers(0))
    positions = graph.constant([range(graph.config["max_position_embeddings"])], np.int64)
    position = graph.add("Slice", positions, graph.integers(0), end, graph.integers(1))
    words = graph.add("Gather", graph.weight(f"{table}.word_embeddings.weight"), "input_ids")
    types = graph.add("Gather", graph.weight(f"{table}.token_type_embeddings.weight"), "token_type_ids")
    places = graph.add("Gather", graph.weight(f"{table}.position_embeddings.weight"), position)
    return graph.norm(graph.add("Add", graph.add("Add", words, types), places), f"{table}.LayerNorm")


def attention(graph, value, mask, name):
    heads = graph.config["num_attention_heads"]
    size = graph.config["hidden_size"] // heads

    def parted(part, order):
        rows = graph.add("Reshape", graph.linear(value, f"{name}.self.{part}"), graph.integers(0, 0, heads, size))
        return graph.add("Transpose", rows, perm=order)

    query, key, content = parted("query", [0, 2, 1, 3]), parted("key", [0, 2, 3, 1]), parted("value", [0, 2, 1, 3])
    scores = graph.add("Div", graph.add("MatMul", query, key), graph.real(np.sqrt(size)))
    shares = graph.add("Softmax", graph.add("Add", scores, mask), axis=3)
    mixed = graph.add("Transpose", graph.add("MatMul", shares, content), perm=[0, 2, 1, 3])
    joined = graph.add("Reshape", mixed, graph.integers(0, 0, heads * size))
    dense = graph.linear(joined, f"{name}.output.dense")
    return graph.norm(graph.add("Add", dense, value), f"{name}.output.LayerNorm")


def gelu(graph, value):
    bent = graph.add("Erf", graph.add("Div", value, graph.real(np.sqrt(2.0))))
    return graph.add("Mul", graph.add("Mul", value, graph.add("Add", bent, graph.real(1.0))), graph.real(0.5))


def pooled(graph, value):
    mask = graph.add("Cast", graph.add("Unsqueeze", "attention_mask", graph.integers(2)), to=TensorProto.FLOAT)
    total = graph.add("ReduceSum", graph.add("Mul", value, mask), graph.integers(1), keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", mask, graph.integers(1), keepdims=0))
    length = graph.add("ReduceL2", mean, axes=[1], keepdims=1)
    return graph.add("Div", mean, length, name="embedding")


def make_model(weights, config):
    graph = Graph(weights, config)
    value = embeddings(graph)
    spread = graph.add("Unsqueeze", graph.add("Unsqueeze", "attention_mask", graph.integers(1)), graph.integers(2))
    kept = graph.add("Cast", spread, to=TensorProto.FLOAT)
    mask = graph.add("Mul", graph.add("Sub", graph.real(1.0), kept), graph.real(MASKED))
    for layer in range(config["num_hidden_layers"]):
        name = f"encoder.layer.{layer}"
        value = attention(graph, value, mask, f"{name}.attention")
        wide = gelu(graph, graph.linear(value, f"{name}.intermediate.dense"))
        dense = graph.linear(wide, f"{name}.output.dense")
        value = graph.norm(graph.add("Add", dense, value), f"{name}.output.LayerNorm")
    pooled(graph, value)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "pieces"])
              for name in ("input_ids", "attention_mask", "token_type_ids")]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", config["hidden_size"]])
    made = helper.make_graph(graph.nodes, "encoder", inputs, [output], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def main(model_dir, out):
    weights_file = model_dir / "model.safetensors"
    made_from = hashlib.sha256(weights_file.read_bytes() + pathlib.Path(__file__).read_bytes()
                               + onnxruntime.__version__.encode()).hexdigest()
    stamp = out / "made-from"
    if stamp.is_file() and stamp.read_text() == made_from:
        return 0
    logging.disable(logging.WARNING)
    out.mkdir(parents=True, exist_ok=True)
    config = json.loads((model_dir / "config.json").read_text())
    model = make_model(read_safetensors(weights_file), config)
    onnx.save(model, out / "f32.onnx")
    fused = optimizer.optimize_model(str(out / "f32.onnx"), model_type="bert", num_heads=config["num_attention_heads"],
                                     hidden_size=config["hidden_size"], opt_level=0, use_gpu=False)
    fused.save_model_to_file(str(out / "f32-fused.onnx"))
    if fused.get_fused_operator_statistics()["Attention"] != config["num_hidden_layers"]:
        raise SystemExit("the optimizer of ONNX Runtime did not find the attention of each layer")
    for name in ("", "-fused"):
        quantize_dynamic(out / f"f32{name}.onnx", out / f"int8{name}.onnx", weight_type=QuantType.QInt8,
                         extra_options={"DefaultTensorType": TensorProto.FLOAT})
    stamp.write_text(made_from)
    return 0


sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
