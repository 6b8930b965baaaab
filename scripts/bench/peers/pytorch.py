"""ALBERT for token classification in PyTorch and transformers on the CPU: a training step with AdamW, and tagging.

Says what it is in a line of JSON, then answers each line "train" or "infer" with {"ms": ...}, as protocol.mjs describes.
"""

import json
import sys
import time

import torch
import transformers

sizes = json.loads(sys.argv[1])
tokens, length = sizes["tokens"], sizes["length"]
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
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
shape = (tokens // length, length)


def train():
    model.train()
    ids = torch.randint(5, sizes["vocabulary"], shape)
    labels = torch.randint(0, sizes["labels"], shape)
    optimizer.zero_grad()
    loss = model(input_ids=ids, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    loss.item()


def infer():
    model.eval()
    with torch.inference_mode():
        model(input_ids=torch.randint(5, sizes["vocabulary"], shape)).logits.softmax(-1)


actions = {"train": train, "infer": infer}
for action in actions.values():
    action()
    action()
name = f"PyTorch {torch.__version__}, transformers {transformers.__version__}"
print(json.dumps({"name": name, "adapter": f"CPU, {torch.get_num_threads()} threads"}), flush=True)
for line in sys.stdin:
    began = time.perf_counter()
    actions[line.strip()]()
    print(json.dumps({"ms": (time.perf_counter() - began) * 1000}), flush=True)
