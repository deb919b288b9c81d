"""Find the words of a text that are not Vietnamese, by how a Vietnamese syllable is built, but for terms and names."""

import re
import unicodedata

_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
_SYLLABLE = re.compile(
    r"(?:b|ch|c|d|đ|gh|gi|g|h|kh|k|l|m|ngh|ng|nh|n|ph|p|qu|r|s|th|tr|t|v|x)?[aăâeêioôơuưy]{1,3}(ch|ng|nh|[cmnpt])?"
)
_LOOK_VIETNAMESE = set("the run then than them be he we me no on go".split())  # but are English wherever they stand
# Code, fields and what they are set to, names of files and places, and what a user gave.
_CODE = re.compile(
    r"`[^`]*`|'[^']*'|\{[^{}]*\}|<[^>]*>|\S*[_=/\\@]\S*|\b\w+\(\)|“[^”]*”|\b[\w-]+\.[a-z]\w*(?:\.\w+)*(?:\(\))?"
)
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)

# The field's terms, which Vietnamese texts leave in English too.
TERMS = set(
    """token tokenizer loss gradient attention batch bias checkpoint embedding entropy dropout activation baseline
    softmax logit key query value induction layernorm seed sampling snapshot temperature top overfitting epoch optimizer
    adamw muon gelu relu transformer prompt head backward forward fp bf rotary scaling norm merge bigram trigram gram
    unigram byte bytes bit nat hash cache array object true false null auto log cosine linear constant float int module
    tensor shape cosin web id logarit ln wte wpe nn train validation position induct attn mlp architecture
    rmsnorm""".split()
)
# Names: of models, people, programs, presets, files, units, keys.
NAMES = set(
    """gpt distilgpt hugging face hub shakespeare tiny small medium large xl python pytorch numpy transformers openai
    kaplan webtext olsson transformerlens playground express lecture best steps interval modern microsoft windows latin
    safetensors zip gzip bzip xz npz txt png svg escape esc lmheadmodel flop kflop mflop gflop tflop kb
    mb gb tb ctrl shift""".split()
)


def foreign_words(text: str) -> list[str]:
    """Return the words of a text that are neither Vietnamese nor terms nor names."""
    words = _WORD.findall(unicodedata.normalize("NFC", _CODE.sub(" ", text)))
    return [word for word in words if not _is_known(word)]


def _is_known(word: str) -> bool:
    if len(word) == 1 or word.isupper() or word.lower() in TERMS | NAMES:
        return True
    return word.lower() not in _LOOK_VIETNAMESE and _is_syllable(word.lower())


def _is_syllable(word: str) -> bool:
    """Tell whether a word could be a Vietnamese syllable; one that ends in c, ch, p or t has an acute or a dot."""
    parts = unicodedata.normalize("NFD", word)
    tones = [part for part in parts if part in _TONES]
    bare = unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES))
    match = _SYLLABLE.fullmatch(bare)
    stopped = match is not None and match.group(1) in ("c", "ch", "p", "t")
    return match is not None and len(tones) <= 1 and (not stopped or tones in (["\u0301"], ["\u0323"]))
