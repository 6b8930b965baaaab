"""ALBERT for token classification in PyTorch and transformers on the CPU: a training step with AdamW, and tagging.

Says what it is in a line of JSON, then answers each line "train 3" or "infer 3" with {"ms": ...}, as protocol.mjs describes.
The batches of all turns stand in the file that `batches` of the sizes names: lists of sequences, {"ids": [...], "labels": [...]}.
"""

import json
import sys
import time

import torch
import transformers

sizes = json.loads(sys.argv[1])
with open(sizes["batches"], encoding="utf-8") as file:
    batches = json.load(file)
config = transformers.AlbertConfig(
    vocab_size=sizes["vocabulary"],
    embedding_size=sizes["embedding"],
    hidden_size=sizes["hidden"],
    num_hidden_layers=sizes["layers"],
    num_attention_heads=sizes["heads"],
    intermediate_size=sizes["intermediate"],
    classifier_dropout_prob=0,
    num_labels=sizes["labels"],
)
model = transformers.AlbertForTokenClassification(config)
named = list(model.named_parameters())
plain = {n for n, _ in named if n.endswith("bias") or "LayerNorm" in n or "layer_norm" in n}
optimizer = torch.optim.AdamW(
    [
        {"params": [p for n, p in named if n not in plain], "weight_decay": 0.01},
        {"params": [p for n, p in named if n in plain], "weight_decay": 0.0},
    ],
    lr=1e-3,
)


def batch(turn, labelled):
    """The turn's sequences, padded on the right to the longest of them."""
    rows = batches[turn]
    longest = max(len(row["ids"]) for row in rows)
    fill = lambda values, filler: torch.tensor([v + [filler] * (longest - len(v)) for v in values])
    tensors = {
        "input_ids": fill([row["ids"] for row in rows], config.pad_token_id),
        "attention_mask": fill([[1] * len(row["ids"]) for row in rows], 0),
    }
    return tensors | ({"labels": fill([row["labels"] for row in rows], -100)} if labelled else {})


def train(turn):
    model.train()
    optimizer.zero_grad()
    loss = model(**batch(turn, labelled=True)).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    loss.item()


def infer(turn):
    model.eval()
    with torch.inference_mode():
        model(**batch(turn, labelled=False)).logits.softmax(-1)


actions = {"train": train, "infer": infer}
for action in actions.values():
    action(0)
    action(1)
name = f"PyTorch {torch.__version__}, transformers {transformers.__version__}"
print(json.dumps({"name": name, "adapter": f"CPU, {torch.get_num_threads()} threads"}), flush=True)
for line in sys.stdin:
    action, turn = line.split()
    began = time.perf_counter()
    actions[action](int(turn))
    print(json.dumps({"ms": (time.perf_counter() - began) * 1000}), flush=True)
