"""Makes data/sample/tokenizer from data/sample/train.tsv: python data/make_vocabulary.py

A SentencePiece unigram vocabulary with ALBERT's settings, then the three files that transformers' AlbertTokenizer saves.
Needs sentencepiece 0.2.3 and transformers 5.23.0.
"""

import collections
import io
import json
import pathlib
import shutil

import sentencepiece
import transformers

SIZE = 2000
SAMPLE = pathlib.Path(__file__).parent / "sample"
OUT = SAMPLE / "tokenizer"

# ALBERT's symbols that never join another piece, then further punctuation. transformers cuts the text at them first, so that
# "SPD-Politiker" holds the pieces of "SPD" and "Politiker", and „Berlin, in running text those of the separate words.
SYMBOLS = ["(", ")", '"', "-", ".", "–", "£", "€", "„", "“", "»", "«", ",", ";", ":", "!", "?", "/"]

# Characters that get a piece even where the sample lacks them.
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜẞabcdefghijklmnopqrstuvwxyzäöüß"
FOREIGN = "ÀÁÂÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕØÙÚÛÝàáâãåæçèéêëìíîïñòóôõøùúûýÿœŒšŠžŽčČćĆđĐłŁńśŚşŞţğıİřŘěőűąęășțžżźůāēīōūňŇďťľŕðþÐÞ"
OTHER = "0123456789\\&%§$+*=<>@#_|~^°[]{}'’‘‚”‹›—•·×†−⁄"


def sentences(path):
    """The sentences as the model reads them: word by word, the symbols apart."""
    words = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        if line:
            word = line.split("\t")[1]
            for symbol in SYMBOLS:
                word = word.replace(symbol, f" {symbol} ")
            words += word.split()
        elif words:
            yield " ".join(words)
            words = []


# SentencePiece takes as candidates only what different characters follow. In so small a text a word is mostly followed by a
# space, so the recurring ones are put on a line of their own too: else "▁für" could become no piece.
text = list(sentences(SAMPLE / "train.tsv"))
counts = collections.Counter(word for sentence in text for word in sentence.split())
text += [word for word, count in counts.items() if count > 1]

model = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter(text),
    model_writer=model,
    model_type="unigram",
    vocab_size=SIZE,
    normalization_rule_name="nmt_nfkc",
    character_coverage=1.0,
    required_chars="".join(dict.fromkeys(LETTERS + FOREIGN + OTHER)),
    pad_id=0,
    unk_id=1,
    bos_id=-1,
    eos_id=-1,
    pad_piece="<pad>",
    control_symbols=["[CLS]", "[SEP]", "[MASK]"],
    user_defined_symbols=SYMBOLS,
    num_threads=1,
)
shutil.rmtree(OUT, ignore_errors=True)
OUT.mkdir()
(OUT / "spiece.model").write_bytes(model.getvalue())
tokenizer = transformers.AlbertTokenizer.from_pretrained(OUT, do_lower_case=False, keep_accents=True)
tokenizer.save_pretrained(OUT)

# What save_pretrained notes about this machine is no part of the tokenizer.
config = OUT / "tokenizer_config.json"
settings = json.loads(config.read_text(encoding="utf-8"))
for key in ("is_local", "local_files_only", "name_or_path"):
    settings.pop(key, None)
config.write_text(json.dumps(settings, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
