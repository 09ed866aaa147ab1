"""The encoder as an ONNX graph in eight bits, over the weights that lie in the folder.

The folder's ``model.safetensors`` holds the matrices as 8-bit floating-point numbers, which every
loader of Hugging Face folders widens. The graph ``model.onnx`` refers to the same bytes; ONNX
Runtime turns them into 8-bit integers while it loads, so nothing is stored twice.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file
from transformers import BertModel, PreTrainedTokenizerFast

GRAPH_FILE = "model.onnx"
WEIGHTS_FILE = "model.safetensors"

_SMOOTHING = 0.8
"""How much of the activations' spread goes to the weights; Xiao et al., "SmoothQuant", 2023,
arXiv:2211.10438. With 0.5, as in the paper, the cosine to 32 bit was .9936, with 0.8 .9989: a few
inner values of this network are a hundred times as large as the others."""

_MARGIN = 1.1
"""How far beyond the measured range a value may go before it is cut."""

_TYPES = {
    "F8_E4M3": TensorProto.FLOAT8E4M3FN,
    "F16": TensorProto.FLOAT16,
    "F32": TensorProto.FLOAT,
}
_ORT = "com.microsoft"  # operators of ONNX Runtime's own

Ranges = Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Of each matrix's input, by the matrix's name: the least and the greatest value of each
component."""


def measure_ranges(
    model: BertModel, tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], *, longest: int
) -> Ranges:
    """Run texts and return between which values the inputs of the matrices lie.

    Args:
        model: In 32 bits, with the weights that will be shipped.
        tokenizer: The model's.
        texts: Some hundreds, of every kind that will be encoded.
        longest: Tokens kept of a text.
    """
    ranges: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    hooks = []
    for name, module in model.named_modules():
        if not isinstance(module, torch.nn.Linear) or name.startswith("pooler"):
            continue

        def see(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...], name: str = name) -> None:
            values = inputs[0].reshape(-1, inputs[0].shape[-1])
            low, high = values.amin(0), values.amax(0)
            if name in ranges:
                low, high = (
                    torch.minimum(low, ranges[name][0]),
                    torch.maximum(high, ranges[name][1]),
                )
            ranges[name] = (low, high)

        hooks.append(module.register_forward_pre_hook(see))
    try:
        with torch.inference_mode():
            for text in texts:
                ids = tokenizer(text, truncation=True, max_length=longest)["input_ids"]
                model(torch.tensor([ids]))
    finally:
        for hook in hooks:
            hook.remove()
    return {name: (low.numpy(), high.numpy()) for name, (low, high) in ranges.items()}


def write_graph(folder: Path, ranges: Ranges) -> None:
    """Write ``model.onnx`` beside the weights of a folder.

    Inputs ``input_ids`` and ``attention_mask``, int64, shape (texts, tokens); output
    ``last_hidden_state``, float32, shape (texts, tokens, hidden).

    Args:
        folder: With ``config.json`` and ``model.safetensors``.
        ranges: As measured with these weights.
    """
    (folder / GRAPH_FILE).write_bytes(_BertGraph(folder, ranges).model().SerializeToString())


@dataclass(frozen=True, slots=True)
class _Linear:
    """What multiplies 8-bit integers: weights (inputs, outputs) and how inputs are rounded."""

    smoothing: NDArray[np.float32]
    """Each input is divided by its own, and its row of the weights multiplied with it."""
    scale: np.float32
    zero: np.uint8
    weight_scale: NDArray[np.float32]
    """Of each output."""

    @classmethod
    def fit(
        cls, weight: NDArray[np.float32], low: NDArray[np.float32], high: NDArray[np.float32]
    ) -> "_Linear":
        """Choose them for weights of shape (outputs, inputs) and the range of each input."""
        activation = np.maximum(np.abs(low), np.abs(high)).clip(1e-5)
        matrix = np.abs(weight).max(0).clip(1e-5)
        smoothing = activation**_SMOOTHING / matrix ** (1 - _SMOOTHING)
        smoothing = (smoothing / np.exp(np.log(smoothing).mean())).astype(np.float32)
        least = _MARGIN * min(0.0, float((low / smoothing).min()))
        greatest = _MARGIN * max(0.0, float((high / smoothing).max()))
        scale = np.float32((greatest - least) / 255)
        return cls(
            smoothing,
            scale,
            np.uint8(round(-least / float(scale))),
            (np.abs(weight * smoothing).max(1) / 127).astype(np.float32),
        )


class _BertGraph:
    """Puts the nodes of a BERT together; each method returns the name of what it adds."""

    def __init__(self, folder: Path, ranges: Ranges) -> None:
        self._config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
        path = folder / WEIGHTS_FILE
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            self._places: dict[str, Any] = json.loads(file.read(size))
        self._start = 8 + size
        self._weights = {name: w.float().numpy() for name, w in load_file(path).items()}
        self._ranges = ranges
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def model(self) -> onnx.ModelProto:
        hidden = int(self._config["hidden_size"])
        state = self._embeddings()
        for layer in range(self._config["num_hidden_layers"]):
            state = self._layer(f"encoder.layer.{layer}.", state)
        self._add("Identity", [state], "last_hidden_state")
        shape: list[str | int] = ["texts", "tokens"]
        graph = helper.make_graph(
            self._nodes,
            "bert",
            [
                helper.make_tensor_value_info(name, TensorProto.INT64, shape)
                for name in ("input_ids", "attention_mask")
            ],
            [
                helper.make_tensor_value_info(
                    "last_hidden_state", TensorProto.FLOAT, [*shape, hidden]
                )
            ],
            self._constants,
        )
        versions = [helper.make_opsetid("", 20), helper.make_opsetid(_ORT, 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=9)

    def _embeddings(self) -> str:
        words = self._add(
            "Gather", [self._weight("embeddings.word_embeddings.weight"), "input_ids"], "words"
        )
        length = self._add("Shape", ["input_ids"], "length", start=1, end=2)
        first = self._constant("first", np.array([0], np.int64))
        position = self._weight("embeddings.position_embeddings.weight")
        places = self._add("Slice", [position, first, length], "positions")
        kinds = self._weight("embeddings.token_type_embeddings.weight")
        kind = self._add("Gather", [kinds, self._constant("kind", np.array(0, np.int64))], "kinds")
        self._add("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
        total = self._add("Add", [words, self._add("Add", [places, kind], "place")], "embedded")
        norm = self._norm_weights("embeddings.LayerNorm")
        return self._add("LayerNormalization", [total, *norm], "embeddings", epsilon=self._epsilon)

    def _layer(self, prefix: str, state: str) -> str:
        attention = f"{prefix}attention."
        joined = [f"{attention}self.{part}" for part in ("query", "key", "value")]
        mixed, bias = self._product(joined, state, f"{attention}self")
        parts = [f"{name}:out" for name in joined]
        self._nodes.append(helper.make_node("Split", [mixed], parts, axis=2, num_outputs=3))
        heads = self._config["num_attention_heads"]
        seen = self._add(
            "MultiHeadAttention", [*parts, bias, "mask"], f"{attention}seen", _ORT, num_heads=heads
        )
        state = self._residual(f"{attention}output", seen, state)
        wide, bias = self._product([f"{prefix}intermediate.dense"], state, f"{prefix}wide")
        return self._residual(
            f"{prefix}output", self._add("BiasGelu", [wide, bias], f"{prefix}gelu", _ORT), state
        )

    def _residual(self, name: str, inner: str, state: str) -> str:
        product, bias = self._product([f"{name}.dense"], inner, f"{name}.product")
        inputs = [product, state, *self._norm_weights(f"{name}.LayerNorm"), bias]
        return self._add(
            "SkipLayerNormalization", inputs, f"{name}.state", _ORT, epsilon=self._epsilon
        )

    def _product(self, names: Sequence[str], inputs: str, out: str) -> tuple[str, str]:
        """Multiply with matrices that share their input; return the product and the bias."""
        weight = np.concatenate([self._weights[f"{name}.weight"] for name in names])
        fit = _Linear.fit(weight, *self._ranges[names[0]])
        bias = self._joined([self._weight(f"{name}.bias") for name in names], f"{out}:bias")
        stored = self._joined([self._weight(f"{name}.weight") for name in names], f"{out}:stored")
        turned = self._add("Transpose", [stored], f"{out}:turned", perm=[1, 0])
        factors = self._constant(f"{out}:factors", fit.smoothing[:, None])
        smooth = self._add("Mul", [turned, factors], f"{out}:smooth")
        weight_scale = self._constant(f"{out}:weight scale", fit.weight_scale)
        middle = self._constant(f"{out}:middle", np.full(len(weight), 128, np.uint8))
        integers = self._add(
            "QuantizeLinear", [smooth, weight_scale, middle], f"{out}:integers", axis=1
        )
        divisors = self._constant(f"{out}:divisors", 1 / fit.smoothing)
        scale = self._constant(f"{out}:scale", fit.scale)
        zero = self._constant(f"{out}:zero", fit.zero)
        smaller = self._add("Mul", [inputs, divisors], f"{out}:smaller")
        rounded = self._add("QuantizeLinear", [smaller, scale, zero], f"{out}:rounded")
        product = self._add(
            "MatMulIntegerToFloat",
            [rounded, integers, scale, weight_scale, zero, middle],
            out,
            _ORT,
        )
        return product, bias

    def _joined(self, names: list[str], out: str) -> str:
        return self._add("Concat", names, out, axis=0) if len(names) > 1 else names[0]

    def _norm_weights(self, name: str) -> list[str]:
        return [self._weight(f"{name}.weight"), self._weight(f"{name}.bias")]

    @property
    def _epsilon(self) -> float:
        return float(self._config["layer_norm_eps"])

    def _weight(self, name: str) -> str:
        """Refer to a tensor's bytes in the weights' file, and widen it."""
        place = self._places[name]
        begin, end = place["data_offsets"]
        tensor = TensorProto(
            name=name,
            data_type=_TYPES[place["dtype"]],
            dims=place["shape"],
            data_location=TensorProto.EXTERNAL,
        )
        for key, value in (
            ("location", WEIGHTS_FILE),
            ("offset", self._start + begin),
            ("length", end - begin),
        ):
            tensor.external_data.add(key=key, value=str(value))
        self._constants.append(tensor)
        return self._add("Cast", [name], f"{name}:wide", to=TensorProto.FLOAT)

    def _constant(self, name: str, value: Any) -> str:
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _add(
        self, kind: str, inputs: Sequence[str], out: str, domain: str = "", **settings: Any
    ) -> str:
        self._nodes.append(
            helper.make_node(kind, inputs, [out], name=out, domain=domain, **settings)
        )
        return out
