"""Writes small randomly initialised checkpoints with the file layouts of the published ones.

Each writer fills a folder and returns it. Hidden size 32, 2 layers, 4 heads: a step takes
milliseconds. Vocabularies are trained here on a few invented lines.
"""

import json
import re
from pathlib import Path

SENTENCES = [
    "Ann says: I am so happy that you came to see me today!",
    "Bob says: Why did you leave me alone again? I am angry.",
    "For utterance: Well, what a surprise. Ann feels neutral, excited or frustrated",
    "joy sadness anger fear disgust surprise neutral happy sad angry mad scared peaceful powerful joyful",
    "The phone rang twice; nobody answered it. Fine, let us go home now.",
]
SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def write_roberta(folder: Path) -> Path:
    """Fill a folder as princeton-nlp/sup-simcse-roberta-large is laid out (with safetensors)."""
    from safetensors.torch import save_file

    _roberta_files(folder)
    save_file(_roberta_model(folder, pooler=True).state_dict(), folder / "model.safetensors")
    return folder


def write_promcse(folder: Path, prefix_length: int = 3, inner: int = 0) -> Path:
    """Fill a folder as YuxinJiang/sup-promcse-roberta-large is laid out.

    With ``inner`` the prefixes are computed from a smaller table by two layers, that many numbers wide.
    """
    import torch

    _roberta_files(folder, architectures=["RobertaForCL"])
    weights = {f"roberta.{name}": tensor for name, tensor in _roberta_model(folder, pooler=False).state_dict().items()}
    width, layers = SIZES["hidden_size"], SIZES["num_hidden_layers"]
    weights["prefix_encoder.embedding.weight"] = torch.randn(prefix_length, width if inner else 2 * layers * width)
    if inner:
        weights["prefix_encoder.trans.0.weight"] = torch.randn(inner, width)
        weights["prefix_encoder.trans.0.bias"] = torch.randn(inner)
        weights["prefix_encoder.trans.2.weight"] = torch.randn(2 * layers * width, inner)
        weights["prefix_encoder.trans.2.bias"] = torch.randn(2 * layers * width)
    weights["mlp.dense.weight"] = torch.randn(width, width)
    weights["mlp.dense.bias"] = torch.randn(width)
    torch.save(weights, folder / "pytorch_model.bin")
    return folder


def write_deberta(folder: Path) -> Path:
    """Fill a folder as microsoft/deberta-large is laid out: vocab.json, merges.txt, pytorch_model.bin."""
    import torch
    from transformers import DebertaConfig, DebertaModel

    specials = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
    size = _byte_pairs(folder, specials, last="[MASK]")
    _json(folder / "tokenizer_config.json", {"do_lower_case": False, "vocab_type": "gpt2"})
    config = DebertaConfig(
        vocab_size=size,
        **SIZES,
        max_position_embeddings=512,
        type_vocab_size=0,
        relative_attention=True,
        max_relative_positions=-1,
        position_biased_input=False,
        pos_att_type=["c2p", "p2c"],
        pad_token_id=0,
    )
    torch.manual_seed(0)
    weights = {f"deberta.{name}": tensor for name, tensor in DebertaModel(config).state_dict().items()}
    weights["lm_predictions.lm_head.bias"] = torch.zeros(size)
    _json(folder / "config.json", {"model_type": "deberta", **config.to_diff_dict()})
    torch.save(weights, folder / "pytorch_model.bin")
    return folder


def write_bert(folder: Path) -> Path:
    """Fill a folder as sentence-transformers/all-MiniLM-L6-v2 is laid out."""
    import torch
    from safetensors.torch import save_file
    from transformers import BertConfig, BertModel

    size = _word_pieces(folder)
    _json(folder / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "model_max_length": 512})
    config = BertConfig(vocab_size=size, **SIZES, max_position_embeddings=512, architectures=["BertModel"])
    _json(folder / "config.json", {"model_type": "bert", **config.to_diff_dict()})
    torch.manual_seed(0)
    save_file(BertModel(config).state_dict(), folder / "model.safetensors")
    return folder


def _roberta_files(folder: Path, architectures: tuple[str, ...] | list[str] = ("RobertaModel",)) -> None:
    from transformers import RobertaConfig

    size = _byte_pairs(folder, ["<s>", "<pad>", "</s>", "<unk>"], last="<mask>")
    _json(folder / "tokenizer_config.json", {"model_max_length": 512, "tokenizer_class": "RobertaTokenizer"})
    mask = {"content": "<mask>", "single_word": False, "lstrip": True, "rstrip": False, "normalized": False}
    _json(folder / "special_tokens_map.json", {"pad_token": "<pad>", "cls_token": "<s>", "mask_token": mask})
    config = RobertaConfig(
        vocab_size=size,
        **SIZES,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        architectures=list(architectures),
    )
    _json(folder / "config.json", {"model_type": "roberta", **config.to_diff_dict()})


def _roberta_model(folder: Path, pooler: bool):
    import torch
    from transformers import RobertaConfig, RobertaModel

    torch.manual_seed(0)
    return RobertaModel(RobertaConfig.from_pretrained(folder), add_pooling_layer=pooler)


def _byte_pairs(folder: Path, specials: list[str], last: str) -> int:
    """Write vocab.json and merges.txt of a byte-level BPE; the mask is the last id, as published."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.model.save(str(folder))
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    vocabulary[last] = len(vocabulary)
    _json(folder / "vocab.json", vocabulary)
    return len(vocabulary)


def _word_pieces(folder: Path) -> int:
    """Write tokenizer.json and vocab.txt of a lower-casing WordPiece tokenizer."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    # Not trained: the library's trainer breaks ties differently in every process.
    words = {word for line in SENTENCES for word in re.findall(r"\w+|[^\w\s]", line.lower())}
    letters = {letter for word in words for letter in word}
    pieces = sorted(letters | {f"##{letter}" for letter in letters}) + sorted(words - letters)
    vocabulary = {token: id_ for id_, token in enumerate([*specials, *pieces])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(specials)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    # As published: a truncation that must not reach the encoder, which owns the length.
    tokenizer.enable_truncation(max_length=128)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    return tokenizer.get_vocab_size()


def _json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")


def write_gguf(folder: Path, file: Path) -> Path:
    """Write the Llama of a folder as one GGUF file, its weights as they are, and return it.

    Rows of queries and keys change places, as llama.cpp wants them: halves of a head become pairs.
    """
    import numpy as np
    from gguf import GGUFWriter
    from safetensors.numpy import load_file

    config, tokenizer = (json.loads((folder / name).read_text()) for name in ("config.json", "tokenizer.json"))
    specials = json.loads((folder / "tokenizer_config.json").read_text())
    heads = config["num_attention_heads"]
    writer = GGUFWriter(file, "llama")
    writer.add_name("tiny")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_dimension_count(config["hidden_size"] // heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    known = {**tokenizer["model"]["vocab"], **{each["content"]: each["id"] for each in tokenizer["added_tokens"]}}
    special = {each["content"] for each in tokenizer["added_tokens"]}
    tokens = sorted(known, key=known.__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in special else 1 for token in tokens])
    writer.add_token_merges(
        [" ".join(each) if isinstance(each, list) else each for each in tokenizer["model"]["merges"]]
    )
    writer.add_bos_token_id(known[specials["cls_token"]])
    writer.add_eos_token_id(known[specials["sep_token"]])
    names = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v"}
    names |= {"self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up"}
    names |= {"mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
    for name, weight in load_file(folder / "model.safetensors").items():
        if found := re.fullmatch(r"layers\.(\d+)\.(.+)\.weight", name):
            number, part = found.groups()
            if part in ("self_attn.q_proj", "self_attn.k_proj"):
                own = heads if part == "self_attn.q_proj" else config["num_key_value_heads"]
                pairs = weight.reshape(own, 2, weight.shape[0] // own // 2, weight.shape[1])
                rows = np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(weight.shape))
                writer.add_tensor(f"blk.{number}.{names[part]}.weight", rows)
            else:
                writer.add_tensor(f"blk.{number}.{names[part]}.weight", weight)
        else:
            writer.add_tensor(
                {"embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}[name], weight
            )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file
